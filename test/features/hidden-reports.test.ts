import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restOperations } from "../../src/facades/rest/rest.ts";
import { appRouter } from "../../src/router.ts";
import { authorize } from "../support/authorize.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import { tokenIn, visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;
/** Ids of what another developer submitted: a report that nobody decided, and one that was rejected. */
let foreign: { pending: string; rejected: string; repository_url: string };
/** An access token of somebody else. */
let foreignToken: string;
/** A report of our own. */
let own: string;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
	const { body: pending } = await submitAs("other");
	const { body: rejected } = await submitAs("other");
	await ask("rita", "PATCH", `/reports/${rejected.id}/status`, {
		status: "rejected",
	});
	const { id, repository_url } = pending;
	foreign = { pending: id, rejected: rejected.id, repository_url };
	own = (await submitAs("dev")).body.id;
	const token = { name: "CI", scopes: ["catalogue:read"] };
	foreignToken = (await ask("other", "POST", "/tokens", token)).body.id;
});

async function ask(
	who: string,
	method: "GET" | "POST" | "PATCH",
	path: string,
	payload?: object,
) {
	return service.ask({
		method,
		url: `/api/v1${path}`,
		headers: { authorization: `Bearer ${await provider.mint(who)}` },
		...(payload && { payload }),
	});
}

function submitAs(who: string, changes = {}) {
	const { developer_email, ...report } = newReport(changes);
	return ask(who, "POST", "/reports", report);
}

type Procedure = {
	_def: { type: string; inputs: { def: unknown }[] };
};
const procedures = appRouter._def.procedures as unknown as Record<
	string,
	Procedure
>;

/** What names something in a procedure's input. */
const members = ["id", "after"] as const;
type Member = (typeof members)[number];

/** The members of a procedure's input that are `id` or `after`, whatever the schema is wrapped in. */
function namesIn({ _def }: Procedure): Member[] {
	const shapes = _def.inputs.map((input) => {
		let schema = input as {
			shape?: object;
			def: { innerType?: unknown };
		};
		while (!schema.shape && schema.def.innerType) {
			schema = schema.def.innerType as typeof schema;
		}
		return schema.shape ?? {};
	});
	return members.filter((name) => shapes.some((shape) => name in shape));
}

/** Every procedure that takes a name, with what else it needs; read off the router. */
const named = Object.entries(procedures).flatMap(([path, procedure]) =>
	namesIn(procedure).map((member) => ({
		path,
		member,
		type: procedure._def.type,
	})),
);

/** What else a procedure needs. */
const needed: Record<string, object> = {
	"reports.setStatus": { status: "approved" },
	"confirmations.request": { status: "approved" },
};

test("every procedure that takes a name is found", () => {
	const found = named.map(({ path, member }) => `${path} ${member}`);
	expect(found).toEqual(
		expect.arrayContaining([
			"reports.get id",
			"reports.withdraw id",
			"reports.setStatus id",
			"reports.list after",
			"servers.list after",
			"audit.list after",
			"tokens.revoke id",
		]),
	);
	expect(found.length).toBeGreaterThan(14);
});

/** What there may be behind a name: nothing, or something of another's. */
function candidatesFor(path: string): [string, string][] {
	if (path.startsWith("tokens.")) return [["another's token", foreignToken]];
	return [
		["another's pending report", foreign.pending],
		["another's rejected report", foreign.rejected],
	];
}

/** An answer without what is another in each: the id asked for, and the request's own. */
function comparable(answer: { status: number; body: unknown }, name: string) {
	const text = JSON.stringify(answer.body);
	return {
		status: answer.status,
		// A number stands in other words, too.
		text: (/^\d+$/.test(name)
			? text
			: text.replaceAll(name, "{name}")
		).replaceAll(/"request_id":"[^"]+"/g, '"request_id":"…"'),
	};
}

/**
 * Asks for what is not there and for what is another's.
 *
 * @returns what was answered to all of them
 */
async function expectSame(
	path: string,
	send: (name: string) => Promise<{ status: number; body: unknown }>,
	member: Member = "id",
) {
	const isNumber = path === "audit.list" && member === "after";
	const missing = isNumber ? "99999999" : randomUUID();
	const expected = comparable(await send(missing), missing);
	const candidates: [string, string][] = isNumber
		? [["a row", "1"]]
		: candidatesFor(path);
	for (const [what, name] of candidates) {
		const answer = comparable(await send(name), name);
		expect(answer, `${path}: ${what}`).toEqual(expected);
	}
	return expected;
}

test.each(named)(
	"$path through tRPC tells a developer of no foreign $member",
	async ({ path, member, type }) => {
		const authorization = `Bearer ${await provider.mint("dev")}`;
		const { status } = await expectSame(
			path,
			(name) => {
				const value = path === "audit.list" ? Number(name) : name;
				const input = { [member]: value, ...needed[path] };
				return type === "query"
					? service.ask({
							url: `/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`,
							headers: { authorization },
						})
					: service.ask({
							method: "POST",
							url: `/trpc/${path}`,
							payload: input,
							headers: { authorization },
						});
			},
			member,
		);
		expect(status).toBeGreaterThanOrEqual(400);
	},
);

const namedInRest = named.flatMap((one) => {
	const operation = restOperations.find(
		({ procedure }) => procedure === one.path,
	);
	return operation ? [{ ...one, openapi: operation.openapi }] : [];
});

test.each(namedInRest)(
	"$path through REST tells a developer of no foreign $member",
	async ({ path, member, openapi }) => {
		const method = openapi.method as "GET";
		const url = openapi.path.replace("/api/v1", "");
		const { status } = await expectSame(
			path,
			(name) =>
				ask(
					"dev",
					method,
					url.replace("{id}", name) +
						(member === "after" ? `?after=${name}` : ""),
					method === "GET" ? undefined : (needed[path] ?? {}),
				),
			member,
		);
		expect(status).toBeGreaterThanOrEqual(400);
	},
);

test.each([
	["tools/call", (id: string) => ({ name: "get_report", arguments: { id } })],
	[
		"tools/call",
		(id: string) => ({ name: "withdraw_report", arguments: { id } }),
	],
	[
		"tools/call",
		(id: string) => ({
			name: "review_report",
			arguments: { id, status: "rejected" },
		}),
	],
	[
		"tools/call",
		(after: string) => ({ name: "list_servers", arguments: { after } }),
	],
	["resources/read", (id: string) => ({ uri: `golive://reports/${id}` })],
])(
	"%s of MCP tells a developer of no foreign report: %s",
	async (method, params) => {
		const token = await provider.mint("dev", { aud: `${publicUrl}/mcp` });
		const { text } = await expectSame("mcp", (name) =>
			service.ask({
				method: "POST",
				url: "/mcp",
				headers: {
					authorization: `Bearer ${token}`,
					accept: "application/json, text/event-stream",
				},
				payload: { jsonrpc: "2.0", id: 1, method, params: params(name) },
			}),
		);
		expect(text).toMatch(
			/There is no report|insufficient_scope|The role [a-z ]+ is required/,
		);
	},
);

test("no page tells a developer of a foreign report", async () => {
	const browser = visit(service);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), "dev");
	await browser.open(`${back.pathname}${back.search}`);
	const csrf = tokenIn((await browser.open("/servers")).html);
	const form = { csrf, status: "approved", decisions_seen: "0" };
	const plain = (html: string) =>
		html.replaceAll(/<code>[^<]*<\/code>/g, "<code>…</code>");
	for (const path of [
		"/reports/:id",
		"/reports/:id.md",
		"/reports/:id.pdf",
		"/reports/:id/raw",
		"/reports/:id/compare",
		"/?after=:id",
		"/servers?after=:id",
		`/reports/${own}/compare?with=:id`,
	]) {
		const { status } = await expectSame(path, async (id) => {
			const answer = await browser.open(path.replace(":id", id));
			return { status: answer.status, body: plain(answer.html) };
		});
		expect(status, path).toBeGreaterThanOrEqual(400);
	}
	for (const step of ["decide", "decision", "withdraw", "withdrawal"]) {
		for (const changes of [{}, { csrf: "x" }, { change: "yes" }]) {
			const { status } = await expectSame(step, async (id) => {
				const url = `/reports/${id}/${step}`;
				const answer = await browser.post(url, { ...form, ...changes });
				return { status: answer.status, body: plain(answer.html) };
			});
			expect(status, step).toBeGreaterThanOrEqual(400);
		}
	}
});

describe("a submission to a repository whose live report one may not read", () => {
	test("is 409 without its id, status or revision; whoever may read it is told", async () => {
		const { repository_url } = foreign;
		const refused = await submitAs("dev", { repository_url });
		expect(refused.status).toBe(409);
		expect(refused.body).not.toHaveProperty("existing_report_id");
		const text = JSON.stringify(refused.body);
		expect(text).not.toContain(foreign.pending);
		expect(text).not.toMatch(/pending|approved by|revision \d/);
		for (const who of ["other", "both"]) {
			const { body } = await submitAs(who, { repository_url });
			expect(body.existing_report_id, who).toBe(foreign.pending);
			expect(body.detail).toContain("is pending_review");
		}
	});

	test("says the same whether that is pending or approved", async () => {
		const { body } = await submitAs("other", { report_data: fillTemplate() });
		const { repository_url, id } = body;
		const before = await submitAs("dev", { repository_url });
		await ask("rita", "PATCH", `/reports/${id}/status`, { status: "approved" });
		const after = await submitAs("dev", { repository_url });
		expect(comparable(after, id)).toEqual(comparable(before, id));
	});
});

test("whoever reads all reports is told why another's is not withdrawn; its submitter withdraws it", async () => {
	const { id } = (await submitAs("other")).body;
	const url = `/reports/${id}/withdraw`;
	const refused = await ask("both", "POST", url);
	expect(refused.status).toBe(403);
	expect(refused.body.detail).toContain("other@example.com");
	expect((await ask("other", "POST", url)).status).toBe(200);
});

test("the audit log tells what was hidden from what is not there", async () => {
	const missing = randomUUID();
	for (const id of [missing, own]) {
		await ask("other", "GET", `/reports/${id}`);
		await ask("other", "POST", `/reports/${id}/withdraw`);
	}
	const rowsOf = async (id: string) => {
		const { body } = await ask(
			"aud",
			"GET",
			`/audit?report_id=${id}&limit=200`,
		);
		return body.filter(
			({ action, target }: Record<string, string>) =>
				action === "action_refused" && /get|withdraw/.test(target ?? ""),
		);
	};
	expect(await rowsOf(missing)).toEqual([]);
	const targets = (await rowsOf(own)).map(
		({ target }: { target: string }) => target,
	);
	expect(new Set(targets)).toEqual(
		new Set(["reports.get", "reports.withdraw"]),
	);
});

describe("a list of servers goes on for a developer", () => {
	test("after an own server, after one of the catalogue, and after one that left it meanwhile", async () => {
		const { body } = await submitAs("other", { report_data: fillTemplate() });
		const approved = `/reports/${body.id}/status`;
		await ask("rita", "PATCH", approved, { status: "approved" });
		const goOnAfter = async (id: string) =>
			(await ask("dev", "GET", `/servers?after=${id}`)).status;
		expect(await goOnAfter(own)).toBe(200);
		expect(await goOnAfter(body.id)).toBe(200);
		await ask("rita", "PATCH", approved, { status: "pending_review" });
		expect(await goOnAfter(body.id)).toBe(200);
		expect(await goOnAfter(foreign.pending)).toBe(400);
	});
});

test("a server whose newest report is one's own tells nothing of another's older revision, not even that it is live again", async () => {
	const repository_url = `https://github.com/example/${randomUUID()}`;
	const { body: theirs } = await submitAs("other", { repository_url });
	const decide = (id: string, status: string) =>
		ask("rita", "PATCH", `/reports/${id}/status`, {
			status,
			review_notes: "No scanning",
		});
	await decide(theirs.id, "rejected");
	const { body: mine } = await submitAs("dev", { repository_url });
	await decide(mine.id, "rejected");
	await decide(theirs.id, "pending_review");
	const find = async (who: string) => {
		const { body } = await ask(who, "GET", `/servers?search=${repository_url}`);
		return body[0];
	};
	expect(await find("rita")).toMatchObject({
		live_report_id: theirs.id,
		last_decision: { report_id: theirs.id },
	});
	const seen = await find("dev");
	expect(seen).toMatchObject({
		id: mine.id,
		live_report_id: null,
		last_decision: { report_id: mine.id },
	});
	expect(JSON.stringify(seen)).not.toContain(theirs.id);
});

test("a developer who pages through a server's revisions to the end reads no more, and no error", async () => {
	const { body: mine } = await submitAs("dev");
	const { status, body } = await ask(
		"dev",
		"GET",
		`/reports/${mine.id}/revisions?after=${mine.id}`,
	);
	expect({ status, body }).toEqual({ status: 200, body: [] });
});
