import { randomUUID } from "node:crypto";
import type { JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { localContext } from "../../src/commands/local-context.ts";
import { runTokensCommand } from "../../src/commands/tokens.ts";
import type { Config } from "../../src/core/config.ts";
import { openDatabase } from "../../src/platform/postgres/database.ts";
import { migrateDatabase } from "../../src/platform/postgres/migrations.ts";
import { openWorkers } from "../../src/platform/workers/pool.ts";
import { authorize } from "../support/authorize.ts";
import { fillTemplate } from "../support/fill-template.ts";
import { databaseUrl, onServer } from "../support/global-setup.ts";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

/** Somebody with a token of the provider, who asks a service. */
interface Person {
	sub: string;
	email: string;
	roles: string[];
}

/** Somebody whom nothing else in these tests knows. */
function somebody(
	roles: string[],
	email = `${randomUUID()}@example.com`,
): Person {
	return { sub: `sub-${randomUUID()}`, email, roles };
}

async function bearer(person: Partial<Person>, changes: JWTPayload = {}) {
	const token = await provider.mint("dev", { ...person, ...changes });
	return { authorization: `Bearer ${token}` };
}

async function askAs(
	person: Person,
	url: string,
	{
		payload,
		method,
		at = service,
	}: {
		payload?: object;
		method?: "POST" | "PATCH";
		at?: TestService;
	} = {},
) {
	return at.ask({
		method: method ?? (payload ? "POST" : "GET"),
		url,
		headers: await bearer(person),
		...(payload && { payload }),
	});
}

async function submitAs(person: Person, changes = {}, at = service) {
	const { developer_email, ...payload } = newReport({
		// One reviewer is enough for it.
		report_data: fillTemplate(),
		...changes,
	});
	const { status, body } = await askAs(person, "/api/v1/reports", {
		payload,
		at,
	});
	expect(status, JSON.stringify(body)).toBe(201);
	return body;
}

const approveAs = (person: Person, id: string, at = service) =>
	askAs(person, `/api/v1/reports/${id}/status`, {
		method: "PATCH",
		payload: { status: "approved" },
		at,
	});

const trpc = (path: string, input: object) =>
	`/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`;

async function callToolAs(
	person: Person,
	name: string,
	args: object,
): Promise<string> {
	const answer = await service.app.inject({
		method: "POST",
		url: "/mcp",
		headers: {
			...(await bearer(person)),
			accept: "application/json, text/event-stream",
		},
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: { name, arguments: args },
		},
	});
	return answer.body;
}

/** A browser in which an account with these claims is signed in. */
async function browserOf(person: Person, at = service) {
	const { sub, ...account } = person;
	provider.accounts[sub] = { name: "Somebody", ...account };
	const browser = visit(at);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), sub);
	const answer = await browser.open(`${back.pathname}${back.search}`);
	return { ...browser, answer };
}

const grave =
	"# Go-Live Report\n\n## Phase 1: Security\n\n| Check | Status | Evidence |\n|---|---|---|\n| SEC-4 Lethal trifecta | ❌ Fail | all three |\n";

describe("an e-mail address owns nothing:", () => {
	/** Another account with the victim's very address, as the provider says. */
	async function double() {
		const victim = somebody(["developer"]);
		const report = await submitAs(victim);
		const other = somebody(["developer"], victim.email);
		return { victim, report, other };
	}

	test("its report is not there for another account, over REST, tRPC and MCP", async () => {
		const { victim, report, other } = await double();
		const { id } = report;
		for (const url of [
			`/api/v1/reports/${id}`,
			`/api/v1/reports/${id}/assessment`,
			`/api/v1/reports/${id}/decisions`,
			`/api/v1/reports/${id}/approvals`,
			`/api/v1/reports/${id}/revisions`,
			`/api/v1/reports/${id}/neighbours`,
			trpc("reports.get", { id }),
			trpc("reports.version", { id }),
		]) {
			expect((await askAs(victim, url)).status, url).toBe(200);
			expect((await askAs(other, url)).status, url).toBe(404);
		}
		const withdraw = `/api/v1/reports/${id}/withdraw`;
		expect((await askAs(other, withdraw, { payload: {} })).status).toBe(404);
		for (const url of [
			"/api/v1/reports",
			`/api/v1/reports?search=${victim.email}`,
			trpc("reports.list", {}),
		]) {
			expect(JSON.stringify((await askAs(victim, url)).body)).toContain(id);
			expect(JSON.stringify((await askAs(other, url)).body)).not.toContain(id);
		}
		expect((await askAs(other, "/api/v1/reports/counts")).body.all).toBe(0);
		expect((await askAs(other, "/api/v1/reports/newest")).body).toMatchObject({
			pending_review: 0,
			newest_id: null,
		});
		expect((await askAs(other, `/api/v1/reports?after=${id}`)).status).toBe(
			400,
		);
		expect(await callToolAs(victim, "get_report", { id })).toContain(
			report.server_name,
		);
		expect(await callToolAs(other, "get_report", { id })).not.toContain(
			report.server_name,
		);
	});

	test("nor on the pages, and no link leads there", async () => {
		const { victim, report, other } = await double();
		const reviewer = somebody(["reviewer"]);
		expect((await approveAs(reviewer, report.id)).body.status).toBe("approved");
		const links = new RegExp(`href="/reports/${report.id}`);
		for (const [person, seen] of [
			[victim, true],
			[other, false],
		] as const) {
			const browser = await browserOf(person);
			const page = await browser.open(`/reports/${report.id}`);
			expect(page.status).toBe(seen ? 200 : 404);
			const { html } = await browser.open(`/servers?search=${victim.email}`);
			expect(html).toContain(victim.email);
			expect(links.test(html)).toBe(seen);
			const queue = await browser.open("/?status=all");
			expect(queue.html.includes(report.id)).toBe(seen);
		}
		const servers = `/api/v1/servers?search=${victim.email}`;
		expect((await askAs(victim, servers)).body[0].is_own).toBe(true);
		expect((await askAs(other, servers)).body[0].is_own).toBe(false);
		expect((await askAs(reviewer, servers)).body[0].is_own).toBe(false);
	});

	test("an address that says a subject is none, at every door", async () => {
		const victim = somebody(["developer"]);
		const { id } = await submitAs(victim);
		for (const email of [
			`${provider.issuer} ${victim.sub}`,
			`${provider.issuer} ${victim.sub}@example.com`,
			victim.sub,
		]) {
			const thief = somebody(["developer"], email);
			for (const url of [
				"/api/v1/reports",
				`/api/v1/reports/${id}`,
				trpc("reports.list", {}),
			]) {
				const { status, body } = await askAs(thief, url);
				expect(status, url).toBe(401);
				expect(body.id).toBeUndefined();
			}
			expect(await callToolAs(thief, "get_report", { id })).not.toContain(
				"mcp-servicenow",
			);
			const browser = await browserOf(thief);
			expect(browser.answer.status).toBe(403);
			expect(browser.answer.html).toContain("is not an e-mail address");
			expect((await browser.open(`/reports/${id}`)).status).toBe(303);
		}
		expect((await askAs(victim, `/api/v1/reports/${id}`)).status).toBe(200);
	});

	test("whose address changes keeps the reports, and who has it next gets none", async () => {
		const person = somebody(["developer"]);
		const { id } = await submitAs(person);
		const renamed = { ...person, email: `new-${person.email}` };
		expect((await askAs(renamed, `/api/v1/reports/${id}`)).status).toBe(200);
		const next = somebody(["developer"], person.email);
		expect((await askAs(next, `/api/v1/reports/${id}`)).status).toBe(404);
		const withdraw = `/api/v1/reports/${id}/withdraw`;
		expect((await askAs(renamed, withdraw, { payload: {} })).body.status).toBe(
			"rejected",
		);
	});
});

/** Two accounts of one person each, by how the address is spelled in them. */
const doubles: [one: string, other: string][] = [
	["åsa@example.com", "Åsa@example.com"],
	["åsa@example.com", "a\u030Asa@example.com"],
	["a@bücher.no", "a@xn--bcher-kva.no"],
	["a@BÜCHER.no", "a@bücher.no."],
	["øystein@example.com", "ØYSTEIN@EXAMPLE.COM"],
	["kari@example.com", "ｋａｒｉ@example.com"],
	["νίκος@example.gr", "ΝΊΚΟΣ@example.gr"],
	["kari@example.com", "kari+second@example.com"],
	["kari+first@example.com", "Kari+second@example.com"],
];

/** The same rules, whatever the database takes for lower case. */
const locales: [what: string, options: string][] = [
	[
		"of the service's own kind",
		"LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
	],
	["of locale C", "LOCALE_PROVIDER libc LOCALE 'C'"],
];

describe.each(locales)(
	"in a database %s, two accounts are one person:",
	(_what, options) => {
		let own: TestService;

		beforeAll(async () => {
			const serverUrl = inject("serverUrl");
			const name = `go_live_${randomUUID().replaceAll("-", "")}`;
			await onServer(
				serverUrl,
				`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' ${options}`,
			);
			afterAll(() => onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`));
			const url = databaseUrl(serverUrl, name);
			const db = openDatabase(url, { poolSize: 1 });
			await migrateDatabase(db);
			await db.destroy();
			own = await startService(afterAll, {
				...provider.settings(publicUrl),
				databaseUrl: url,
			});
		});

		test.each(doubles)(
			"%s submits, and %s does not approve",
			async (one, other) => {
				const submitter = somebody(["developer"], one);
				const { id } = await submitAs(submitter, {}, own);
				const reviewer = somebody(["reviewer"], other);
				const { status, body } = await approveAs(reviewer, id, own);
				expect(status).toBe(403);
				expect(body.detail).toMatch(/somebody else must approve/);
				// Nor for what another submits later.
				const again = await submitAs(somebody(["developer"]), {}, own);
				expect((await approveAs(reviewer, again.id, own)).status).toBe(200);
				const browser = await browserOf(reviewer, own);
				const page = await browser.open(`/reports/${id}`);
				expect(page.html).toContain(
					"You submitted a report for this repository",
				);
			},
		);

		test.each(doubles)(
			"%s approves, and %s is no second reviewer",
			async (one, other) => {
				const { id } = await submitAs(
					somebody(["developer"]),
					{ report_data: grave },
					own,
				);
				expect(
					(await approveAs(somebody(["reviewer"], one), id, own)).body,
				).toMatchObject({
					status: "pending_review",
					approvals: 1,
				});
				const second = await approveAs(somebody(["reviewer"], other), id, own);
				expect(second.status).toBe(409);
				expect(second.body.detail).toMatch(/already approved this report/);
				const third = await approveAs(somebody(["reviewer"]), id, own);
				expect(third.body.status).toBe("approved");
			},
		);

		test("one is found by whatever spelling, in the audit log and by the command line", async () => {
			const name = `åsa-${randomUUID()}`;
			const person = somebody(["auditor"], `${name}@Bücher.no`);
			await browserOf(person, own);
			for (const actor of [
				person.email,
				person.email.toUpperCase(),
				person.email.normalize("NFD"),
				`${name}@xn--bcher-kva.no`,
			]) {
				const found = await askAs(
					person,
					`/api/v1/audit?method=session&actor=${encodeURIComponent(actor)}`,
					{ at: own },
				);
				expect(
					found.body.map(({ action }: { action: string }) => action),
					actor,
				).toEqual(["signed_in"]);
				const { db, app } = own;
				const context = localContext(
					db,
					provider.settings(publicUrl) as Config,
					app.log as never,
					openWorkers(app.log),
					"command_line",
				);
				await runTokensCommand(context, {
					action: "list",
					id: undefined,
					owner: actor,
				});
			}
		});
	},
);

test("tags count where the house says so", async () => {
	const own = await startService(undefined, {
		...provider.settings(publicUrl),
		PLUS_ADDRESSES: "different",
	});
	const { id } = await submitAs(
		somebody(["developer"], "kari@example.com"),
		{ report_data: grave },
		own,
	);
	const first = await approveAs(
		somebody(["reviewer"], "kari+b@example.com"),
		id,
		own,
	);
	expect(first.body).toMatchObject({ status: "pending_review", approvals: 1 });
	const same = await approveAs(
		somebody(["reviewer"], "KARI+B@example.com"),
		id,
		own,
	);
	expect(same.status).toBe(409);
	// Changed meanwhile: who were two are one, and the next reviewer counts as the second.
	await approveAs(somebody(["reviewer"], "ola+a@example.com"), id, own);
	const { id: next } = await submitAs(
		somebody(["developer"]),
		{ report_data: grave },
		own,
	);
	const strict = await startService(undefined, {
		...provider.settings(publicUrl),
		databaseUrl: own.databaseUrl,
		APPROVAL_QUORUM: 3,
	});
	const loose = await startService(undefined, {
		...provider.settings(publicUrl),
		databaseUrl: own.databaseUrl,
		PLUS_ADDRESSES: "different",
		APPROVAL_QUORUM: 3,
	});
	await approveAs(somebody(["reviewer"], "rita+a@example.com"), next, loose);
	const two = await approveAs(
		somebody(["reviewer"], "rita+b@example.com"),
		next,
		loose,
	);
	expect(two.body.approvals).toBe(2);
	const third = await approveAs(somebody(["reviewer"]), next, strict);
	expect(third.body).toMatchObject({ status: "pending_review", approvals: 2 });
	const fourth = await approveAs(somebody(["reviewer"]), next, strict);
	expect(fourth.body.status).toBe("approved");
});

test("the same sub at another issuer is another person, who owns other reports", async () => {
	const person = somebody(["developer"]);
	const mine = await submitAs(person);
	const { repository_key: key } = await service.db
		.selectFrom("mcp_server_reports")
		.select("repository_key")
		.where("id", "=", mine.id)
		.executeTakeFirstOrThrow();
	const theirs = await service.db
		.insertInto("mcp_server_reports")
		.values({
			...newReport(),
			developer_email: person.email,
			repository_key: `${key}-2`,
			revision: 1,
			content_sha256: "0".repeat(64),
			owner_issuer: "https://other.example.com",
			owner_sub: person.sub,
		})
		.returning("id")
		.executeTakeFirstOrThrow();
	const { body } = await askAs(person, "/api/v1/reports");
	expect(body.map(({ id }: { id: string }) => id)).toEqual([mine.id]);
	expect((await askAs(person, `/api/v1/reports/${theirs.id}`)).status).toBe(
		404,
	);
});

describe("a report of a time when nobody signed in", () => {
	/** Two services on one database: as it was, and as people sign in. */
	async function upgraded(settings: Partial<Config> = {}) {
		const before = await startService();
		const after = await startService(undefined, {
			...provider.settings(publicUrl),
			databaseUrl: before.databaseUrl,
			...settings,
		});
		return { before, after };
	}
	const idsOf = async (person: Person, at: TestService) =>
		(await askAs(person, "/api/v1/reports", { at })).body.map(
			({ id }: { id: string }) => id,
		);

	test("is whoever's who first proves the address, and never another's", async () => {
		const { before, after } = await upgraded();
		const mine = await submit(before, { developer_email: "Åsa@Bücher.no" });
		const others = await submit(before, { developer_email: "åse@bücher.no" });
		const tagged = await submit(before, {
			developer_email: "åsa+mcp@bücher.no",
		});
		const owner = somebody(["developer"], "åsa@xn--bcher-kva.no");
		expect(await idsOf(owner, after)).toEqual([mine.id]);
		const double = somebody(["developer"], "ÅSA@bücher.no");
		expect(await idsOf(double, after)).toEqual([]);
		expect(
			(await askAs(double, `/api/v1/reports/${mine.id}`, { at: after })).status,
		).toBe(404);
		const auditor = somebody(["auditor"]);
		const { body } = await askAs(
			auditor,
			"/api/v1/audit?action=report_claimed",
			{ at: after },
		);
		expect(body).toEqual([
			expect.objectContaining({
				actor: owner.email,
				actor_subject: `${provider.issuer} ${owner.sub}`,
				method: "oidc",
				report_id: mine.id,
				after: {
					developer_email: "Åsa@Bücher.no",
					repository_url: mine.repository_url,
					revision: "1",
				},
			}),
		]);
		const withdraw = `/api/v1/reports/${mine.id}/withdraw`;
		expect(
			(await askAs(owner, withdraw, { payload: {}, at: after })).body.status,
		).toBe("rejected");
		for (const { id } of [others, tagged]) {
			expect(
				(await askAs(owner, `/api/v1/reports/${id}`, { at: after })).status,
			).toBe(404);
		}
	});

	test("is not claimed by an access token of the service's own, which proves no address now", async () => {
		const { before, after } = await upgraded();
		const owner = somebody(["developer"]);
		const made = await askAs(owner, "/api/v1/tokens", {
			payload: { name: "CI", scopes: ["reports:read"] },
			at: after,
		});
		const { id } = await submit(before, { developer_email: owner.email });
		const restarted = await startService(undefined, {
			...provider.settings(publicUrl),
			databaseUrl: before.databaseUrl,
		});
		const { status, body } = await restarted.ask({
			url: "/api/v1/reports",
			headers: { authorization: `Bearer ${made.body.token}` },
		});
		expect({ status, body }).toEqual({ status: 200, body: [] });
		expect(await idsOf(owner, restarted)).toEqual([id]);
	});

	test("is claimed by signing in to the pages, too", async () => {
		const { before, after } = await upgraded();
		const first = await submit(before, { developer_email: "kari@example.com" });
		const second = await submit(before, {
			developer_email: "KARI@example.com",
		});
		const browser = await browserOf(
			somebody(["developer"], "Kari@example.com"),
			after,
		);
		const { html } = await browser.open("/");
		expect(html).toContain(first.id);
		expect(html).toContain(second.id);
		const auditor = somebody(["auditor"]);
		const { body } = await askAs(auditor, "/api/v1/audit", { at: after });
		expect(
			body.map(({ action }: { action: string }) => action).slice(0, 3),
		).toEqual(["signed_in", "report_claimed", "report_claimed"]);
	});

	test("is one person's when two accounts claim it at the same time", async () => {
		const { before, after } = await upgraded();
		const ids = [];
		for (let n = 0; n < 5; n++) {
			ids.push(
				(await submit(before, { developer_email: "kari@example.com" })).id,
			);
		}
		const people = Array.from({ length: 6 }, () =>
			somebody(["developer"], "kari@example.com"),
		);
		const lists: string[][] = await Promise.all(
			people.map((person) => idsOf(person, after)),
		);
		const owning = lists.filter((list) => list.length > 0);
		expect(owning).toHaveLength(1);
		expect(owning[0]?.sort()).toEqual(ids.sort());
		const { body } = await askAs(
			somebody(["auditor"]),
			"/api/v1/audit?action=report_claimed",
			{ at: after },
		);
		expect(body).toHaveLength(5);
	});

	test("counts for four eyes by its address, claimed or not, whoever owns it", async () => {
		const { before, after } = await upgraded();
		const reviewer = (email: string) => somebody(["reviewer"], email);
		const { id } = await submit(before, {
			developer_email: "kari@example.com",
			report_data: fillTemplate(),
		});
		const isRefused = async (person: Person) =>
			(await approveAs(person, id, after)).status === 403;
		// The reviewer's own token claims it on the way.
		const owner = reviewer("kari@example.com");
		expect(await isRefused(owner)).toBe(true);
		expect(await isRefused(reviewer("KARI@example.com"))).toBe(true);
		expect(await isRefused(reviewer("kari+x@example.com"))).toBe(true);
		expect(await isRefused({ ...owner, email: "renamed@example.com" })).toBe(
			true,
		);
		expect(
			(await approveAs(reviewer("ola@example.com"), id, after)).body.status,
		).toBe("approved");
	});

	test("is withdrawn where nobody signs in by its address, however that is spelled", async () => {
		const { before } = await upgraded();
		const { id } = await submit(before, { developer_email: "Åsa@bücher.no" });
		const withdraw = (developer_email: string) =>
			before.ask({
				method: "POST",
				url: `/api/v1/reports/${id}/withdraw`,
				payload: { developer_email },
			});
		expect((await withdraw("asa@bücher.no")).status).toBe(403);
		expect((await withdraw("a\u030Asa@xn--bcher-kva.no")).body.status).toBe(
			"rejected",
		);
		// What is no address decides as before.
		const other = await submit(before);
		const decided = await decide(before, other.id, "approved", {
			reviewed_by: "the platform team",
		});
		expect(decided.body.reviewed_by).toBe("the platform team");
	});
});

describe("an address counts when the provider calls it verified:", () => {
	const required = { required: 401, trusted: 401 };
	const always = { required: 200, trusted: 200 };
	const ifTrusted = { required: 401, trusted: 200 };
	const cases: [
		what: string,
		claims: Record<string, unknown>,
		status: { required: number; trusted: number },
	][] = [
		["true", { email_verified: true }, always],
		['"true"', { email_verified: "true" }, always],
		["nothing", {}, ifTrusted],
		...[
			false,
			"false",
			"False",
			"True",
			"TRUE",
			0,
			1,
			"1",
			null,
			"no",
			"yes",
			"",
			[],
			[true],
			{},
		].map((value): (typeof cases)[number] => [
			JSON.stringify(value),
			{ email_verified: value },
			required,
		]),
		...[true, "true", 1, "1"].map((value): (typeof cases)[number] => [
			`xms_edov ${JSON.stringify(value)}`,
			{ xms_edov: value },
			always,
		]),
		...[false, "false", 0, "0", null, "True", 2, []].map(
			(value): (typeof cases)[number] => [
				`xms_edov ${JSON.stringify(value)}`,
				{ xms_edov: value },
				required,
			],
		),
		["yes and no", { email_verified: true, xms_edov: false }, required],
		["no and yes", { email_verified: false, xms_edov: true }, required],
	];
	let trusting: TestService;
	beforeAll(async () => {
		trusting = await startService(afterAll, {
			...provider.settings(publicUrl),
			OIDC_EMAIL_VERIFIED: "trusted",
		});
	});

	test.each(cases)("%s", async (_what, claims, status) => {
		const person = somebody(["developer"]);
		const headers = await bearer(person, {
			email_verified: undefined,
			...claims,
		});
		const url = "/api/v1/reports";
		expect((await service.ask({ url, headers })).status).toBe(status.required);
		expect((await trusting.ask({ url, headers })).status).toBe(status.trusted);
	});

	test("and the claim that it is about, and no other", async () => {
		const of = async (settings: Partial<Config>) =>
			startService(undefined, {
				...provider.settings(publicUrl),
				OIDC_EMAIL_CLAIM: "preferred_username",
				...settings,
			});
		const claim = async (changes: JWTPayload) => ({
			url: "/api/v1/reports",
			headers: await bearer(somebody(["developer"], "me@example.com"), changes),
		});
		const another = await claim({ preferred_username: "victim@example.com" });
		const same = await claim({ preferred_username: "ME@example.com" });
		const strict = await of({});
		expect((await strict.ask(another)).status).toBe(401);
		expect((await strict.ask(same)).status).toBe(200);
		expect(
			(await (await of({ OIDC_EMAIL_VERIFIED: "trusted" })).ask(another))
				.status,
		).toBe(200);
	});

	test("the refusal names the setting, and the log says so without an address", async () => {
		const person = somebody(["developer"]);
		const headers = await bearer(person, { email_verified: undefined });
		const { body } = await service.ask({ url: "/api/v1/reports", headers });
		expect(body.detail).toContain("OIDC_EMAIL_VERIFIED=trusted");
		const browserless = await bearer(somebody(["developer"], "no address"));
		await service.ask({ url: "/api/v1/reports", headers: browserless });
		const lines = service.logs.filter((line) =>
			line.includes("the claims of a token are refused"),
		);
		expect(lines.join("\n")).toContain("OIDC_EMAIL_VERIFIED=trusted");
		expect(lines.join("\n")).toContain(
			"The token's claim email is not an e-mail address",
		);
		expect(lines.join("\n")).not.toContain(person.email);
		expect(lines.join("\n")).not.toContain('no address"');
	});

	test("also at the pages, with a sentence on the page and in the log", async () => {
		const own = await startService(undefined, provider.settings(publicUrl));
		const browser = await browserOf(
			somebody(["developer"], "ka\u200Bri@example.com"),
			own,
		);
		expect(browser.answer.status).toBe(403);
		expect(browser.answer.html).toContain("is not an e-mail address");
		const line = own.logs.find((one) => one.includes("sign-in refused")) ?? "";
		expect(JSON.parse(line)).toMatchObject({
			reason: "unfit_claims",
			detail: expect.stringContaining(
				"The token's claim email is not an e-mail address",
			),
		});
	});
});

test("who signed in under what is no address before signs in anew", async () => {
	const person = somebody(["developer"]);
	const browser = await browserOf(person);
	const { body } = await askAs(person, "/api/v1/tokens", {
		payload: { name: "CI", scopes: ["reports:read"] },
	});
	const own = () =>
		service.ask({
			url: "/api/v1/reports",
			headers: { authorization: `Bearer ${body.token}` },
		});
	expect((await own()).status).toBe(200);
	expect((await browser.open("/")).status).toBe(200);
	const subject = `${provider.issuer} ${person.sub}`;
	await service.db
		.updateTable("people")
		.set({ email_canonical: null })
		.where("subject", "=", subject)
		.execute();
	expect((await own()).status).toBe(401);
	expect((await browser.open("/")).status).toBe(303);
	await browserOf(person);
	expect((await own()).status).toBe(200);
});
