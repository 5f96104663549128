import {
	Client,
	StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { sql } from "kysely";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
	vi,
} from "vitest";
import { openThrottle } from "../../src/audit/throttle.ts";
import { parseConfig } from "../../src/core/config.ts";
import {
	type AuditEntry,
	createClient,
} from "../../src/facades/trpc/client.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { type AnyClient, callTool, clients } from "../support/mcp-clients.ts";
import { tokenIn, visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
});

/** Who reads what has tests of its own: see audit-reads.test.ts. */
const signedIn = () => ({
	...provider.settings(publicUrl),
	AUDIT_READS: false,
});

/** Asks REST as this account; what is sent beside says who asks with what. */
async function askAs(
	service: TestService,
	who: string,
	request: object,
	headers: Record<string, string> = {},
) {
	const authorization = `Bearer ${await provider.mint(who)}`;
	return service.ask({ ...request, headers: { authorization, ...headers } });
}

async function submitAs(service: TestService, who: string, changes = {}) {
	const { developer_email, ...payload } = newReport(changes);
	const request = { method: "POST", url: "/api/v1/reports", payload };
	const { status, body } = await askAs(service, who, request);
	expect(status, JSON.stringify(body)).toBe(201);
	return body;
}

function decideAs(
	service: TestService,
	who: string,
	id: string,
	status: string,
	changes = {},
) {
	const url = `/api/v1/reports/${id}/status`;
	const payload = { status, ...changes };
	return askAs(service, who, { method: "PATCH", url, payload });
}

/** The log as an auditor reads it, oldest first. */
async function readLog(
	service: TestService,
	query = "",
): Promise<AuditEntry[]> {
	const { status, body } = await askAs(service, "aud", {
		url: `/api/v1/audit?limit=200${query}`,
	});
	expect(status, JSON.stringify(body)).toBe(200);
	return body.toReversed();
}

const grave =
	"# Go-Live Report\n\n## Phase 1: Security\n\n| Check | Status | Evidence |\n|---|---|---|\n| SEC-4 Lethal trifecta | ❌ Fail | all three |\n";

describe("what is recorded", () => {
	let service: TestService;
	let subject: (who: string) => string;

	beforeEach(async () => {
		service = await startService(undefined, signedIn());
		subject = (who) => `${provider.issuer} ${who}`;
	});

	test("a submission over REST, with who, how, what, and without the report", async () => {
		const repository_url = "https://github.com/example/audited";
		const { developer_email, ...payload } = newReport({ repository_url });
		const { body } = await askAs(
			service,
			"dev",
			{ method: "POST", url: "/api/v1/reports", payload },
			{ "user-agent": "curl/8.9.1", "x-request-id": "trace-rest-0001" },
		);
		expect(await readLog(service)).toEqual([
			{
				seq: 1,
				time: expect.stringMatching(
					/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
				),
				actor: "dev@example.com",
				actor_subject: subject("dev"),
				method: "oidc",
				facade: "rest",
				client: "curl/8.9.1",
				action: "report_submitted",
				report_id: body.id,
				target: null,
				before: null,
				after: {
					server_name: "mcp-servicenow",
					repository_url,
					revision: "1",
					content_sha256: body.content_sha256,
				},
				request_id: "trace-rest-0001",
				service_request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
				address: "127.0.0.1",
				address_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
				previous_hash: "0".repeat(64),
				hash: expect.stringMatching(/^[0-9a-f]{64}$/),
			},
		]);
	});

	test("the service's own id of a request, which nobody chooses, in the row and in every line of the log", async () => {
		const request = { method: "GET", url: "/api/v1/audit" };
		for (const given of ["chosen-by-caller", "chosen-by-caller", "short"]) {
			await askAs(service, "dev", request, { "x-request-id": given });
		}
		const rows = await readLog(service);
		const [first, second, own] = rows;
		expect(first?.request_id).toBe("chosen-by-caller");
		expect(second?.request_id).toBe("chosen-by-caller");
		// A caller that gives none has the service's.
		expect(own?.request_id).toBe(own?.service_request_id);
		const ids = rows.map(({ service_request_id }) => service_request_id);
		expect(new Set(ids).size).toBe(3);
		for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
		const lines = service.logs.map((line) => JSON.parse(line));
		for (const { request_id, service_request_id } of rows) {
			expect(
				lines.filter((line) => line.service_request_id === service_request_id),
			).toMatchObject([{ request_id, route: "/api/v1/audit", status: 403 }]);
		}
	});

	test("a submission over tRPC", async () => {
		const base = await service.listen();
		const client = createClient(base, {
			headers: {
				authorization: `Bearer ${await provider.mint("dev")}`,
				"user-agent": "ci/1",
				"x-request-id": "trace-trpc-0001",
			},
		});
		const { developer_email, ...report } = newReport();
		const { id } = await client.reports.submit.mutate(report);
		expect(await readLog(service)).toMatchObject([
			{
				actor: "dev@example.com",
				actor_subject: subject("dev"),
				method: "oidc",
				facade: "trpc",
				client: "ci/1",
				action: "report_submitted",
				report_id: id,
				request_id: "trace-trpc-0001",
				address: "127.0.0.1",
			},
		]);
	});

	test.each([
		["with its name and version, where the protocol tells them", true],
		["with its User-Agent, where the protocol does not", false],
	])("a submission over MCP, %s", async (_title, isNew) => {
		const base = await service.listen();
		const requestInit = {
			headers: {
				authorization: `Bearer ${await provider.mint("dev")}`,
				"user-agent": "claude-code/2.1.0 (cli)",
				"x-request-id": "trace-mcp-00001",
			},
		};
		const url = new URL(`${base}/mcp`);
		const about = { name: "claude-code", version: "2.1.0" };
		let client: AnyClient;
		if (isNew) {
			const newest = new Client(about, {
				versionNegotiation: { mode: { pin: "2026-07-28" } },
			});
			await newest.connect(
				new StreamableHTTPClientTransport(url, { requestInit }),
			);
			client = newest as unknown as AnyClient;
		} else {
			const old = new OldClient(about);
			await old.connect(new OldTransport(url, { requestInit }) as never);
			client = old;
		}
		const {
			report_data: report_markdown,
			developer_email,
			...report
		} = newReport();
		const { text, isError } = await callTool(client, "submit_report", {
			...report,
			report_markdown,
		});
		expect(isError, text).toBe(false);
		await client.close();
		expect(await readLog(service)).toMatchObject([
			{
				actor: "dev@example.com",
				actor_subject: subject("dev"),
				method: "oidc",
				facade: "mcp",
				client: isNew ? "claude-code/2.1.0" : "claude-code/2.1.0 (cli)",
				action: "report_submitted",
				request_id: "trace-mcp-00001",
				address: "127.0.0.1",
			},
		]);
	});

	test("each decision, with before and after, and the hash of its notes", async () => {
		const report_data = fillTemplate();
		const { id } = await submitAs(service, "dev", { report_data });
		await decideAs(service, "rita", id, "approved");
		await decideAs(service, "ron", id, "pending_review");
		await decideAs(service, "rita", id, "rejected", { review_notes: " No. " });
		const rita = { actor: "rita@example.com", actor_subject: subject("rita") };
		expect((await readLog(service)).slice(1)).toMatchObject([
			{
				...rita,
				action: "report_approved",
				report_id: id,
				before: { status: "pending_review" },
				after: { status: "approved", reviewed_by: "rita@example.com" },
			},
			{
				actor: "ron@example.com",
				action: "report_reopened",
				before: { status: "approved", reviewed_by: "rita@example.com" },
				after: { status: "pending_review" },
			},
			{
				...rita,
				action: "report_rejected",
				before: { status: "pending_review" },
				after: {
					status: "rejected",
					reviewed_by: "rita@example.com",
					// printf %s No. | sha256sum
					notes_sha256:
						"38178a20b470cfd18299fb1593dd4ba706f1a83321dac051d01086efd8b7a96f",
				},
			},
		]);
	});

	test("an approval that is not yet the decision, and then the decision alone", async () => {
		const { id } = await submitAs(service, "dev", { report_data: grave });
		await decideAs(service, "rita", id, "approved", { review_notes: "Agreed" });
		await decideAs(service, "ron", id, "approved");
		expect((await readLog(service)).slice(1)).toMatchObject([
			{
				actor: "rita@example.com",
				action: "approval_recorded",
				report_id: id,
				before: { approvals: "0" },
				after: {
					approvals: "1",
					required: "2",
					notes_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
				},
			},
			{
				actor: "ron@example.com",
				action: "report_approved",
				report_id: id,
				after: { status: "approved", reviewed_by: "ron@example.com" },
			},
		]);
	});

	test("a withdrawal", async () => {
		const { id } = await submitAs(service, "dev");
		const url = `/api/v1/reports/${id}/withdraw`;
		await askAs(service, "dev", { method: "POST", url });
		expect((await readLog(service)).slice(1)).toMatchObject([
			{
				actor: "dev@example.com",
				action: "report_withdrawn",
				report_id: id,
				before: { status: "pending_review" },
				after: { status: "rejected", reviewed_by: "dev@example.com" },
			},
		]);
	});

	test("an access token's making, use and end, and never the token", async () => {
		const request = { method: "POST", url: "/api/v1/tokens" };
		const payload = { name: "CI", scopes: ["reports:submit", "reports:read"] };
		const { body } = await askAs(service, "dev", { ...request, payload });
		const submitted = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: { ...newReport(), developer_email: undefined },
			headers: { authorization: `Bearer ${body.token}` },
		});
		expect(submitted.status).toBe(201);
		const url = `/api/v1/tokens/${body.id}/revoke`;
		await askAs(service, "adm", { method: "POST", url });
		// Already revoked: nothing happens, and nothing is recorded.
		await askAs(service, "adm", { method: "POST", url });
		const log = await readLog(service);
		expect(log).toMatchObject([
			{
				actor: "dev@example.com",
				method: "oidc",
				action: "token_created",
				target: body.id,
				after: {
					name: "CI",
					scopes: "reports:submit reports:read",
					expires_at: expect.stringMatching(
						/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
					),
				},
			},
			{
				actor: "dev@example.com",
				actor_subject: subject("dev"),
				method: "access_token",
				action: "report_submitted",
			},
			{
				actor: "adm@example.com",
				action: "token_revoked",
				target: body.id,
				after: { name: "CI", owner: "dev@example.com" },
			},
		]);
		expect(log).toHaveLength(3);
	});

	test.each(["api/v1/reports", "trpc/reports.list", "mcp"])(
		"a credential that proves nothing, at /%s",
		async (door) => {
			const { status } = await service.ask({
				method: door === "mcp" ? "POST" : "GET",
				url: `/${door}`,
				headers: {
					authorization: `Bearer golive_${"0".repeat(64)}`,
					"user-agent": "curl/8.9.1",
					"x-request-id": "trace-bad-00001",
					accept: "application/json, text/event-stream",
				},
				...(door === "mcp" && {
					payload: {
						jsonrpc: "2.0",
						id: 1,
						method: "tools/call",
						params: { name: "list_servers", arguments: {} },
					},
				}),
			});
			if (door !== "mcp") expect(status).toBe(401);
			expect(await readLog(service)).toMatchObject([
				{
					actor: null,
					actor_subject: null,
					method: "none",
					facade: { a: "rest", t: "trpc", m: "mcp" }[door[0] as "a"],
					client: "curl/8.9.1",
					action: "credential_refused",
					after: {
						detail:
							"The access token is unknown, expired or revoked. Create a new one.",
					},
					request_id: "trace-bad-00001",
					address: "127.0.0.1",
				},
			]);
		},
	);

	test("what somebody may not do: without the role, as somebody else, for one's own repository", async () => {
		const { id } = await submitAs(service, "both");
		expect((await decideAs(service, "dev", id, "approved")).status).toBe(403);
		const asOther = { reviewed_by: "ron@example.com" };
		const foreign = await decideAs(service, "rita", id, "rejected", asOther);
		expect(foreign.status).toBe(403);
		expect((await decideAs(service, "both", id, "approved")).status).toBe(403);
		const base = await service.listen();
		const client = createClient(base, {
			headers: { authorization: `Bearer ${await provider.mint("dev")}` },
		});
		await expect(client.audit.list.query({})).rejects.toThrow(/role auditor/);
		const refused = { action: "action_refused", before: null };
		expect((await readLog(service)).slice(1)).toMatchObject([
			{
				...refused,
				actor: "dev@example.com",
				facade: "rest",
				report_id: id,
				target: "reports.setStatus",
				after: {
					detail: expect.stringMatching(/The role reviewer is required/),
				},
			},
			{
				...refused,
				actor: "rita@example.com",
				report_id: id,
				after: {
					detail: expect.stringMatching(/^reviewed_by: names somebody else$/),
				},
			},
			{
				...refused,
				actor: "both@example.com",
				actor_subject: subject("both"),
				report_id: id,
				after: { detail: expect.stringMatching(/somebody else must approve/) },
			},
			{
				...refused,
				actor: "dev@example.com",
				facade: "trpc",
				report_id: null,
				target: "audit.list",
			},
		]);
	});

	test("a refusal inside a tool of MCP", async () => {
		const base = await service.listen();
		const authorization = `Bearer ${await provider.mint("dev")}`;
		const client = new Client({ name: "agent", version: "3" });
		await client.connect(
			new StreamableHTTPClientTransport(new URL(`${base}/mcp`), {
				requestInit: { headers: { authorization, "user-agent": "agent" } },
			}),
		);
		const { report_data: report_markdown, ...report } = newReport();
		const { isError } = await callTool(
			client as unknown as AnyClient,
			"submit_report",
			{ ...report, report_markdown, developer_email: "ron@example.com" },
		);
		expect(isError).toBe(true);
		await client.close();
		expect(await readLog(service)).toMatchObject([
			{
				actor: "dev@example.com",
				facade: "mcp",
				client: "agent",
				action: "action_refused",
				target: "reports.submit",
			},
		]);
	});

	test("reading somebody else's report, which the answer does not even admit to be there", async () => {
		const { id } = await submitAs(service, "dev");
		const url = `/api/v1/reports/${id}/decisions`;
		expect((await askAs(service, "other", { url })).status).toBe(404);
		expect((await readLog(service)).slice(1)).toMatchObject([
			{
				actor: "other@example.com",
				action: "action_refused",
				report_id: id,
				target: "reports.decisions",
			},
		]);
	});

	test("the same where the report was read by others before", async () => {
		const { id } = await submitAs(service, "dev");
		const url = `/api/v1/reports/${id}`;
		for (let times = 1; times <= 3; times += 1)
			expect((await askAs(service, "rita", { url })).status).toBe(200);
		expect((await askAs(service, "other", { url })).status).toBe(404);
		expect((await service.ask({ url })).status).toBe(401);
		expect((await readLog(service)).slice(1)).toMatchObject([
			{ actor: "other@example.com", report_id: id, target: "reports.get" },
		]);
	});

	test("not: strangers without credentials, and what fails for other reasons", async () => {
		const { id, repository_url } = await submitAs(service, "dev");
		await service.ask({ url: "/api/v1/reports" });
		await service.ask({ url: "/trpc/reports.list" });
		await askAs(service, "rita", { url: `/api/v1/reports/${id}` });
		const again = newReport({ repository_url, developer_email: undefined });
		const duplicate = await askAs(service, "dev", {
			method: "POST",
			url: "/api/v1/reports",
			payload: again,
		});
		expect(duplicate.status).toBe(409);
		expect((await decideAs(service, "rita", id, "pending_review")).status).toBe(
			409,
		);
		expect((await decideAs(service, "rita", id, "nonsense")).status).toBe(400);
		expect(await readLog(service)).toHaveLength(1);
	});
});

test("where nobody signs in, everybody reads the log, and it says who was claimed to act", async () => {
	const service = await startService();
	const { id } = await submit(service);
	await decide(service, id, "rejected");
	const { body } = await service.ask({ url: "/api/v1/audit" });
	expect(body).toMatchObject([
		{
			actor: "platform@intility.no",
			actor_subject: null,
			method: "none",
			action: "report_rejected",
		},
		{ actor: "alex@intility.no", actor_subject: null, method: "none" },
	]);
});

test("a decision on a page, and a submission over standard input, say so", async () => {
	const service = await startService();
	const client = await clients["a client on stdio"]?.({
		base: "",
		databaseUrl: service.databaseUrl,
	});
	const { report_data: report_markdown, ...report } = newReport();
	const { text } = await callTool(client as AnyClient, "submit_report", {
		...report,
		report_markdown,
	});
	await client?.close();
	const [, id = ""] = /Report ID:\*\* (\S+)/.exec(text) ?? [];
	const browser = visit(service);
	const form = {
		status: "rejected",
		reviewed_by: "kim@example.com",
		review_notes: "No.",
		decisions_seen: "0",
	};
	const csrf = await browser.tokenOf(id);
	const asked = await browser.post(
		`/reports/${id}/decide`,
		{ ...form, csrf },
		{ "user-agent": "Firefox" },
	);
	await browser.post(
		`/reports/${id}/decision`,
		{ ...form, csrf: tokenIn(asked.html) },
		{ "user-agent": "Firefox" },
	);
	const { body } = await service.ask({ url: "/api/v1/audit" });
	expect(body).toMatchObject([
		{
			actor: "kim@example.com",
			facade: "web",
			client: "Firefox",
			action: "report_rejected",
			address: "127.0.0.1",
		},
		{
			actor: "alex@intility.no",
			facade: "mcp",
			client: "test/1.0.0",
			action: "report_submitted",
			address: null,
			request_id: expect.stringMatching(/^local-/),
		},
	]);
});

test("a client may call itself anything, of any length", async () => {
	const service = await startService();
	const base = await service.listen();
	const name = `${"\u{1F600}".repeat(300)}\0\ud800`;
	const client = new Client(
		{ name, version: "\u2028" },
		{
			versionNegotiation: { mode: { pin: "2026-07-28" } },
		},
	);
	await client.connect(
		new StreamableHTTPClientTransport(new URL(`${base}/mcp`)),
	);
	const { report_data: report_markdown, ...report } = newReport();
	const { isError } = await callTool(
		client as unknown as AnyClient,
		"submit_report",
		{ ...report, report_markdown },
	);
	expect(isError).toBe(false);
	await client.close();
	const { body } = await service.ask({ url: "/api/v1/audit" });
	expect(body).toMatchObject([{ client: "\u{1F600}".repeat(200) }]);
});

describe("a network address", () => {
	/** As if the rows were so many days older. */
	const age = (service: TestService, days: number) =>
		service.db.connection().execute(async (one) => {
			await sql`set session_replication_role = replica`.execute(one);
			await sql`update audit_addresses set time = time - make_interval(days => ${days})`.execute(
				one,
			);
			await sql`set session_replication_role = origin`.execute(one);
		});
	const addressesIn = async (service: TestService) => {
		const { body } = await service.ask({ url: "/api/v1/audit" });
		return body.map(({ address }: AuditEntry) => address);
	};

	test("is shown until its time is over, and a service that starts erases it then", async () => {
		const service = await startService();
		await submit(service);
		await submit(service);
		expect(await addressesIn(service)).toEqual(["127.0.0.1", "127.0.0.1"]);
		const page = await visit(service).open("/audit");
		expect(page.html).toContain("127.0.0.1");
		await age(service, 31);
		await submit(service);
		const inTime = await startService(undefined, {
			databaseUrl: service.databaseUrl,
			AUDIT_ADDRESS_DAYS: 30,
		});
		await inTime.listen();
		await vi.waitFor(async () => {
			expect(await addressesIn(service)).toEqual(["127.0.0.1", null, null]);
		}, 5000);
		await vi.waitFor(() =>
			expect(inTime.logs.join()).toContain("old network addresses erased"),
		);
		const after = await visit(service).open("/audit");
		expect(after.html).toContain("Chain unbroken");
	});

	test("that cannot be erased ends nothing, and the log says so", async () => {
		const service = await startService();
		await sql`alter table audit_addresses rename to elsewhere`.execute(
			service.db,
		);
		const base = await service.listen();
		await vi.waitFor(() =>
			expect(service.logs.join()).toContain(
				"old network addresses could not be erased",
			),
		);
		expect((await fetch(`${base}/healthz`)).status).toBe(200);
	});

	test("is kept for 90 days, unless the operator says otherwise", () => {
		expect(parseConfig({}).AUDIT_ADDRESS_DAYS).toBe(90);
		expect(parseConfig({ AUDIT_ADDRESS_DAYS: "7" }).AUDIT_ADDRESS_DAYS).toBe(7);
		for (const days of ["0", "3651", "1.5", "x"]) {
			expect(() => parseConfig({ AUDIT_ADDRESS_DAYS: days })).toThrow(
				/AUDIT_ADDRESS_DAYS must be/,
			);
		}
	});
});

describe("both or neither", () => {
	/** Has the log refuse this action, as a full disk would. */
	async function refuse(service: TestService, action: string) {
		await sql
			.raw(
				`alter table audit_log add constraint refused check (action <> '${action}') not valid`,
			)
			.execute(service.db);
	}

	test("what cannot be recorded does not happen", async () => {
		const service = await startService();
		const { id } = await submit(service);
		await refuse(service, "report_submitted");
		const request = { method: "POST", url: "/api/v1/reports" } as const;
		const lost = await service.ask({ ...request, payload: newReport() });
		expect(lost.status).toBe(500);
		const { body } = await service.ask({ url: "/api/v1/reports" });
		expect(body).toMatchObject([{ id }]);
		await sql`alter table audit_log drop constraint refused`.execute(
			service.db,
		);
		await refuse(service, "report_approved");
		expect((await decide(service, id, "approved")).status).toBe(500);
		const { body: report } = await service.ask({
			url: `/api/v1/reports/${id}`,
		});
		expect(report.status).toBe("pending_review");
		// Nothing is missing in the chain for it.
		await decide(service, id, "rejected");
		const { body: log } = await service.ask({ url: "/api/v1/audit" });
		expect(log).toMatchObject([{ seq: 2 }, { seq: 1 }]);
	});

	test("a token or an approval that cannot be recorded is not given", async () => {
		const service = await startService(undefined, signedIn());
		const { id } = await submitAs(service, "dev", { report_data: grave });
		await refuse(service, "approval_recorded");
		expect((await decideAs(service, "rita", id, "approved")).status).toBe(500);
		const url = `/api/v1/reports/${id}/approvals`;
		const { body } = await askAs(service, "rita", { url });
		expect(body.recorded).toEqual([]);
		await sql`alter table audit_log drop constraint refused`.execute(
			service.db,
		);
		await refuse(service, "token_created");
		const request = { method: "POST", url: "/api/v1/tokens" };
		const payload = { name: "CI", scopes: ["reports:read"] };
		const { status } = await askAs(service, "dev", { ...request, payload });
		expect(status).toBe(500);
		const tokens = await askAs(service, "dev", { url: "/api/v1/tokens" });
		expect(tokens.body).toEqual([]);
	});

	test("a refusal that cannot be recorded stays a refusal, and the log tells", async () => {
		const service = await startService(undefined, signedIn());
		await refuse(service, "action_refused");
		const { status } = await askAs(service, "dev", { url: "/api/v1/audit" });
		expect(status).toBe(403);
		expect(service.logs.join()).toContain(
			"a refused attempt was not recorded in the audit log",
		);
	});
});

describe("an attack", () => {
	test("writes ten refusals a minute for each address, and everybody else goes on", async () => {
		const service = await startService(undefined, signedIn());
		const attack = () =>
			service.ask({
				url: "/api/v1/reports",
				headers: { authorization: "Bearer nonsense" },
				remoteAddress: "192.0.2.66",
			});
		const answers = await Promise.all(Array.from({ length: 40 }, attack));
		for (const { status } of answers) expect(status).toBe(401);
		await service.ask({
			url: "/api/v1/reports",
			headers: { authorization: "Bearer nonsense" },
			remoteAddress: "192.0.2.7",
		});
		const log = await readLog(service);
		expect(log.map(({ address }) => address)).toEqual([
			...Array.from({ length: 10 }, () => "192.0.2.66"),
			"192.0.2.7",
		]);
	});

	test("is counted: the next row says how many were left out", () => {
		let now = 0;
		const throttle = openThrottle({ each: 2, all: 5 }, () => now);
		const takeAll = (keys: string) =>
			[...keys].map((key) => throttle.take("one", key, key));
		expect(takeAll("aaaa")).toEqual([0, 0, undefined, undefined]);
		expect(takeAll("bb")).toEqual([0, 0]);
		expect(takeAll("cd")).toEqual([0, undefined]);
		now = 60_000;
		expect(takeAll("abd")).toEqual([2, 0, 1]);
		// Whoever is forgotten for ten thousand others is still in the sum.
		expect(takeAll("aa")).toEqual([0, undefined]);
		for (let key = 0; key < 10_000; key++) {
			throttle.take("one", `other ${key}`, "");
		}
		now = 120_000;
		expect(throttle.take("one", "e", "e")).toBeGreaterThan(0);
	});

	test("of one kind takes nothing of another", () => {
		const throttle = openThrottle({ each: 1, all: 2 }, () => 0);
		const takeAll = (kind: string, askers: string) =>
			[...askers].map((asker) => throttle.take(kind, asker, asker));
		expect(takeAll("dull", "aabc")).toEqual([0, undefined, 0, undefined]);
		expect(takeAll("grave", "ca")).toEqual([0, 0]);
	});

	test("of dull refusals hides no forbidden approval, over REST and MCP", async () => {
		const service = await startService(undefined, signedIn());
		const { id } = await submitAs(service, "both");
		for (let times = 1; times <= 12; times += 1) {
			await askAs(service, "dev", { url: "/api/v1/audit" });
		}
		const authorization = `Bearer ${await provider.mint("dev")}`;
		const callOverMcp = (name: string, args: object) =>
			service.ask({
				method: "POST",
				url: "/mcp",
				headers: {
					authorization,
					accept: "application/json, text/event-stream",
				},
				payload: {
					jsonrpc: "2.0",
					id: 1,
					method: "tools/call",
					params: { name, arguments: args },
				},
			});
		expect((await decideAs(service, "dev", id, "approved")).status).toBe(403);
		const { status } = await callOverMcp("review_report", {
			report_id: id,
			status: "approved",
		});
		expect(status).toBe(403);
		const refused = (await readLog(service)).filter(
			({ action }) => action === "action_refused",
		);
		expect(refused.map(({ target }) => target)).toEqual([
			...Array.from({ length: 10 }, () => "audit.list"),
			"reports.setStatus",
			"reports.setStatus",
		]);
	});

	test("of slips hides no attempt to approve one's own repository, by the same person through the same procedure", async () => {
		const service = await startService(undefined, signedIn());
		const { id } = await submitAs(service, "both");
		const decide = (reviewed_by?: string) =>
			askAs(service, "both", {
				method: "PATCH",
				url: `/api/v1/reports/${id}/status`,
				payload: { status: "approved", ...(reviewed_by && { reviewed_by }) },
			});
		for (let times = 1; times <= 12; times += 1) {
			expect((await decide("both@exmaple.com")).status).toBe(403);
		}
		expect((await decide()).status).toBe(403);
		const details = (await readLog(service))
			.filter(({ action }) => action === "action_refused")
			.map(({ after }) => after?.detail);
		expect(details).toHaveLength(11);
		expect(details).toContainEqual(
			expect.stringContaining("You submitted a report for this repository"),
		);
	});

	test("from one IPv6 network is one asker's, whatever address it takes there", async () => {
		const service = await startService(undefined, signedIn());
		for (let times = 1; times <= 15; times += 1) {
			await service.ask({
				url: "/api/v1/reports",
				headers: { authorization: "Bearer nonsense" },
				remoteAddress: `2001:db8::${times}`,
			});
		}
		expect(await readLog(service)).toHaveLength(10);
	});
});

test("no credential, cookie, report or note is in it", async () => {
	const secret = "zebra7341";
	const service = await startService(undefined, signedIn());
	const { id } = await submitAs(service, "dev", {
		report_data: `${grave}\n${secret}`,
		report_json: { [secret]: secret },
	});
	await decideAs(service, "rita", id, "approved", { review_notes: secret });
	await decideAs(service, "ron", id, "rejected", { review_notes: secret });
	const payload = { name: "CI", scopes: ["reports:read"] };
	const token = await askAs(
		service,
		"dev",
		{ method: "POST", url: "/api/v1/tokens", payload },
		{ cookie: `session=${secret}` },
	);
	const jwt = await provider.mint("dev", { aud: "https://other.example.com" });
	const shown = [
		...["Basic", "Bearer", "Digest"].map((kind) => `${kind} ${secret}`),
		`Bearer ${token.body.token}${secret}`,
		`Bearer ${jwt}`,
	];
	for (const authorization of shown) {
		const { status } = await service.ask({
			url: `/api/v1/reports?search=${secret}`,
			headers: { authorization, cookie: `session=${secret}` },
		});
		expect(status).toBe(401);
	}
	const { rows } = await sql<{ row: string }>`
		select audit_log::text as row from audit_log`.execute(service.db);
	expect(rows.length).toBeGreaterThanOrEqual(4 + shown.length);
	const all = rows.map(({ row }) => row).join("\n");
	expect(all).toContain("notes_sha256");
	for (const secretText of [
		secret,
		token.body.token,
		jwt,
		jwt.split(".")[2] ?? "",
		"Lethal trifecta",
	]) {
		expect(all).not.toContain(secretText);
	}
});

describe("reading it", () => {
	let service: TestService;
	let ids: string[];

	beforeAll(async () => {
		service = await startService(afterAll, signedIn());
		ids = [];
		for (const who of ["dev", "other", "dev"]) {
			const { id } = await submitAs(service, who);
			ids.push(id);
			await decideAs(service, "rita", id, "rejected");
		}
		const base = await service.listen();
		const client = createClient(base, {
			headers: { authorization: `Bearer ${await provider.mint("other")}` },
		});
		await client.reports.submit.mutate({
			...newReport(),
			developer_email: undefined,
		});
		await service.ask({
			url: "/api/v1/reports",
			headers: { authorization: "nonsense" },
		});
	});

	test.each(["dev", "rita", "adm", "nobody"])("%s may not", async (who) => {
		const { status, body } = await askAs(service, who, {
			url: "/api/v1/audit",
		});
		expect(status).toBe(403);
		expect(body.detail).toMatch(/The role auditor is required/);
	});

	test("filters", async () => {
		const seqs = async (query: string) =>
			(await readLog(service, `&until=${end}${query}`)).map(({ seq }) => seq);
		const all = await readLog(service);
		const end = all[7]?.time.replace(/Z$/, "9Z");
		expect(await seqs("")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
		expect(await seqs("&actor=DEV@example.com")).toEqual([1, 5]);
		expect(await seqs("&action=report_rejected")).toEqual([2, 4, 6]);
		expect(await seqs(`&report_id=${ids[1]}`)).toEqual([3, 4]);
		expect(await seqs("&facade=trpc")).toEqual([7]);
		expect(await seqs("&method=none")).toEqual([8]);
		expect(await seqs("&actor=dev@example.com&facade=trpc")).toEqual([]);
		expect(await seqs(`&since=${all[5]?.time}`)).toEqual([6, 7, 8]);
		expect(
			(await readLog(service, `&until=${all[5]?.time}`)).map(({ seq }) => seq),
		).toEqual([1, 2, 3, 4, 5]);
	});

	test("pages follow each other by Link", async () => {
		const seen: number[] = [];
		let next: string | undefined =
			"/api/v1/audit?limit=3&until=2999-01-01T00:00:00Z";
		while (next) {
			const { body, headers } = await askAs(service, "aud", { url: next });
			seen.push(...body.map(({ seq }: AuditEntry) => seq));
			next = /<(.+)>; rel="next"/.exec(String(headers.link ?? ""))?.[1];
		}
		const last = seen[0] as number;
		expect(seen).toEqual(Array.from({ length: last }, (_, n) => last - n));
	});

	test.each([
		["after=0", /after: Must be at least 1/],
		["after=99999999", /The audit log has no row 99999999/],
		["after=x", /after: Must be a row's number/],
		["action=deleted", /action: Must be one of report_submitted/],
		["method=magic", /method: Must be one of none/],
		["facade=door", /facade: Must be one of rest/],
		["since=yesterday", /since: Must be a date and time in UTC/],
		["until=2025-10-20T10:00:00%2B02:00", /until: Must be a date and time/],
		["since=0000-01-01T00:00:00Z", /since: Must be in the year 1 or later/],
		[`since=2025-01-01T00:00:00.${"1".repeat(99)}Z`, /since: Must be at most/],
		["report_id=1", /report_id: Must be a UUID/],
		["limit=201", /limit: Must be at most 200/],
	])("?%s is refused with a sentence", async (query, words) => {
		const { status, body } = await askAs(service, "aud", {
			url: `/api/v1/audit?${query}`,
		});
		expect(status).toBe(400);
		expect(body.detail).toMatch(words);
	});

	test("times of every legal spelling are understood", async () => {
		for (const time of [
			"2025-10-20T10:00:00Z",
			"2025-10-20T10:00:00.123456789Z",
			"0001-01-01T00:00:00Z",
			"9999-12-31T23:59:59.999999Z",
		]) {
			const { status, body } = await askAs(service, "aud", {
				url: `/api/v1/audit?since=${time}`,
			});
			expect(status, `${time}: ${body.detail}`).toBe(200);
		}
	});
});
