import { randomBytes, randomUUID } from "node:crypto";
import { generateKeyPair, UnsecuredJWT } from "jose";
import { sql } from "kysely";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	onTestFinished,
	test,
} from "vitest";
import type { Role } from "../../src/core/words.ts";
import { restOperations } from "../../src/facades/rest/rest.ts";
import {
	grantService,
	personalPermissions,
} from "../../src/identity/identity.ts";
import { appRouter } from "../../src/router.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import {
	signWith,
	startProvider,
	type TestProvider,
} from "../support/provider.ts";
import { runCommand } from "../support/service-process.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

/** Accounts of the provider with one role each, and one without. */
const people = ["dev", "rita", "aud", "adm", "nobody"] as const;
type Account = (typeof people)[number];

/** One procedure: who may call it, with an input that makes sense, and what it answers to them. */
interface Row {
	mayCall: readonly Account[];
	input?: (who: Account) => Promise<object>;
	/** HTTP status of REST; tRPC answers 200. */
	status?: number;
	/** What those who are permitted get nevertheless, such as a 404 for what is not theirs. */
	except?: Partial<Record<Account, number>>;
	/** Scopes that it takes beside that of its own permission. */
	alsoTakes?: readonly string[];
}

const everybodyWithRole = ["dev", "rita", "aud", "adm"] as const;
const readers = ["dev", "rita", "aud"] as const;
const readersOfAll = ["rita", "aud"] as const;

/** Written by hand: what the router declares is compared with it. */
const table: Record<string, Row> = {
	"reports.submit": {
		mayCall: ["dev"],
		input: async () => anonymousReport(),
		status: 201,
	},
	"reports.check": {
		mayCall: ["dev"],
		input: async () => ({ report_data: "# Draft" }),
	},
	"reports.withdraw": { mayCall: ["dev"], input: pendingReport },
	"reports.list": { mayCall: readers },
	"reports.counts": { mayCall: readers },
	"reports.newest": { mayCall: readers },
	"reports.get": { mayCall: readers, input: pendingReport },
	"reports.version": { mayCall: readers, input: pendingReport },
	"reports.neighbours": { mayCall: readers, input: pendingReport },
	"reports.decisions": { mayCall: readers, input: pendingReport },
	"reports.revisions": { mayCall: readers, input: pendingReport },
	"reports.approvals": { mayCall: readers, input: pendingReport },
	"reports.involvement": { mayCall: readers, input: pendingReport },
	"reports.history": { mayCall: readers, input: pendingReport },
	"reports.lineage": { mayCall: readers, input: pendingReport },
	"reports.assessment": { mayCall: readers, input: pendingReport },
	"reports.issues": { mayCall: readers, input: pendingReport },
	"reports.setStatus": {
		mayCall: ["rita"],
		input: async () => ({ ...(await pendingReport()), status: "approved" }),
	},
	"confirmations.request": {
		mayCall: ["rita"],
		input: async () => ({ ...(await pendingReport()), status: "approved" }),
	},
	// A bearer token confirms nothing, whosever it is.
	"confirmations.get": { mayCall: [], input: async () => ({ token: "x" }) },
	"confirmations.confirm": { mayCall: [], input: async () => ({ token: "x" }) },
	"servers.list": { mayCall: everybodyWithRole },
	"checklist.get": { mayCall: everybodyWithRole },
	"analytics.summary": { mayCall: readersOfAll },
	"analytics.riskDistribution": { mayCall: readersOfAll },
	"analytics.overview": { mayCall: readersOfAll },
	"tokens.create": {
		mayCall: everybodyWithRole,
		input: async () => ({ name: "CI", scopes: ["catalogue:read"] }),
		status: 201,
	},
	"tokens.createService": {
		mayCall: ["adm"],
		input: async () => ({
			name: "Portal",
			owner: "platform@example.com",
			scopes: ["catalogue:read"],
		}),
		status: 201,
	},
	"tokens.list": { mayCall: everybodyWithRole },
	"tokens.get": { mayCall: everybodyWithRole, input: (who) => ownToken(who) },
	"sessions.list": { mayCall: everybodyWithRole },
	"sessions.end": {
		mayCall: everybodyWithRole,
		input: async (who) => ({ id: await ownSession(who) }),
	},
	"sessions.endAll": { mayCall: everybodyWithRole },
	"sessions.endAccess": {
		mayCall: ["adm"],
		// It revokes tokens, too.
		alsoTakes: ["tokens:manage"],
		input: async () => {
			await ownSession("other");
			return { person: "other@example.com" };
		},
	},
	"audit.list": { mayCall: ["aud"] },
	"tokens.revoke": {
		mayCall: everybodyWithRole,
		input: (who) => ownToken(who),
	},
};

/** Everybody may call these, signed in or not. */
const open = ["health.live", "health.ready"];

const procedures = Object.keys(appRouter._def.procedures);

test("the table names every procedure", () => {
	expect([...Object.keys(table), ...open].sort()).toEqual(procedures.sort());
});

function anonymousReport() {
	const { developer_email, ...report } = newReport();
	return report;
}

async function pendingReport(): Promise<{ id: string }> {
	const { body } = await rest("reports.submit", await bearer("dev"), {
		...anonymousReport(),
		// One reviewer is enough for it.
		report_data: fillTemplate(),
	});
	return { id: body.id };
}

/** Nobody has more than fifty, and this table makes one for each call. */
beforeEach(async () => {
	await service.db
		.updateTable("access_tokens")
		.set({ revoked_at: sql<string>`now()`, revoked_by: "the tests" })
		.where("revoked_at", "is", null)
		.where("name", "in", ["CI", "Portal"])
		.execute();
});

async function ownToken(who: Account): Promise<{ id: string }> {
	const owner = who === "nobody" ? "dev" : who;
	const { body } = await rest("tokens.create", await bearer(owner), {
		name: "CI",
		scopes: ["catalogue:read"],
	});
	return { id: body.id };
}

/** Begins a session of somebody, as signing in does; gives its id. */
async function ownSession(who: string): Promise<string> {
	const account = provider.accounts[who];
	const subject = `${provider.issuer} ${who}`;
	if (!account) throw new Error(`there is no account ${who}`);
	await service.db
		.insertInto("people")
		.values({
			subject,
			email: account.email,
			email_canonical: account.email,
			name: null,
			roles: account.roles as Role[],
		})
		.onConflict((conflict) => conflict.doNothing())
		.execute();
	const { id } = await service.db
		.insertInto("sessions")
		.values({
			subject,
			session_sha256: randomBytes(32).toString("hex"),
			expires_at: sql<string>`now() + interval '8 hours'`,
			client: "A browser",
			provider_session: null,
		})
		.returning("id")
		.executeTakeFirstOrThrow();
	return id;
}

async function bearer(who: string): Promise<string> {
	return `Bearer ${await provider.mint(who)}`;
}

/** Calls a procedure through REST; `undefined` when it has no place there. */
async function rest(
	procedure: string,
	authorization: string | undefined,
	input: object,
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
): Promise<{ status: number; body: any }> {
	const operation = restOperations.find((one) => one.procedure === procedure);
	if (!operation) throw new Error(`${procedure} is not in REST`);
	const { method, path } = operation.openapi;
	const { id, ...others } = input as { id?: string };
	const url = path.replace("{id}", id ?? "");
	return service.ask({
		method: method as "GET",
		url:
			method === "GET"
				? `${url}?${new URLSearchParams(others as Record<string, string>)}`
				: url,
		...(method !== "GET" && {
			payload: path.includes("{id}") ? others : input,
		}),
		headers: { ...(authorization && { authorization }) },
	});
}

async function trpc(
	procedure: string,
	authorization: string | undefined,
	input: object | undefined,
) {
	const { type } = (
		appRouter._def.procedures as unknown as Record<
			string,
			{ _def: { type: string } }
		>
	)[procedure]?._def ?? { type: "" };
	const isQuery = type === "query";
	const given = input ?? {};
	return service.ask({
		method: isQuery ? "GET" : "POST",
		url: isQuery
			? `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(given))}`
			: `/trpc/${procedure}`,
		...(!isQuery && { payload: given }),
		headers: { ...(authorization && { authorization }) },
	});
}

const facades = { rest, trpc };
const inRest = new Set(restOperations.map(({ procedure }) => procedure));

const rows = Object.entries(table).flatMap(([procedure, row]) =>
	Object.keys(facades)
		.filter((facade) => facade === "trpc" || inRest.has(procedure))
		.map((facade) => [procedure, facade as keyof typeof facades, row] as const),
);

describe.each(rows)("%s through %s", (procedure, facade, row) => {
	const call = facades[facade];

	test.each(people)("as %s", async (who) => {
		const input = (await row.input?.(who)) ?? {};
		const { status } = await call(procedure, await bearer(who), input);
		const expected = row.mayCall.includes(who)
			? ((facade === "rest" ? row.status : undefined) ?? 200)
			: 403;
		expect(status).toBe(expected);
	});

	test.each(Object.entries(badTokens()))("with %s", async (_title, make) => {
		const input = (await row.input?.("dev")) ?? {};
		const token = await make();
		const authorization = token && `Bearer ${token}`;
		const { status, body } = await call(procedure, authorization, input);
		expect(status).toBe(401);
		expect(JSON.stringify(body)).not.toMatch(/github\.com|@example\.com/);
	});

	test("with a token whose roles were removed at the provider", async () => {
		const input = (await row.input?.("dev")) ?? {};
		const token = await provider.mint("rita", { roles: [] });
		const { status } = await call(procedure, `Bearer ${token}`, input);
		expect(status).toBe(403);
	});
});

/** What a program may call that acts for nobody, whatever its roles. */
const openToPrograms = new Set([
	"reports.list",
	"reports.counts",
	"reports.newest",
	"reports.get",
	"reports.version",
	"reports.neighbours",
	"reports.decisions",
	"reports.revisions",
	"reports.approvals",
	"reports.involvement",
	"reports.history",
	"reports.lineage",
	"reports.assessment",
	"reports.issues",
	"servers.list",
	"checklist.get",
	"analytics.summary",
	"analytics.riskDistribution",
	"analytics.overview",
	"audit.list",
]);

describe.each(rows)("%s through %s", (procedure, facade, row) => {
	const call = facades[facade];

	test("as an application with every role and scope", async () => {
		const input = (await row.input?.("dev")) ?? {};
		const token = await provider.mint("dev", {
			sub: "nightly",
			client_id: "nightly",
			email: undefined,
			roles: ["developer", "reviewer", "auditor", "admin"],
		});
		const { status, body } = await call(procedure, `Bearer ${token}`, input);
		expect(status).toBe(openToPrograms.has(procedure) ? 200 : 403);
		if (status === 403) {
			expect(JSON.stringify(body)).toMatch(
				/A person is required to [a-z', ]+: application/,
			);
		}
	});
});

const callable = rows.filter(([, , row]) => row.mayCall.length > 0);

describe.each(callable)("%s through %s", (procedure, facade, row) => {
	const call = facades[facade];

	test("takes the scope of its permission, beside the role", async () => {
		const { access = "" } =
			(
				appRouter._def.procedures as unknown as Record<
					string,
					{ _def: { meta?: { access?: string } } }
				>
			)[procedure]?._def.meta ?? {};
		const who = row.mayCall[0] as Account;
		const input = (await row.input?.(who)) ?? {};
		const all = ["catalogue:read", "reports:read", "reports:read_all"];
		const lacking = [...all, "reports:submit", "reports:decide", "audit:read"];
		const others = [...lacking, "tokens:own"].filter((one) => one !== access);
		const use = async (scopes: string[]) => {
			const scope = ["openid", ...scopes].join(" ");
			const token = await provider.mint(who, { scope });
			return (await call(procedure, `Bearer ${token}`, input)).status;
		};
		expect(await use(others)).toBe(403);
		// Everybody's reports, and making a token for what one has, take another one beside it.
		const { alsoTakes = [] } = row;
		expect(await use([...all, access, ...alsoTakes])).toBe(
			(facade === "rest" ? row.status : undefined) ?? 200,
		);
	});
});

describe.each(["rest", "trpc"] as const)("deciding through %s", (facade) => {
	test.each([
		["the approving client", "review-portal", 200],
		["any other client", "a-cli", 403],
	])("with a token of %s", async (_title, client_id, approved) => {
		const { id } = await pendingReport();
		const authorization = `Bearer ${await provider.mint("rita", { client_id })}`;
		const change = async (status: string) =>
			(
				await facades[facade]("reports.setStatus", authorization, {
					id,
					status,
				})
			).status;
		expect(await change("approved")).toBe(approved);
		if (approved === 403) expect(await change("rejected")).toBe(200);
		expect(await change("pending_review")).toBe(200);
		expect(await change("rejected")).toBe(200);
	});
});

/** What each tool of MCP needs, by hand again. */
const tools: Record<string, string> = {
	check_report: "reports.check",
	submit_report: "reports.submit",
	list_servers: "reports.list",
	get_report: "reports.get",
	review_report: "reports.setStatus",
	withdraw_report: "reports.withdraw",
};

describe.each(Object.entries(tools))("%s through MCP", (tool, procedure) => {
	const row = table[procedure] as Row;

	async function callTool(authorization: string | undefined, input: object) {
		const { report_data, ...others } = input as { report_data?: string };
		return service.ask({
			method: "POST",
			url: "/mcp",
			headers: {
				"content-type": "application/json",
				accept: "application/json, text/event-stream",
				...(authorization && { authorization }),
			},
			payload: {
				jsonrpc: "2.0",
				id: 1,
				method: "tools/call",
				params: {
					name: tool,
					arguments: {
						...others,
						...(report_data && { report_markdown: report_data }),
					},
				},
			},
		});
	}

	test.each(people)("as %s", async (who) => {
		const input = (await row.input?.(who)) ?? {};
		const { status, body } = await callTool(await bearer(who), input);
		expect(status).toBe(row.mayCall.includes(who) ? 200 : 403);
		if (status !== 200) return;
		expect(body.result.isError, JSON.stringify(body)).not.toBe(true);
	});

	test.each(Object.entries(badTokens()))("with %s", async (_title, make) => {
		const token = await make();
		const input = (await row.input?.("dev")) ?? {};
		const answer = await callTool(token && `Bearer ${token}`, input);
		expect(answer.status).toBe(401);
		expect(answer.headers["www-authenticate"]).toContain("resource_metadata=");
	});
});

/** Tokens that prove nothing, all of somebody with every role. */
function badTokens(): Record<string, () => Promise<string | undefined>> {
	const now = () => Math.floor(Date.now() / 1000);
	const roles = ["developer", "reviewer", "auditor", "admin"];
	const claims = () => ({
		...provider.accounts.dev,
		roles,
		sub: "dev",
		iss: provider.issuer,
		aud: provider.audience,
		exp: now() + 600,
	});
	return {
		"no token": async () => undefined,
		"an expired token": () =>
			provider.mint("dev", { roles, exp: now() - 3600 }),
		"a wrong audience": () =>
			provider.mint("dev", { roles, aud: "https://other.example.com" }),
		"a wrong issuer": () =>
			provider.mint("dev", { roles, iss: "https://other.example.com" }),
		"alg none": async () => new UnsecuredJWT(claims()).encode(),
		"a key of somebody else": async () => {
			const { privateKey } = await generateKeyPair("ES256");
			return signWith(privateKey, claims(), { kid: "first" });
		},
		"a tampered payload": async () => {
			const token = await provider.mint("dev");
			const [head, payload = "", signature] = token.split(".");
			const tampered = Buffer.from(payload, "base64url")
				.toString()
				.replace('"developer"', '"developer","reviewer","auditor","admin"');
			return `${head}.${Buffer.from(tampered).toString("base64url")}.${signature}`;
		},
	};
}

describe("probes", () => {
	test.each(open)("%s answers everybody", async (procedure) => {
		const authorizations = [
			undefined,
			"Bearer nonsense",
			await bearer("nobody"),
		];
		for (const authorization of authorizations) {
			expect((await rest(procedure, authorization, {})).status).toBe(200);
			expect((await trpc(procedure, authorization, {})).status).toBe(200);
		}
	});
});

describe("access tokens of our own", () => {
	async function make(who: Account | "both", scopes: string[], changes = {}) {
		const { status, body } = await rest("tokens.create", await bearer(who), {
			name: "CI",
			scopes,
			...changes,
		});
		expect(status).toBe(201);
		return body as { id: string; token: string };
	}

	test("act for their owner, within their scopes and the owner's roles", async () => {
		const { token } = await make("dev", ["reports:submit"]);
		expect(token).toMatch(/^golive_[0-9a-f]{64}$/);
		const authorization = `Bearer ${token}`;
		const report = anonymousReport();
		const submitted = await rest("reports.submit", authorization, report);
		expect(submitted.status).toBe(201);
		expect(submitted.body.developer_email).toBe("dev@example.com");
		const read = await rest("reports.list", authorization, {});
		expect(read.status).toBe(403);
		expect(read.body.detail).toMatch(/does not have the scope reports:read/);
		const summary = await rest("analytics.summary", authorization, {});
		expect(summary.status).toBe(403);
	});

	test("make and revoke no tokens themselves", async () => {
		const { id, token } = await make("dev", ["reports:read"]);
		const authorization = `Bearer ${token}`;
		const input = { name: "more", scopes: ["reports:read"] };
		expect((await rest("tokens.create", authorization, input)).status).toBe(
			403,
		);
		expect((await rest("tokens.revoke", authorization, { id })).status).toBe(
			403,
		);
		const scopes = ["tokens:own"];
		const wide = await rest("tokens.create", await bearer("dev"), {
			name: "wide",
			scopes,
		});
		expect(wide.status).toBe(400);
	});

	test("have no scope that their maker does not have", async () => {
		const { status, body } = await rest("tokens.create", await bearer("dev"), {
			name: "CI",
			scopes: ["reports:submit", "audit:read"],
		});
		expect(status).toBe(403);
		expect(body.detail).toContain("The role auditor is required");
	});

	test("get back no role that was taken away, from an older token of the provider", async () => {
		const old = await provider.mint("aud", {
			iat: Math.floor(Date.now() / 1000) - 300,
		});
		const input = { name: "CI", scopes: ["reports:read_all"] };
		const { token } = (await rest("tokens.create", `Bearer ${old}`, input))
			.body;
		const use = async () =>
			(await rest("analytics.summary", `Bearer ${token}`, {})).status;
		expect(await use()).toBe(200);
		// What signing in keeps.
		await service.db
			.updateTable("people")
			.set({ roles: ["developer"], seen_at: new Date().toISOString() })
			.where("email", "=", "aud@example.com")
			.execute();
		expect(await use()).toBe(403);
		await rest("tokens.create", `Bearer ${old}`, input);
		expect(await use()).toBe(403);
		// A token that was given since says what holds now.
		const now = await provider.mint("aud", {
			iat: Math.floor(Date.now() / 1000) + 2,
		});
		await rest("tokens.create", `Bearer ${now}`, input);
		expect(await use()).toBe(200);
	});

	test("approve nothing by themselves, which takes a person; they reject and reopen", async () => {
		const { token } = await make("rita", ["reports:decide", "reports:read"]);
		const authorization = `Bearer ${token}`;
		const { id } = await pendingReport();
		for (const call of [rest, trpc]) {
			const input = { id, status: "approved" };
			const { status, body } = await call(
				"reports.setStatus",
				authorization,
				input,
			);
			expect(status).toBe(403);
			expect(body.confirmation_url ?? body.error.data.confirmation_url).toMatch(
				/^http:\/\/127\.0\.0\.1:8080\/confirm\/[0-9a-f]{64}$/,
			);
		}
		for (const status of ["rejected", "pending_review"]) {
			const input = { id, status };
			const { body } = await rest("reports.setStatus", authorization, input);
			expect(body.status).toBe(status);
		}
	});

	test("end when they are revoked, by their owner or by an admin, and by nobody else", async () => {
		for (const revoker of ["dev", "adm"]) {
			const { id, token } = await make("dev", ["reports:read"]);
			const use = async () =>
				(await rest("reports.list", `Bearer ${token}`, {})).status;
			expect(await use()).toBe(200);
			const foreign = await rest("tokens.revoke", await bearer("rita"), { id });
			expect(foreign.status).toBe(404);
			expect(await use()).toBe(200);
			const own = await rest("tokens.revoke", await bearer(revoker), { id });
			expect(own.body.revoked_by).toBe(`${revoker}@example.com`);
			expect(await use()).toBe(401);
		}
	});

	test("end by themselves", async () => {
		const { id, token } = await make("dev", ["reports:read"], {
			expires_in_days: 1,
		});
		await service.db
			.updateTable("access_tokens")
			.set({
				created_at: "2020-01-01T00:00:00Z",
				expires_at: "2020-01-02T00:00:00Z",
			})
			.where("id", "=", id)
			.execute();
		const { status } = await rest("reports.list", `Bearer ${token}`, {});
		expect(status).toBe(401);
	});

	test("lose what their owner loses", async () => {
		const { token } = await make("rita", ["reports:read_all", "reports:read"]);
		const use = async () =>
			(await rest("analytics.summary", `Bearer ${token}`, {})).status;
		expect(await use()).toBe(200);
		// What the next sign-in keeps of her.
		await service.db
			.updateTable("people")
			.set({ roles: ["developer"] })
			.where("email", "=", "rita@example.com")
			.execute();
		expect(await use()).toBe(403);
	});

	test("are listed without the token; everybody's for an admin alone", async () => {
		const { id, token } = await make("dev", ["reports:read"]);
		await rest("reports.list", `Bearer ${token}`, {});
		const own = await rest("tokens.list", await bearer("dev"), {});
		expect(JSON.stringify(own.body)).not.toContain(token);
		expect(own.body[0]).toMatchObject({
			id,
			owner: "dev@example.com",
			last_used_at: expect.any(String),
		});
		const input = { owner: "everybody" };
		const foreign = await rest("tokens.list", await bearer("rita"), input);
		expect(foreign.status).toBe(403);
		const all = await rest("tokens.list", await bearer("adm"), input);
		const ids = all.body.map((one: { id: string }) => one.id);
		expect(ids).toContain(id);
	});

	test("are kept as a hash alone", async () => {
		const { token } = await make("dev", ["reports:read"]);
		const rows = await service.db
			.selectFrom("access_tokens")
			.selectAll()
			.execute();
		expect(JSON.stringify(rows)).not.toContain(token);
		expect(service.logs.join("\n")).not.toContain(token);
	});

	test("are listed page by page, those that still count apart from those that ended", async () => {
		const ids: string[] = [];
		for (let n = 0; n < 5; n++) {
			ids.unshift((await make("both", ["reports:read"])).id);
		}
		const authorization = await bearer("both");
		const [newest = "", second = ""] = ids;
		await rest("tokens.revoke", authorization, { id: second });
		const walk = async (filter: Record<string, string>) => {
			const seen: string[] = [];
			let url: string | undefined =
				`/api/v1/tokens?${new URLSearchParams({ limit: "2", ...filter })}`;
			while (url) {
				const { status, body, headers } = await service.ask({
					url,
					headers: { authorization },
				});
				expect(status).toBe(200);
				seen.push(...body.map((token: { id: string }) => token.id));
				url = /^<([^>]+)>; rel="next"$/.exec(String(headers.link ?? ""))?.[1];
			}
			return seen;
		};
		const mine = (list: string[]) => list.filter((id) => ids.includes(id));
		expect(mine(await walk({}))).toEqual(ids);
		expect(await walk({ state: "living" })).toEqual(
			ids.filter((id) => id !== second),
		);
		expect(mine(await walk({ state: "ended" }))).toEqual([second]);
		// A token that ends while somebody reads is still a place to go on from.
		const after = await rest("tokens.list", authorization, {
			state: "living",
			after: second,
		});
		expect(mine(after.body.map(({ id }: { id: string }) => id))).toEqual(
			ids.slice(2),
		);
		const foreign = (await make("dev", ["reports:read"])).id;
		for (const unknown of [foreign, randomUUID()]) {
			const answer = await rest("tokens.list", authorization, {
				after: unknown,
			});
			// Another's tells no more than one that never was.
			expect(answer.status).toBe(400);
			expect(answer.body.detail).toBe(
				`after: There is no access token with the id ${unknown}. Give the id of the last token you have seen, or leave it out to start at the newest.`,
			);
			expect(
				(await rest("tokens.get", authorization, { id: unknown })).status,
			).toBe(404);
		}
		expect(
			(await rest("tokens.get", authorization, { id: newest })).body,
		).toMatchObject({
			id: newest,
			kind: "personal",
			owner: "both@example.com",
		});
	});

	test("are fifty at the most that still count, however many are asked for at once", async () => {
		const authorization = await bearer("ron");
		const ask = () =>
			rest("tokens.create", authorization, {
				name: "CI",
				scopes: ["reports:read"],
			});
		const answers = await Promise.all(Array.from({ length: 60 }, ask));
		const made = answers.filter(({ status }) => status === 201);
		expect(made).toHaveLength(50);
		const refused = answers.find(({ status }) => status === 409);
		expect(refused?.body.detail).toMatch(
			/^ron@example.com has 50 valid access tokens/,
		);
		await rest("tokens.revoke", authorization, { id: made[0]?.body.id });
		expect((await ask()).status).toBe(201);
		expect((await ask()).status).toBe(409);
	});

	test("sleep while their owner has not signed in for long, and wake when they do", async () => {
		const { id, token } = await make("aud", ["reports:read"]);
		const subject = `${provider.issuer} aud`;
		const use = () => rest("reports.list", `Bearer ${token}`, {});
		const setSeen = async (days: number) => {
			await service.db
				.updateTable("people")
				.set({
					seen_at: sql<string>`now() - make_interval(days => ${days})`,
				})
				.where("subject", "=", subject)
				.execute();
		};
		await setSeen(89);
		expect((await use()).status).toBe(200);
		await setSeen(90);
		const asleep = await use();
		expect(asleep.status).toBe(401);
		expect(asleep.body.detail).toMatch(
			/asleep: its owner has not signed in for 90 days/,
		);
		const listed = await rest("tokens.get", await bearer("adm"), { id });
		expect(Date.parse(listed.body.sleeps_at)).toBeLessThanOrEqual(Date.now());
		// Asleep, it still counts, and can be revoked.
		const living = await rest("tokens.list", await bearer("adm"), {
			owner: "aud@example.com",
			state: "living",
		});
		expect(living.body.map((one: { id: string }) => one.id)).toContain(id);
		await setSeen(0);
		expect((await use()).status).toBe(200);
	});

	describe("of services", () => {
		async function makeService(scopes: string[], changes = {}) {
			const authorization = `Bearer ${await provider.mint("adm", { roles: ["admin", "auditor"] })}`;
			return rest("tokens.createService", authorization, {
				name: "Portal",
				owner: "Platform@example.com",
				scopes,
				...changes,
			});
		}

		test("act for nobody: they read what their maker may, and do nothing that takes a person", async () => {
			const { status, body, headers } = (await makeService([
				"catalogue:read",
				"reports:read",
				"reports:read_all",
				"audit:read",
			])) as Awaited<ReturnType<typeof rest>> & {
				headers: Record<string, string>;
			};
			expect(status).toBe(201);
			expect(headers.location).toBe(`/api/v1/tokens/${body.id}`);
			expect(body).toMatchObject({
				kind: "service",
				owner: "platform@example.com",
				sleeps_at: null,
			});
			const authorization = `Bearer ${body.token}`;
			const may = new Set([
				...["reports.list", "reports.counts", "reports.newest", "reports.get"],
				...["reports.version", "reports.neighbours", "reports.decisions"],
				...["reports.revisions", "reports.approvals", "reports.involvement"],
				...["reports.history", "reports.lineage"],
				...["reports.assessment", "reports.issues", "servers.list"],
				...["checklist.get", "analytics.summary", "audit.list"],
				...["analytics.riskDistribution", "analytics.overview"],
			]);
			for (const [procedure, row] of Object.entries(table)) {
				const input = (await row.input?.("dev")) ?? {};
				for (const facade of inRest.has(procedure) ? [rest, trpc] : [trpc]) {
					const answer = await facade(procedure, authorization, input);
					expect(answer.status, procedure).toBe(may.has(procedure) ? 200 : 403);
				}
			}
		});

		test("are fifty at the most for one group, whichever admins make them at once", async () => {
			const admins = await Promise.all(
				["adm", "dev", "rita", "ron", "both", "aud"].map((account) =>
					provider.mint(account, { roles: ["admin"] }),
				),
			);
			const answers = await Promise.all(
				Array.from({ length: 66 }, (_, n) =>
					rest("tokens.createService", `Bearer ${admins[n % 6]}`, {
						name: "Portal",
						owner: "many@example.com",
						scopes: ["catalogue:read"],
					}),
				),
			);
			const statuses = answers.map(({ status }) => status);
			expect(statuses.filter((status) => status === 201)).toHaveLength(50);
			expect(statuses.filter((status) => status === 409)).toHaveLength(16);
			// Whoever was an admin for this test is what they are.
			for (const account of people) {
				await service.db
					.updateTable("people")
					.set({ roles: provider.accounts[account]?.roles as Role[] })
					.where("subject", "=", `${provider.issuer} ${account}`)
					.execute();
			}
		});

		test("have no scope that takes a person, whoever asks and whatever the database says", async () => {
			expect(grantService(personalPermissions)).toEqual(new Set());
			for (const scope of personalPermissions) {
				const { status } = await makeService([scope]);
				expect(status, scope).toBe(400);
				await expect(
					service.db
						.insertInto("access_tokens")
						.values({
							service_owner: "platform@example.com",
							owner_subject: null,
							name: "x",
							token_sha256: "0".repeat(64),
							scopes: [scope],
							expires_at: "2100-01-01T00:00:00Z",
						})
						.execute(),
				).rejects.toThrow("tokens_of_services_are_impersonal");
			}
		});

		test("have no scope that their maker lacks, an end within 366 days, and a group's address", async () => {
			const asAdmin = await bearer("adm");
			const beyond = await rest("tokens.createService", asAdmin, {
				name: "Portal",
				owner: "platform@example.com",
				scopes: ["audit:read"],
			});
			expect(beyond.status).toBe(403);
			for (const changes of [
				{ owner: "platform" },
				{ owner: "a@b@example.com" },
				{ owner: undefined },
				{ expires_in_days: 367 },
			]) {
				const { status } = await makeService(["catalogue:read"], changes);
				expect(status, JSON.stringify(changes)).toBe(400);
			}
		});

		test("are seen and revoked by any admin, do not sleep, and stand in the audit log as the group's", async () => {
			const { body } = await makeService(["catalogue:read", "reports:read"]);
			const authorization = `Bearer ${body.token}`;
			const use = async () =>
				(await rest("checklist.get", authorization, {})).status;
			expect(await use()).toBe(200);
			await rest("audit.list", authorization, {});
			// Its group is no developer: nothing is its own.
			expect((await rest("reports.list", authorization, {})).body).toEqual([]);
			const all = { owner: "everybody", state: "living" };
			const listed = await rest("tokens.list", await bearer("adm"), all);
			expect(listed.body.map((one: { id: string }) => one.id)).toContain(
				body.id,
			);
			const foreign = await rest("tokens.get", await bearer("dev"), {
				id: body.id,
			});
			expect(foreign.status).toBe(404);
			await rest("tokens.revoke", await bearer("adm"), { id: body.id });
			expect(await use()).toBe(401);
			const recorded = await service.db
				.selectFrom("audit_log")
				.select(["action", "actor", "actor_subject", "target", "after"])
				.where((eb) =>
					eb.or([
						eb("target", "=", body.id),
						eb("actor_subject", "=", `service-token ${body.id}`),
					]),
				)
				.orderBy(sql`seq::bigint`)
				.execute();
			expect(recorded).toMatchObject([
				{
					action: "token_created",
					actor: "adm@example.com",
					after: { service_owner: "platform@example.com" },
				},
				{
					action: "action_refused",
					actor: "platform@example.com",
					target: "audit.list",
				},
				{
					action: "token_revoked",
					actor: "adm@example.com",
					after: { owner: "platform@example.com" },
				},
			]);
		});
	});

	describe("on the command line", () => {
		const run = (...args: string[]) =>
			runCommand(["tokens", ...args], { DATABASE_URL: service.databaseUrl });

		test("are made, listed and revoked for somebody who has signed in", async () => {
			await make("aud", ["reports:read"]);
			const owner = ["--owner", "Aud@example.com"];
			const made = await run(
				"create",
				...owner,
				...["--name", "nightly", "--scopes", "audit:read,reports:read_all"],
				...["--days", "7"],
			);
			expect(made.code).toBe(0);
			const [token] = made.stdout.split("\n");
			const use = async () =>
				(await rest("analytics.summary", `Bearer ${token}`, {})).status;
			expect(await use()).toBe(200);
			const listed = await run("list", ...owner);
			expect(listed.stdout).not.toContain(token);
			const line = listed.stdout.split("\n").find((one) => /nightly/.test(one));
			const id = line?.split("\t")[0] ?? "";
			const revoked = await run("revoke", id, ...owner);
			expect(revoked.stdout).toContain("was revoked");
			expect(await use()).toBe(401);
		});

		test("are listed and revoked for all who share an address, and made for none of them", async () => {
			const { id } = await make("dev", ["reports:read"]);
			await service.db
				.insertInto("people")
				.columns(["subject", "email", "email_canonical", "roles"])
				.expression((eb) =>
					eb
						.selectFrom("people")
						.select([sql.lit("another registration").as("subject")])
						.select(["email", "email_canonical", "roles"])
						.where("email", "=", "dev@example.com"),
				)
				.execute();
			onTestFinished(async () => {
				await service.db
					.deleteFrom("people")
					.where("subject", "=", "another registration")
					.execute();
			});
			const owner = ["--owner", "dev@example.com"];
			const made = await run("create", ...owner, "--name", "x");
			expect(made).toMatchObject({ code: 1, stdout: "" });
			expect(made.stderr).toContain("Several people have signed in as");
			expect((await run("list", ...owner)).stdout).toContain(id);
			const revoked = await run("revoke", id, ...owner);
			expect(revoked.stdout).toContain(`(${id}) was revoked`);
			const nobodys = await run("revoke", randomUUID(), ...owner);
			expect(nobodys.code).toBe(1);
			expect(nobodys.stderr).toContain("There is no access token");
		});

		test.each([
			[["list"], /--owner/],
			[["list", "--owner", "who@example.com"], /has signed in yet/],
			[["create", "--owner", "aud@example.com"], /name: Must not be empty/],
			[["revoke", "x", "--owner", "aud@example.com"], /id: Must be a UUID/],
		])("%j says what is missing", async (args, words) => {
			const { code, stderr } = await run(...args);
			expect(code).toBe(1);
			expect(stderr).toMatch(words);
		});
	});
});
