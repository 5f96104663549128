import { randomUUID } from "node:crypto";
import type { InjectOptions } from "fastify";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_REPORT_BYTES } from "../../../src/features/reports/schema.ts";
import { fillTemplate } from "../../support/fill-template.ts";
import {
	type Answer,
	newReport,
	startService,
	type TestService,
} from "../../support/helpers.ts";
import {
	document,
	type Operation,
	operationNamed,
	operations,
} from "../../support/openapi-document.ts";
import { startProvider, type TestProvider } from "../../support/provider.ts";
import { withoutNames } from "../../support/without-names.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;
let withoutDatabase: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
	withoutDatabase = await startService(afterAll, {
		databaseUrl: "postgresql://127.0.0.1:1/nobody",
	});
});

/** What makes an operation fail, by its id and the status it fails with. */
const failures: Record<string, () => Promise<Answer>> = {
	"submitReport 403": () =>
		submit("dev", { developer_email: "other@example.com" }),
	"submitReport 409": async () => {
		const { repository_url } = (await submit("dev")).body;
		return submit("dev", { repository_url });
	},
	"submitReport 413": () => submit("dev", { report_data: tooLarge }),
	"submitReport 422": async () => {
		const strict = await startService(undefined, {
			REQUIRE_COMPLETE_REPORT: true,
		});
		const report_data = fillTemplate({
			"SEC-6": null,
			"VER-1": { status: "N/A", evidence: "SEC-6 is still open" },
		});
		const payload = newReport({
			report_data,
			repository_url: "https://github.com/intility/mcp-servicenow",
		});
		return ask("submitReport", { payload }, strict);
	},
	"checkReport 422": async () =>
		ask(
			"checkReport",
			{ payload: { report_data: "# Report" } },
			await startImpatient(),
		),
	"getAssessment 422": () => askUnassessed("getAssessment"),
	"listIssues 422": () => askUnassessed("listIssues"),
	"checkReport 413": () =>
		askAs("dev", "checkReport", { payload: { report_data: tooLarge } }),
	"setReportStatus 403": async () => {
		const { body } = await submit("dev");
		const token = await provider.mint("rita", { client_id: "a-cli" });
		const headers = { authorization: `Bearer ${token}` };
		const request = { headers, payload: { status: "approved" } };
		return ask("setReportStatus", request, service, body.id);
	},
	"setReportStatus 404": () => decide("rita", "approved"),
	"setReportStatus 409": async () => {
		const report = await submit("dev", { report_data: fillTemplate() });
		await decide("rita", "approved", report);
		return decide("rita", "rejected", report);
	},
	"setReportStatus 412": async () =>
		decide("rita", "approved", await submit("dev"), {
			"if-match": '"another"',
		}),
	"withdrawReport 403": async () =>
		askAs("both", "withdrawReport", {}, await submit("dev")),
	"withdrawReport 404": () => askAs("both", "withdrawReport"),
	"withdrawReport 409": async () => {
		const report = await submit("dev", { report_data: fillTemplate() });
		await decide("rita", "approved", report);
		return askAs("dev", "withdrawReport", {}, report);
	},
	"createAccessToken 403": () =>
		askAs("dev", "createAccessToken", {
			payload: { name: "CI", scopes: ["reports:decide"] },
		}),
	"createAccessToken 409": () => makeTooMany("dev", "createAccessToken", {}),
	"createServiceToken 403": () =>
		askAs("adm", "createServiceToken", {
			payload: {
				name: "CI",
				owner: "platform@example.com",
				scopes: ["audit:read"],
			},
		}),
	"createServiceToken 409": () =>
		makeTooMany("adm", "createServiceToken", { owner: "platform@example.com" }),
	"endAccess 404": () =>
		askAs("adm", "endAccess", { payload: { person: "who@example.com" } }),
	"revokeAccessToken 404": () => askAs("dev", "revokeAccessToken"),
	"getReadiness 503": () => ask("getReadiness", {}, withoutDatabase),
};

/** Asks about a report that was stored before there were assessments. */
async function askUnassessed(operationId: string): Promise<Answer> {
	const { body } = await submit("dev");
	await sql`update mcp_server_reports set assessment = null
		where id = ${body.id}`.execute(service.db);
	return ask(operationId, {}, await startImpatient(), body.id);
}

/** A service that finds every report too complex. */
function startImpatient(): Promise<TestService> {
	const { databaseUrl } = service;
	return startService(undefined, { databaseUrl, workers: { memory: 1 } });
}

const tooLarge = "x".repeat(MAX_REPORT_BYTES + 1);

/** What makes every operation fail that has this status for itself. */
const failuresOfMany: Record<
	string,
	(operation: Operation) => Promise<Answer>
> = {
	400: ({ operationId, method, parameters }) => {
		const known = Object.entries(invalid).filter(([member]) =>
			parameters.some(({ name, in: at }) => name === member && at === "query"),
		);
		return askAs(
			callerOf(operationId),
			operationId,
			method === "GET"
				? { query: Object.fromEntries(known) }
				: { payload: invalid },
			{ body: invalid },
		);
	},
	404: ({ operationId }) => askAs("rita", operationId),
};

/** Wrong for every operation, as in the document's examples. */
const invalid = {
	id: "abc-123",
	status: "done",
	risk_level: "none",
	limit: "0",
	days: "0",
	owner: "nobody",
};

const failuresOfItsOwn = operations.flatMap((operation) =>
	Object.entries(operation.responses)
		.filter(([status]) => Number(status) >= 400)
		.filter(([status, it]) => it !== document.components.responses[status])
		.map(([status, response]) => ({
			status,
			name: `${operation.operationId} ${status}`,
			operation,
			example: response.content?.["application/problem+json"]?.example,
		})),
);

test.each(failuresOfItsOwn)(
	"the example of $name is what the service answers",
	async ({ name, operation, status, example }) => {
		const fail = failures[name] ?? failuresOfMany[status];
		expect(fail, `nothing here makes ${name} happen`).toBeDefined();
		const answer = await fail?.(operation);
		expect(answer?.status).toBe(Number(status));
		expect(comparable(example)).toEqual(comparable(answer?.body));
	},
);

test("every failure that is provoked here is one that the document shows", () => {
	const names = failuresOfItsOwn.map(({ name }) => name);
	expect(names).toEqual(expect.arrayContaining(Object.keys(failures)));
});

test.each(
	Object.entries({
		401: () => ask("listReports"),
		403: () => ask("listReports", { headers: { host: "attacker.example" } }),
		413: () => submit("dev", { report_data: "x".repeat(9 * 1024 * 1024) }),
		414: () => ask("listReports", { query: { search: "x".repeat(9000) } }),
		415: () =>
			askAs("dev", "submitReport", {
				payload: "# Report",
				headers: { "content-type": "text/markdown" },
			}),
		503: () => ask("listReports", {}, withoutDatabase),
	}),
)(
	"the example of a %s that any operation may meet is what the service answers",
	async (status, fail) => {
		const { content } = document.components.responses[status];
		const answer = await fail();
		expect(answer.status).toBe(Number(status));
		expect(comparable(content["application/problem+json"].example)).toEqual(
			comparable(answer.body),
		);
	},
);

test("an operation's own words for a failure leave out nothing that any operation may meet", () => {
	for (const { name, operation, status } of failuresOfItsOwn) {
		const common = document.components.responses[status]?.description;
		if (!common || !operation.responses[401]) continue;
		expect(operation.responses[status]?.description, name).toContain(
			common.slice(1),
		);
	}
});

/** What is the same in every occurrence of a problem. */
function comparable(problem: unknown): unknown {
	const text = JSON.stringify({ ...(problem as object), request_id: "…" });
	return JSON.parse(
		withoutNames(text)
			.replaceAll(/[\w.]+@[\w.]+\w/g, "{email}")
			.replaceAll(/https?:[\w.:/-]+\/confirm\/[0-9a-f]{64}/g, "{link}"),
	);
}

/** An account that has the permission. */
function callerOf(operationId: string): string {
	if (operationId === "setReportStatus") return "rita";
	if (operationId === "createServiceToken" || operationId === "endAccess") {
		return "adm";
	}
	return operationId === "listAuditEntries" || operationId === "getOverview"
		? "aud"
		: "dev";
}

/** Makes tokens until somebody has as many as one may have. */
async function makeTooMany(
	account: string,
	operationId: string,
	changes: object,
): Promise<Answer> {
	const payload = { name: "CI", scopes: ["catalogue:read"], ...changes };
	for (;;) {
		const answer = await askAs(account, operationId, { payload });
		if (answer.status !== 201) return answer;
	}
}

function submit(account: string, changes: object = {}): Promise<Answer> {
	const payload = newReport({ developer_email: undefined, ...changes });
	return askAs(account, "submitReport", { payload });
}

function decide(
	account: string,
	status: string,
	report?: Pick<Answer, "body">,
	headers: Record<string, string> = {},
): Promise<Answer> {
	const request = { payload: { status }, headers };
	return askAs(account, "setReportStatus", request, report);
}

/** Asks as somebody, about a report or about what does not exist. */
async function askAs(
	account: string,
	operationId: string,
	request: InjectOptions = {},
	about: Pick<Answer, "body"> = { body: { id: randomUUID() } },
): Promise<Answer> {
	const authorization = `Bearer ${await provider.mint(account)}`;
	const headers = { ...request.headers, authorization };
	return ask(operationId, { ...request, headers }, service, about.body.id);
}

async function ask(
	operationId: string,
	request: InjectOptions = {},
	asked: TestService = service,
	id = "",
): Promise<Answer> {
	const { method, path } = operationNamed(operationId);
	return asked.ask({ ...request, method, url: path.replace("{id}", id) });
}
