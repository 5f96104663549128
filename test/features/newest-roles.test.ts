import { sql } from "kysely";
import { beforeEach, describe, expect, test } from "vitest";
import { authorize } from "../support/authorize.ts";
import { startService, type TestService } from "../support/helpers.ts";
import { visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;

beforeEach(async () => {
	provider = await startProvider(publicUrl);
	service = await startService(undefined, provider.settings(publicUrl));
});

/** Seconds since 1970, so many from now. */
const second = (after: number) => Math.floor(Date.now() / 1000) + after;

/** Whether the figures over all reports can be read, which takes the role reviewer. */
async function reads(token: string, of = service): Promise<boolean> {
	const { status } = await of.ask({
		url: "/api/v1/reports/analytics/summary",
		headers: { authorization: `Bearer ${token}` },
	});
	expect([200, 403]).toContain(status);
	return status === 200;
}

/** A token of rita's, a reviewer, issued so many seconds from now. */
const tokenAt = (after: number, changes = {}) =>
	provider.mint("rita", { iat: second(after), ...changes });

async function ownToken(): Promise<string> {
	const { status, body } = await service.ask({
		method: "POST",
		url: "/api/v1/tokens",
		headers: { authorization: `Bearer ${await tokenAt(-60)}` },
		payload: { name: "CI", scopes: ["reports:read_all"] },
	});
	expect(status).toBe(201);
	return body.token;
}

/** What the database keeps of rita, with the transaction that wrote it last. */
function known() {
	return service.db
		.selectFrom("people")
		.where("subject", "=", `${provider.issuer} rita`)
		.select(["email", "roles"])
		.select(sql<string>`xmin::text`.as("written"))
		.executeTakeFirst();
}

/** A browser in which rita is signed in. */
async function signIn(of = service) {
	const browser = visit(of);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), "rita");
	await browser.open(`${back.pathname}${back.search}`);
	return async () => (await browser.open("/overview")).status;
}

test("a role that the newest token no longer has is gone at once: from sessions, own tokens and older tokens", async () => {
	const old = await tokenAt(-60);
	const own = await ownToken();
	const session = await signIn();
	expect(await reads(old)).toBe(true);
	expect(await reads(own)).toBe(true);
	expect(await session()).toBe(200);
	const without = await tokenAt(2, { roles: ["developer"] });
	expect(await reads(without)).toBe(false);
	expect(await reads(own)).toBe(false);
	expect(await session()).toBe(403);
	expect(await reads(old)).toBe(false);
	// What a still newer token has, holds again.
	expect(await reads(await tokenAt(4))).toBe(true);
	expect(await reads(own)).toBe(true);
	expect(await session()).toBe(200);
});

test("what one instance has seen holds at the others", async () => {
	const other = await startService(undefined, {
		...provider.settings(publicUrl),
		databaseUrl: service.databaseUrl,
	});
	const old = await tokenAt(-60);
	expect(await reads(old, other)).toBe(true);
	await reads(await tokenAt(-30, { roles: [] }));
	expect(await reads(old, other)).toBe(false);
});

test("a token is written down once, and an older one not at all", async () => {
	const old = await tokenAt(-60);
	const token = await tokenAt(-30, { email: "rita.new@example.com" });
	await reads(token);
	const first = await known();
	expect(first).toMatchObject({ email: "rita.new@example.com" });
	for (const one of [token, token, old]) await reads(one);
	expect(await known()).toEqual(first);
});

test("an older token adds no role that is not in the newest, and keeps none of its own", async () => {
	await reads(await tokenAt(-30, { roles: ["developer"] }));
	const old = await tokenAt(-60, { roles: ["reviewer", "auditor"] });
	expect(await reads(old)).toBe(false);
	expect(await known()).toMatchObject({ roles: ["developer"] });
});

describe("a token without the roles claim", () => {
	test("says nothing: what is known stays, and holds for it too", async () => {
		const own = await ownToken();
		const silent = await tokenAt(2, { roles: undefined });
		expect(await reads(silent)).toBe(true);
		expect(await reads(own)).toBe(true);
		expect(await known()).toMatchObject({ roles: ["reviewer"] });
		// It is no reason to hold an older token, which says something, for outdated.
		const between = await tokenAt(1, { roles: ["auditor"] });
		expect(await reads(between)).toBe(true);
		expect(await known()).toMatchObject({ roles: ["auditor"] });
	});

	test("gives nothing to whom nobody knows", async () => {
		const silent = await tokenAt(-60, { roles: undefined });
		expect(await reads(silent)).toBe(false);
		expect(await reads(silent)).toBe(false);
		expect(await reads(await tokenAt(-90)), "and says nothing").toBe(true);
		expect(await reads(silent)).toBe(true);
	});

	test("has its person without roles, where the operator says so", async () => {
		const own = await ownToken();
		const strict = await startService(undefined, {
			...provider.settings(publicUrl),
			databaseUrl: service.databaseUrl,
			OIDC_ROLES_ABSENT: "none",
		});
		const silent = await tokenAt(2, { roles: undefined });
		expect(await reads(silent, strict)).toBe(false);
		expect(await reads(own, strict)).toBe(false);
		expect(await known()).toMatchObject({ roles: [] });
	});
});

describe("signing in where the provider tells no roles", () => {
	async function signInSilent(OIDC_ROLES_ABSENT: "known" | "none") {
		await ownToken();
		const own = await startService(undefined, {
			...provider.settings(publicUrl),
			databaseUrl: service.databaseUrl,
			OIDC_ROLES_ABSENT,
		});
		// As Entra ID does of somebody who has no role.
		const { rita } = provider.accounts;
		provider.accounts.rita = {
			email: rita?.email ?? "",
			name: rita?.name ?? "",
		} as (typeof provider.accounts)[string];
		return (await signIn(own))();
	}

	test("keeps the known ones", async () => {
		expect(await signInSilent("known")).toBe(200);
		expect(await known()).toMatchObject({ roles: ["reviewer"] });
	});

	test("takes them away, where the operator says so", async () => {
		expect(await signInSilent("none")).toBe(403);
		expect(await known()).toMatchObject({ roles: [] });
	});
});
