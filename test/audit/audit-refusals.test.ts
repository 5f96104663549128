import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { tellLeftOut } from "../../src/audit/refusals.ts";
import { openThrottle } from "../../src/audit/throttle.ts";
import type { AuditEntry } from "../../src/facades/trpc/client.ts";
import {
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
});

const signedIn = () => ({
	...provider.settings(publicUrl),
	AUDIT_READS: false,
});

async function askAs(service: TestService, who: string, request: object) {
	const authorization = `Bearer ${await provider.mint(who)}`;
	return service.ask({
		...request,
		headers: { authorization, accept: "application/json, text/event-stream" },
	});
}

/** Rows of refusals, oldest first. */
async function refusals(service: TestService): Promise<AuditEntry[]> {
	const { body } = await askAs(service, "aud", {
		url: "/api/v1/audit?limit=200",
	});
	return body
		.toReversed()
		.filter(({ action }: AuditEntry) => action.endsWith("_refused"));
}

async function submitAs(service: TestService, who: string): Promise<string> {
	const { developer_email, ...payload } = newReport({
		repository_url: `https://git.example/a/${crypto.randomUUID()}`,
	});
	const { body } = await askAs(service, who, {
		method: "POST",
		url: "/api/v1/reports",
		payload,
	});
	return body.id;
}

describe("refusals that were left out", () => {
	test("are told of by a row of their own when the minute is over, once, for each who was refused", async () => {
		const service = await startService(undefined, signedIn());
		const refuse = async (who: string, times: number) => {
			for (let time = 0; time < times; time++) {
				await askAs(service, who, { url: "/api/v1/audit" });
			}
		};
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		try {
			await refuse("dev", 13);
			await refuse("rita", 12);
			vi.advanceTimersByTime(60_000);
		} finally {
			vi.useRealTimers();
		}
		await expect.poll(() => refusals(service)).toHaveLength(22);
		const rows = await refusals(service);
		expect(rows.slice(20)).toMatchObject([
			{
				actor: "dev@example.com",
				actor_subject: `${provider.issuer} dev`,
				action: "action_refused",
				target: "audit.list",
				report_id: null,
				after: { left_out: "3", detail: expect.stringMatching(/left_out/) },
			},
			{ actor: "rita@example.com", after: { left_out: "2" } },
		]);
		await tellLeftOut(service.db);
		expect(await refusals(service)).toHaveLength(22);
	});

	test("are told of when the service ends", async () => {
		const service = await startService(undefined, signedIn());
		for (let time = 0; time < 12; time++) {
			await service.ask({
				url: "/api/v1/reports",
				headers: { authorization: "Bearer nonsense" },
				remoteAddress: "192.0.2.66",
			});
		}
		await service.app.close();
		const { rows } = await sql`
			select target, address_hash is not null as "hasAddress", after from audit_log
			where action = 'credential_refused' order by seq desc limit 1`.execute(
			service.db,
		);
		expect(rows).toMatchObject([
			{ hasAddress: true, after: { left_out: "2" } },
		]);
	});

	test("of whom there are too many are told of together, and none is lost where a row fails", () => {
		const throttle = openThrottle<string>({ each: 1, all: 1000 }, () => 0);
		for (let asker = 0; asker < 30; asker++) {
			for (let time = 0; time <= asker + 1; time++) {
				throttle.take("kind", `${asker}`, `note ${asker}`);
			}
		}
		const told = throttle.drain();
		expect(told).toHaveLength(21);
		expect(told[0]).toMatchObject({ count: 30, note: "note 29" });
		expect(told[20]).toMatchObject({ count: 55, isOfSeveral: true });
		expect(throttle.drain()).toEqual([]);
		for (const one of told) one.restore();
		const all = (30 * 31) / 2;
		expect(throttle.drain()).toMatchObject([
			{ count: all, isOfSeveral: true, note: "note 29" },
		]);
	});
});

describe("a refusal is recorded in words of ours", () => {
	const canary = "canary-4711@evil.example";
	let service: TestService;
	beforeAll(async () => {
		service = await startService(afterAll, signedIn());
	});

	const mcp = (name: string, args: object) => ({
		method: "POST",
		url: "/mcp",
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: { name, arguments: args },
		},
	});
	const { developer_email: _, ...report } = newReport({
		repository_url: "https://git.example/a/refused",
	});
	const names = (field: string) => `${field}: names somebody else`;

	test.each<
		[title: string, who: string, ask: (id: string) => object, detail: string]
	>([
		[
			"reviewed_by over REST",
			"rita",
			(id) => ({
				method: "PATCH",
				url: `/api/v1/reports/${id}/status`,
				payload: { status: "rejected", reviewed_by: canary },
			}),
			names("reviewed_by"),
		],
		[
			"reviewed_by over tRPC",
			"rita",
			(id) => ({
				method: "POST",
				url: "/trpc/reports.setStatus",
				payload: { id, status: "rejected", reviewed_by: canary },
			}),
			names("reviewed_by"),
		],
		[
			"reviewed_by over MCP",
			"rita",
			(id) =>
				mcp("review_report", {
					id,
					status: "rejected",
					reviewed_by: canary,
				}),
			names("reviewed_by"),
		],
		[
			"developer_email over REST",
			"dev",
			() => ({
				method: "POST",
				url: "/api/v1/reports",
				payload: { ...report, developer_email: canary },
			}),
			names("developer_email"),
		],
		[
			"developer_email over MCP",
			"dev",
			() =>
				mcp("submit_report", {
					server_name: report.server_name,
					repository_url: report.repository_url,
					report_markdown: report.report_data,
					developer_email: canary,
				}),
			names("developer_email"),
		],
		[
			"a report of somebody else's",
			"dev",
			(id) => ({ url: `/api/v1/reports/${id.toUpperCase()}` }),
			"There is no report that they may read.",
		],
		[
			"a withdrawal of somebody else's report",
			"both",
			(id) => ({ method: "POST", url: `/api/v1/reports/${id}/withdraw` }),
			"Only who submitted a report can withdraw it.",
		],
	])("%s", async (_title, who, ask, detail) => {
		const id = await submitAs(service, who === "both" ? "dev" : "both");
		const before = (await refusals(service)).length;
		await askAs(service, who, ask(id));
		const rows = (await refusals(service)).slice(before);
		expect(rows).toMatchObject([{ after: { detail } }]);
		expect(JSON.stringify(rows)).not.toContain("canary");
		expect(JSON.stringify(rows[0]?.after)).not.toContain("@");
	});
});
