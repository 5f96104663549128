import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";

let service: TestService;
beforeAll(async () => {
	service = await startService(afterAll);
});

const post = (payload: object | string, headers = {}) =>
	service.ask({
		method: "POST",
		url: "/api/v1/reports",
		payload,
		headers: { "content-type": "application/json", ...headers },
	});
const get = (path: string, headers = {}) =>
	service.ask({ url: `/api/v1/reports${path}`, headers });

describe("submitting", () => {
	test("the PRD's own request gives 201, Location and the PRD's ten fields", async () => {
		const payload = newReport({
			repository_url: "https://github.com/intility/mcp-servicenow",
		});
		const { status, headers, body } = await post(payload);
		expect(status).toBe(201);
		expect(headers.location).toBe(`/api/v1/reports/${body.id}`);
		expect(body).toEqual({
			...payload,
			subfolder: null,
			beside_live_report: false,
			id: expect.stringMatching(/^[0-9a-f-]{36}$/),
			status: "pending_review",
			submitted_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
			reviewed_at: null,
			reviewed_by: null,
			review_notes: null,
			revision: 1,
			decision_count: 0,
			approvals: 0,
			content_sha256: createHash("sha256")
				.update(payload.report_data)
				.digest("hex"),
			report_json: null,
			risk_level: "unknown",
			trifecta: "unknown",
			completeness: 0,
			error_count: expect.any(Number),
			critical_failures: 0,
		});
		expect((await get(`/${body.id}`)).body).toEqual(body);
	});

	test("short fields are trimmed, the Markdown is kept to the byte", async () => {
		const report_data = "  \r\n# Rapport – æøå 🚀\t\n\n  ";
		const report = await submit(service, {
			server_name: "  mcp-x\n",
			developer_email: " alex@intility.no ",
			report_data,
		});
		expect(report).toMatchObject({
			server_name: "mcp-x",
			developer_email: "alex@intility.no",
			report_data,
		});
	});

	test("structured data comes back as it was sent, and unknown fields are ignored", async () => {
		const report_json = { b: [1, { a: null }], a: "æ", n: 1.5, nested: {} };
		const report = await submit(service, { report_json, status: "approved" });
		expect(report).toMatchObject({ report_json, status: "pending_review" });
		expect(Object.keys(report)).toHaveLength(22);
	});

	test("every problem is reported at once, with its path", async () => {
		const { status, body } = await post({
			server_name: " ",
			repository_url: "javascript:alert(1)",
			developer_email: "nobody",
			report_data: "\n \n",
			report_json: ["a list"],
		});
		expect(status).toBe(400);
		expect(body.code).toBe("BAD_REQUEST");
		expect(body.issues.map(({ path }: { path: string }) => path)).toEqual([
			"server_name",
			"repository_url",
			"developer_email",
			"report_data",
			"report_json",
		]);
	});

	test.each([
		["server_name", "a".repeat(256)],
		["server_name", "a\0b"],
		["server_name", "two\nlines"],
		["server_name", "mcp-\u202ex"],
		["server_name", "mcp-x\u{e0101}"],
		["server_name", 7],
		["server_name", null],
		["developer_email", `${"a".repeat(251)}@b.no`],
		["developer_email", "a@b@c.no"],
		["repository_url", `https://github.com/a/${"b".repeat(500)}`],
		["report_data", "# x\0"],
		["report_data", "# \ud800"],
		["report_data", {}],
		["report_json", "{}"],
		["report_json", { deep: { key: "a\0" } }],
		["report_json", { "key\udfff": 1 }],
		["report_json", { big: 2 ** 60 }],
	])("%s = %j is refused", async (field, value) => {
		const { status, body } = await post(newReport({ [field]: value }));
		expect(status).toBe(400);
		expect(body.issues).toMatchObject([{ path: field }]);
	});

	test("structured data may be 100 levels deep and no deeper", async () => {
		const nest = (levels: number): object =>
			levels === 1 ? {} : { a: nest(levels - 1) };
		expect((await post(newReport({ report_json: nest(100) }))).status).toBe(
			201,
		);
		expect((await post(newReport({ report_json: nest(101) }))).status).toBe(
			400,
		);
	});

	test.each(["ærlig@bærum.no", "o'hara+x@example.com", "a@xn--brum-0na.no"])(
		"%s is an e-mail address",
		async (developer_email) => {
			expect(await submit(service, { developer_email })).toMatchObject({
				developer_email,
			});
		},
	);

	test("bytes that are no UTF-8 are refused, not replaced", async () => {
		const json = JSON.stringify(newReport({ report_data: "# ?" }));
		const bytes = Buffer.from(json);
		bytes[bytes.indexOf("?")] = 0xff;
		const { status, body } = await post(bytes);
		expect(status).toBe(400);
		expect(body.detail).toContain("UTF-8");
	});

	test("a key that JavaScript reserves is refused by name", async () => {
		for (const json of [
			'{"__proto__": {}}',
			'{"report_json": {"constructor": {"prototype": 1}}}',
		]) {
			const { status, body } = await post(json);
			expect(status).toBe(400);
			expect(body.detail).toContain("__proto__");
		}
	});

	test("a number that has no end is refused, not stored as null", async () => {
		const json = JSON.stringify(newReport({ report_json: { n: 0 } }));
		const { status, body } = await post(json.replace('"n":0', '"n":1e400'));
		expect(status).toBe(400);
		expect(body.issues).toMatchObject([{ path: "report_json" }]);
	});

	test("a report may hold 1 MiB of UTF-8, and not a byte more", async () => {
		const æ = "æ".repeat(512 * 1024);
		expect((await post(newReport({ report_data: æ }))).status).toBe(201);
		const over = await post(newReport({ report_data: `${æ}.` }));
		expect(over).toMatchObject({
			status: 413,
			body: { code: "PAYLOAD_TOO_LARGE" },
		});
		expect(over.body.detail).toContain("1048577 bytes");
	});

	test("a legal report passes however its client escapes it", async () => {
		const report = newReport({ report_data: "æ".repeat(512 * 1024) });
		const escaped = JSON.stringify(report).replaceAll("æ", "\\u00e6");
		expect((await post(escaped)).status).toBe(201);
	});

	test("a duplicate is refused, and told which report stands and what to do", async () => {
		const first = await submit(service);
		const again = () =>
			post(newReport({ repository_url: first.repository_url }));
		const pending = await again();
		expect(pending).toMatchObject({
			status: 409,
			body: { code: "CONFLICT", existing_report_id: first.id },
		});
		expect(pending.body.detail).toContain(first.id);
		expect(pending.body.detail).toContain("pending_review");
		await decide(service, first.id, "approved");
		const approved = await again();
		expect(approved.body.detail).toContain("is approved");
		expect(approved.body.detail).toContain("reopened");
	});

	test("a rejected report can be answered by a new revision, and stays as it was", async () => {
		const first = await submit(service);
		await decide(service, first.id, "rejected", { review_notes: "No OBO." });
		const second = await submit(service, {
			repository_url: `${first.repository_url}.git`,
			report_data: "# Second",
		});
		expect(second).toMatchObject({ revision: 2, status: "pending_review" });
		expect((await get(`/${first.id}`)).body).toMatchObject({
			status: "rejected",
			revision: 1,
			report_data: first.report_data,
			review_notes: "No OBO.",
		});
	});
});

describe("listing", () => {
	test("an empty service lists nothing", async () => {
		const empty = await startService();
		expect(await empty.ask({ url: "/api/v1/reports" })).toMatchObject({
			status: 200,
			body: [],
		});
	});

	test("a summary has the PRD's five fields and twelve more, newest first", async () => {
		const own = await startService();
		const older = await submit(own);
		const newer = await submit(own);
		await decide(own, older.id, "approved");
		const { body } = await own.ask({ url: "/api/v1/reports" });
		expect(body.map(({ id }: { id: string }) => id)).toEqual([
			newer.id,
			older.id,
		]);
		expect(body[1]).toEqual({
			id: older.id,
			server_name: older.server_name,
			repository_url: older.repository_url,
			subfolder: null,
			beside_live_report: false,
			status: "approved",
			submitted_at: older.submitted_at,
			developer_email: older.developer_email,
			revision: 1,
			approvals: 0,
			reviewed_at: expect.any(String),
			reviewed_by: "platform@intility.no",
			risk_level: "unknown",
			trifecta: "unknown",
			completeness: 0,
			error_count: older.error_count,
			critical_failures: 0,
		});
	});

	test("the status filter knows the three states and all; anything else is 400", async () => {
		const own = await startService();
		const ids: Record<string, string> = {};
		for (const status of ["pending_review", "approved", "rejected"]) {
			const { id } = await submit(own);
			if (status !== "pending_review") await decide(own, id, status);
			ids[status] = id;
		}
		for (const [status, id] of Object.entries(ids)) {
			const { body } = await own.ask({
				url: `/api/v1/reports?status=${status}`,
			});
			expect(body).toMatchObject([{ id, status }]);
		}
		for (const query of ["", "?status=all"]) {
			expect(
				(await own.ask({ url: `/api/v1/reports${query}` })).body,
			).toHaveLength(3);
		}
		for (const query of [
			"pending",
			"APPROVED",
			"",
			"approved&status=rejected",
		]) {
			const { status, body } = await own.ask({
				url: `/api/v1/reports?status=${query}`,
			});
			expect(status).toBe(400);
			expect(body.issues).toMatchObject([{ path: "status" }]);
		}
	});

	test("pages follow each other by Link until the end", async () => {
		const own = await startService();
		for (let count = 0; count < 5; count++) await submit(own);
		const all = (await own.ask({ url: "/api/v1/reports" })).body;
		const seen: unknown[] = [];
		let url: string | undefined = "/api/v1/reports?status=all&limit=2";
		const sizes: number[] = [];
		while (url) {
			const { headers, body } = await own.ask({ url });
			seen.push(...body);
			sizes.push(body.length);
			url = /^<(.+)>; rel="next"$/.exec(String(headers.link ?? ""))?.[1];
		}
		expect(sizes).toEqual([2, 2, 1]);
		expect(seen).toEqual(all);
	});

	test.each([
		"limit=0",
		"limit=201",
		"limit=1.5",
		"limit=x",
		"limit=",
		"after=x",
	])("?%s is refused", async (query) => {
		const { status, body } = await get(`?${query}`);
		expect(status).toBe(400);
		expect(body.issues).toMatchObject([{ path: query.split("=")[0] }]);
	});

	test("a cursor that names no report is refused, not mistaken for the end", async () => {
		const unknown = "00000000-0000-0000-0000-000000000000";
		const { status, body } = await get(`?after=${unknown}`);
		expect(status).toBe(400);
		expect(body.detail).toContain(unknown);
	});
});

describe("reading", () => {
	test("an unknown id is 404, a malformed one 400, each with what to do", async () => {
		const unknown = await get("/00000000-0000-0000-0000-000000000000");
		expect(unknown).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
		expect(unknown.body.detail).toContain("List the reports");
		const malformed = await get("/7");
		expect(malformed.status).toBe(400);
		expect(malformed.body.issues).toMatchObject([{ path: "id" }]);
	});

	test("an ETag saves the second transfer until the report changes", async () => {
		const { id } = await submit(service);
		const { headers } = await get(`/${id}`);
		const etag = String(headers.etag);
		for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
			const { status, body } = await get(`/${id}`, { "if-none-match": known });
			expect([status, body]).toEqual([304, ""]);
		}
		expect((await get(`/${id}`, { "if-none-match": '"other"' })).status).toBe(
			200,
		);
		await decide(service, id, "approved");
		const changed = await get(`/${id}`, { "if-none-match": etag });
		expect(changed.status).toBe(200);
		expect(changed.headers.etag).not.toBe(etag);
	});
});

describe("reading a report again", () => {
	test("it is the same to the byte", async () => {
		const { id } = await submit(service, { report_data: "# æøå ✅ 𝔊" });
		const first = await service.ask({ url: `/api/v1/reports/${id}` });
		for (let times = 2; times <= 4; times += 1) {
			const again = await service.ask({ url: `/api/v1/reports/${id}` });
			expect(again.body).toEqual(first.body);
			for (const name of ["etag", "content-type", "content-length"])
				expect(again.headers[name]).toBe(first.headers[name]);
		}
	});

	test("what another instance decided meanwhile is in it", async () => {
		const { databaseUrl } = service;
		const other = await startService(undefined, { databaseUrl });
		const { id } = await submit(service);
		for (const status of ["approved", "pending_review", "rejected"] as const) {
			for (let times = 1; times <= 3; times += 1) await get(`/${id}`);
			await decide(other, id, status, { review_notes: `Now ${status}.` });
			const { body } = await get(`/${id}`);
			expect(body.status).toBe(status);
			if (status !== "pending_review")
				expect(body.review_notes).toBe(`Now ${status}.`);
		}
	});

	test("a large one is as current", async () => {
		const { id } = await submit(service, { report_data: "x".repeat(2 ** 20) });
		for (let times = 1; times <= 3; times += 1)
			expect((await get(`/${id}`)).body.report_data).toHaveLength(2 ** 20);
		await decide(service, id, "approved");
		expect((await get(`/${id}`)).body.status).toBe("approved");
	});
});

describe("deciding", () => {
	test("a pending report is approved with notes, and answers with the whole report", async () => {
		const report = await submit(service);
		const { status, body } = await decide(service, report.id, "approved", {
			review_notes: "  All checks passed.  ",
		});
		expect(status).toBe(200);
		expect(body).toEqual({
			...report,
			decision_count: 1,
			status: "approved",
			reviewed_at: expect.stringMatching(/Z$/),
			reviewed_by: "platform@intility.no",
			review_notes: "All checks passed.",
		});
	});

	test.each([undefined, null, "", "   "])(
		"notes may be left out: %j",
		async (review_notes) => {
			const { id } = await submit(service);
			const { body } = await decide(service, id, "rejected", { review_notes });
			expect(body).toMatchObject({ status: "rejected", review_notes: null });
		},
	);

	test.each([
		["approved", "approved"],
		["approved", "rejected"],
		["rejected", "approved"],
		["rejected", "rejected"],
	])(
		"a report that is %s cannot become %s: 409 says who decided and when",
		async (present, wanted) => {
			const { id } = await submit(service);
			const decided = await decide(service, id, present, {
				reviewed_by: "morgan@intility.no",
			});
			const { status, body } = await decide(service, id, wanted);
			expect(status).toBe(409);
			expect(body.detail).toContain(`is ${present}`);
			expect(body.detail).toContain("morgan@intility.no");
			expect(body.detail).toContain(decided.body.reviewed_at);
		},
	);

	test("a pending report cannot be reopened", async () => {
		const { id } = await submit(service);
		const { status, body } = await decide(service, id, "pending_review");
		expect(status).toBe(409);
		expect(body.detail).toContain("already pending_review");
	});

	test("reopening clears the review fields and keeps the history", async () => {
		const report = await submit(service);
		await decide(service, report.id, "approved", { review_notes: "Fine." });
		const reopened = await decide(service, report.id, "pending_review", {
			reviewed_by: "morgan@intility.no",
			review_notes: "Approved the wrong one.",
		});
		expect(reopened.body).toEqual({ ...report, decision_count: 2 });
		await decide(service, report.id, "rejected");
		const { body } = await get(`/${report.id}/decisions`);
		expect(body).toEqual([
			{
				report_id: report.id,
				from_status: "pending_review",
				to_status: "approved",
				decided_by: "platform@intility.no",
				notes: "Fine.",
				decided_at: expect.any(String),
				approvals: [],
			},
			expect.objectContaining({
				from_status: "approved",
				to_status: "pending_review",
				decided_by: "morgan@intility.no",
				notes: "Approved the wrong one.",
			}),
			expect.objectContaining({
				from_status: "pending_review",
				to_status: "rejected",
				notes: null,
			}),
		]);
	});

	test("reopening is refused while a newer report of the repository is live", async () => {
		const first = await submit(service);
		await decide(service, first.id, "rejected");
		const second = await submit(service, {
			repository_url: first.repository_url,
		});
		const { status, body } = await decide(service, first.id, "pending_review");
		expect(status).toBe(409);
		expect(body.existing_report_id).toBe(second.id);
		expect(body.detail).toContain(second.id);
		expect((await get(`/${first.id}/decisions`)).body).toHaveLength(1);
		await decide(service, second.id, "rejected");
		expect((await decide(service, first.id, "pending_review")).status).toBe(
			200,
		);
	});

	test.each([
		[{ status: "done" }, "status"],
		[{ reviewed_by: "" }, "reviewed_by"],
		[{ reviewed_by: "a".repeat(256) }, "reviewed_by"],
		[{ reviewed_by: undefined }, "reviewed_by"],
		[{ reviewed_by: "morgan\u202e@intility.no" }, "reviewed_by"],
		[{ review_notes: "a".repeat(10_001) }, "review_notes"],
		[{ review_notes: "\ud800" }, "review_notes"],
	])("%j is refused", async (changes, path) => {
		const { id } = await submit(service);
		const { status, body } = await decide(service, id, "approved", changes);
		expect(status).toBe(400);
		expect(body.issues).toMatchObject([{ path }]);
	});

	test("the id in the path wins over one in the body", async () => {
		const target = await submit(service);
		const other = await submit(service);
		await decide(service, target.id, "approved", { id: other.id });
		expect((await get(`/${target.id}`)).body.status).toBe("approved");
		expect((await get(`/${other.id}`)).body.status).toBe("pending_review");
	});

	test("decisions of an unknown report are 404, of an undecided one none", async () => {
		const { id } = await submit(service);
		expect((await get(`/${id}/decisions`)).body).toEqual([]);
		const unknown = "00000000-0000-0000-0000-000000000000";
		expect((await get(`/${unknown}/decisions`)).status).toBe(404);
		expect((await decide(service, unknown, "approved")).status).toBe(404);
	});
});
