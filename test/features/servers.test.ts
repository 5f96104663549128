import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { seedReports } from "../support/seed.ts";

let service: TestService;
beforeAll(async () => {
	service = await startService(afterAll);
});

const serversOf = async (query: string) =>
	(await service.ask({ url: `/api/v1/servers?${query}` })).body;

test("a server's row follows its reports: submitted, rejected, answered, approved, reopened", async () => {
	const key = `github.com/example/${crypto.randomUUID()}`;
	const row = async () => {
		const [server, ...others] = await serversOf(`search=${key}`);
		expect(others).toEqual([]);
		return server;
	};
	const submitOwn = () => submit(service, { repository_url: `https://${key}` });

	const first = await submitOwn();
	expect(await row()).toMatchObject({
		id: first.id,
		repository_key: key,
		server_name: first.server_name,
		revision: 1,
		status: "pending_review",
		server_status: "pending_review",
		live_report_id: first.id,
		last_decision: null,
		risk_level: "unknown",
	});

	await decide(service, first.id, "rejected", { review_notes: "No scanning" });
	expect(await row()).toMatchObject({
		server_status: "rejected",
		live_report_id: null,
		last_decision: {
			report_id: first.id,
			to_status: "rejected",
			decided_by: "platform@intility.no",
			notes: "No scanning",
		},
	});

	const second = await submitOwn();
	expect(await row()).toMatchObject({
		id: second.id,
		revision: 2,
		server_status: "pending_review",
		live_report_id: second.id,
		last_decision: { report_id: first.id },
	});

	await decide(service, second.id, "approved");
	expect(await row()).toMatchObject({ server_status: "approved" });

	await decide(service, second.id, "pending_review");
	await decide(service, second.id, "rejected");
	await decide(service, first.id, "pending_review");
	await decide(service, first.id, "approved");
	// The newest report is rejected, and the server is approved by the one before it.
	expect(await row()).toMatchObject({
		id: second.id,
		status: "rejected",
		server_status: "approved",
		live_report_id: first.id,
		last_decision: { report_id: first.id, to_status: "approved" },
	});
});

test("a new assessment of an old revision does not hide the new revision that is being stored", async () => {
	const first = await submit(service);
	await decide(service, first.id, "rejected");
	let reassessed: Promise<unknown> = Promise.resolve();
	const { id } = await service.db.transaction().execute(async (tx) => {
		const { rows } = await sql<{ id: string }>`
			insert into mcp_server_reports (server_name, repository_url, repository_key, revision,
				developer_email, report_data, content_sha256)
			select server_name, repository_url, repository_key, 2, developer_email, report_data, content_sha256
			from mcp_server_reports where id = ${first.id}
			returning id`.execute(tx);
		reassessed =
			sql`update mcp_server_reports set assessment = assessment where id = ${first.id}`.execute(
				service.db,
			);
		await expect
			.poll(async () => {
				const { rows } = await sql`
					select from pg_stat_activity
					where datname = current_database() and wait_event_type = 'Lock'`.execute(
					service.db,
				);
				return rows.length;
			})
			.toBe(1);
		return rows[0] ?? { id: "" };
	});
	await reassessed;
	const [server] = await serversOf(`search=${first.repository_url}`);
	expect(server).toMatchObject({ id, revision: 2, live_report_id: id });
});

test("the status filter is about the servers, and each has one row", async () => {
	const own = await startService();
	const reports = await Promise.all(
		Array.from({ length: 6 }, () => submit(own)),
	);
	for (const [n, { id }] of reports.entries()) {
		if (n > 0) await decide(own, id, n > 2 ? "rejected" : "approved");
	}
	const again = await submit(own, {
		repository_url: reports[5]?.repository_url,
	});
	const idsOf = async (query: string) => {
		const { body } = await own.ask({ url: `/api/v1/servers?${query}` });
		return body.map(({ id }: { id: string }) => id).sort();
	};
	const expected = {
		pending_review: [reports[0]?.id, again.id],
		approved: [reports[1]?.id, reports[2]?.id],
		rejected: [reports[3]?.id, reports[4]?.id],
		all: [...reports.slice(0, 5).map(({ id }) => id), again.id],
	};
	for (const [status, ids] of Object.entries(expected)) {
		expect(await idsOf(`status=${status}`), status).toEqual(ids.sort());
	}
});

test("servers are paged through without gaps or repeats while others arrive", async () => {
	const own = await startService();
	await seedReports(own.db, 2_000);
	const before = await own.ask({ url: "/api/v1/servers?limit=200" });
	const seen: string[] = [];
	let next: string | undefined = "/api/v1/servers?limit=50";
	while (next) {
		const { headers, body } = await own.ask({ url: next });
		seen.push(...body.map(({ id }: { id: string }) => id));
		await submit(own, newReport());
		next = /<(.+)>; rel="next"/.exec(String(headers.link ?? ""))?.[1];
	}
	expect(new Set(seen).size).toBe(seen.length);
	expect(seen).toHaveLength(2_000);
	expect(seen.slice(0, 200)).toEqual(
		before.body.map(({ id }: { id: string }) => id),
	);
});

test("a page after a server that does not exist is refused with words", async () => {
	const { status, body } = await service.ask({
		url: `/api/v1/servers?after=${crypto.randomUUID()}`,
	});
	expect(status).toBe(400);
	expect(body.detail).toContain("There is no server with the id");
});

test("the history of a repository holds every revision with every decision, oldest first", async () => {
	const first = await submit(service);
	const { repository_url } = first;
	await decide(service, first.id, "rejected", { review_notes: "No scanning" });
	const second = await submit(service, { repository_url });
	await decide(service, second.id, "approved");
	await decide(service, second.id, "pending_review");
	await decide(service, second.id, "rejected");
	const third = await submit(service, { repository_url });

	for (const { id } of [first, second, third]) {
		const { status, body } = await service.ask({
			url: `/api/v1/reports/${id}/revisions`,
		});
		expect(status).toBe(200);
		expect(body).toMatchObject([
			{ id: first.id, revision: 1, decisions: [{ notes: "No scanning" }] },
			{
				id: second.id,
				revision: 2,
				decisions: [
					{ from_status: "pending_review", to_status: "approved" },
					{ from_status: "approved", to_status: "pending_review" },
					{ from_status: "pending_review", to_status: "rejected" },
				],
			},
			{ id: third.id, revision: 3, decisions: [] },
		]);
		expect(body[0]).not.toHaveProperty("report_data");
	}
	const { status } = await service.ask({
		url: `/api/v1/reports/${crypto.randomUUID()}/revisions`,
	});
	expect(status).toBe(404);
});
