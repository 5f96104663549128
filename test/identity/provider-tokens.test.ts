import { randomUUID } from "node:crypto";
import type { JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

/**
 * What providers give to programs, by the claims that they document, and what
 * each token gets here. Signed by the tests' own provider, whose name stands for
 * theirs in `iss`.
 */

const publicUrl = "http://127.0.0.1:8080";
const AUDIENCE = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
let provider: TestProvider;
/** By the claim that lists the roles there. */
const services: Record<string, TestService> = {};

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	for (const OIDC_ROLES_CLAIM of ["roles", "realm_access.roles"]) {
		services[OIDC_ROLES_CLAIM] = await startService(afterAll, {
			...provider.settings(publicUrl),
			// As the README sets Entra ID up: access tokens and ID tokens have one audience.
			OIDC_AUDIENCE: [AUDIENCE],
			OIDC_ROLES_CLAIM,
		});
	}
});

interface Row {
	/** The header's; absent where the provider writes none. */
	typ?: string;
	claims: JWTPayload;
	/** HTTP status of reading reports, whatever the façade. */
	read: 200 | 401 | 403;
	/** HTTP status of submitting one. */
	submit: 201 | 401 | 403;
}

const works = { read: 200, submit: 201 } as const;
const readsAlone = { read: 200, submit: 403 } as const;
const proves = { nothing: { read: 401, submit: 401 } as const };

const OID = "690222be-ff1a-4d56-abd1-7e4f7d38e474";
const TENANT = "9122040d-6c67-4c5b-b112-36a304b66dad";
const CLIENT = "f9cda4ab-7c83-4d2b-9b0b-7f6f0b6e9f10";
const OURS = "reports:submit reports:read";

const entra1 = {
	aio: "AXQAi/8IAAAAFm+E/QTG+gFnVxLjWdw8K+61AGrSOuMMF6ebaMj7XO3Ibmn",
	rh: "0.ARoAi4",
	tid: TENANT,
	uti: "fqiBqXLPj0eQa82S-IYFAA",
	ver: "1.0",
};
const entra1Person = {
	...entra1,
	acr: "1",
	amr: ["pwd", "mfa"],
	email: "dev@example.com",
	xms_edov: true,
	email_verified: true,
	family_name: "Dev",
	given_name: "The",
	ipaddr: "192.0.2.7",
	name: "The dev",
	oid: OID,
	roles: ["developer"],
	sub: "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
	unique_name: "dev@example.com",
	upn: "dev@example.com",
};
const entra2 = {
	aio: "AWQAm/8TAAAAGf0Uw0dKvC1q",
	rh: "1.ARoAi4",
	tid: TENANT,
	uti: "5ARRTPHGpUm_bV6",
	ver: "2.0",
};
const entra2Person = {
	...entra2,
	email: "dev@example.com",
	xms_edov: true,
	email_verified: true,
	name: "The dev",
	oid: OID,
	preferred_username: "dev@example.com",
	roles: ["developer"],
	sid: "00a5b2f7-4b8c-4f0e-9a1d-3b0c9d2e1f00",
	sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
};
const keycloakPerson = {
	sub: "f1888f4d-5172-4359-be0c-af338505d86c",
	sid: "e0cd5ad2-dbcb-4ab0-9a9b-c0a4c5f0a9d1",
	azp: "claude-code",
	email: "dev@example.com",
	email_verified: true,
	name: "The dev",
	preferred_username: "dev",
	given_name: "The",
	family_name: "Dev",
};
const keycloakAccess = {
	...keycloakPerson,
	typ: "Bearer",
	acr: "1",
	jti: "onrtac:5e9a3a9e-0b1f-4b1a-8f8e-2f6f8a0d7c11",
	aud: [AUDIENCE, "account"],
	"allowed-origins": ["/*"],
	realm_access: { roles: ["default-roles-company", "developer"] },
	resource_access: { account: { roles: ["view-profile"] } },
	scope: `openid email profile ${OURS}`,
};
const keycloakId = {
	...keycloakPerson,
	typ: "ID",
	jti: "1cb4d0b5-26dc-4a4b-9e1d-b2f6f3f7a111",
	acr: "1",
	realm_access: { roles: ["default-roles-company", "developer"] },
};
const oktaPerson = {
	ver: 1,
	cid: "0oabucvyc38HLL1ef0h7",
	uid: "00u5t60iloOHN9pBi0h7",
	auth_time: 1_700_000_000,
	sub: "dev@example.com",
	email: "dev@example.com",
	email_verified: true,
	roles: ["developer"],
	scp: ["openid", "offline_access", "reports:read", "reports:submit"],
};
const oktaId = {
	ver: 1,
	sub: "00u5t60iloOHN9pBi0h7",
	name: "The dev",
	email: "dev@example.com",
	email_verified: true,
	preferred_username: "dev@example.com",
	amr: ["pwd"],
	idp: "00o5t60il3UzlU9pB0h7",
	auth_time: 1_700_000_000,
	roles: ["developer"],
	jti: "ID.radCQMOQUmyvcTBmmIL0J6BaS60apUEiC7",
};
const auth0Person = {
	sub: "auth0|6553da60a54af58e29493993",
	aud: [AUDIENCE, "https://my-domain.auth0.com/userinfo"],
	scope: `openid profile email ${OURS}`,
	email: "dev@example.com",
	email_verified: true,
	roles: ["developer"],
};
const auth0Client = "awZfdIir8YFdGZWkvCejDoUb7SjTDicx";
const auth0Id = {
	sub: "auth0|6553da60a54af58e29493993",
	name: "The dev",
	nickname: "dev",
	email: "dev@example.com",
	email_verified: true,
	updated_at: "2026-01-01T00:00:00.000Z",
	sid: "Kx2vJc",
	roles: ["developer"],
};
const googleId = {
	azp: "407408718192.apps.googleusercontent.com",
	sub: "110169484474386276334",
	hd: "example.com",
	email: "dev@example.com",
	email_verified: true,
	name: "The dev",
	roles: ["developer"],
};

const table: Record<string, Row> = {
	"Entra ID v1, delegated": {
		typ: "JWT",
		claims: { ...entra1Person, appid: CLIENT, appidacr: "0", scp: OURS },
		...works,
	},
	"Entra ID v1, delegated, without a scope of ours": {
		typ: "JWT",
		claims: { ...entra1Person, appid: CLIENT, scp: "user_impersonation" },
		...proves.nothing,
	},
	"Entra ID v1, application": {
		typ: "JWT",
		claims: {
			...entra1,
			appid: CLIENT,
			appidacr: "1",
			idp: "https://sts.windows.net/9122040d-6c67-4c5b-b112-36a304b66dad/",
			idtyp: "app",
			oid: OID,
			sub: OID,
			roles: ["developer", "reviewer", "auditor", "admin"],
		},
		...readsAlone,
	},
	"Entra ID v1, ID token": {
		typ: "JWT",
		claims: { ...entra1Person, nonce: "m2b9" },
		...proves.nothing,
	},
	"Entra ID v1, ID token of a refresh": {
		typ: "JWT",
		claims: entra1Person,
		...proves.nothing,
	},
	"Entra ID v2, delegated": {
		typ: "JWT",
		claims: { ...entra2Person, azp: CLIENT, azpacr: "0", scp: OURS },
		...works,
	},
	"Entra ID v2, delegated, that says so": {
		typ: "JWT",
		claims: { ...entra2Person, azp: CLIENT, idtyp: "user", scp: OURS },
		...works,
	},
	"Entra ID v2, application": {
		typ: "JWT",
		claims: {
			...entra2,
			azp: CLIENT,
			azpacr: "1",
			idtyp: "app",
			oid: OID,
			sub: OID,
			roles: ["developer", "reviewer", "auditor", "admin"],
		},
		...readsAlone,
	},
	"Entra ID v2, application, without the optional claim idtyp": {
		typ: "JWT",
		claims: {
			...entra2,
			azp: CLIENT,
			azpacr: "1",
			oid: OID,
			sub: OID,
			roles: ["developer", "reviewer", "auditor", "admin"],
		},
		...proves.nothing,
	},
	"Entra ID v2, ID token": {
		typ: "JWT",
		claims: { ...entra2Person, nonce: "m2b9" },
		...proves.nothing,
	},
	"Entra ID v2, ID token of a refresh": {
		typ: "JWT",
		claims: entra2Person,
		...proves.nothing,
	},
	"Keycloak, delegated": { typ: "JWT", claims: keycloakAccess, ...works },
	"Keycloak, delegated, with the header type of RFC 9068": {
		typ: "at+jwt",
		claims: keycloakAccess,
		...works,
	},
	"Keycloak, delegated, without a scope of ours": {
		typ: "JWT",
		claims: { ...keycloakAccess, scope: "openid email profile" },
		...proves.nothing,
	},
	"Keycloak, service account": {
		typ: "JWT",
		claims: {
			sub: "b4f8a8f0-1d4e-4d5b-8f0b-3e6f6c1f7a01",
			typ: "Bearer",
			jti: "trrtcc:312ee6a1",
			azp: "nightly",
			aud: [AUDIENCE, "account"],
			acr: "1",
			scope: `profile email ${OURS}`,
			email_verified: false,
			clientHost: "192.0.2.7",
			clientAddress: "192.0.2.7",
			client_id: "nightly",
			preferred_username: "service-account-nightly",
			realm_access: { roles: ["developer", "reviewer", "auditor"] },
		},
		...readsAlone,
	},
	"Keycloak, ID token": {
		typ: "JWT",
		claims: { ...keycloakId, nonce: "m2b9", at_hash: "fPlsvVszI29LU2UhDyJ9vg" },
		...proves.nothing,
	},
	"Keycloak, ID token of a refresh": {
		typ: "JWT",
		claims: { ...keycloakId, at_hash: "fPlsvVszI29LU2UhDyJ9vg" },
		...proves.nothing,
	},
	"Keycloak, ID token with a mapper for scopes": {
		typ: "JWT",
		claims: { ...keycloakId, scope: OURS },
		...proves.nothing,
	},
	"Keycloak, refresh token": {
		typ: "JWT",
		claims: { ...keycloakAccess, typ: "Refresh", aud: AUDIENCE },
		...proves.nothing,
	},
	"Okta, delegated": { claims: oktaPerson, ...works },
	"Okta, application": {
		claims: {
			ver: 1,
			cid: "0oabucvyc38HLL1ef0h7",
			sub: "0oabucvyc38HLL1ef0h7",
			scp: ["reports:read", "reports:submit"],
			roles: ["developer", "auditor"],
		},
		...readsAlone,
	},
	"Okta, of the server that is for Okta alone": {
		typ: "application/okta-internal-at+jwt",
		claims: oktaPerson,
		...proves.nothing,
	},
	"Okta, ID token": {
		claims: { ...oktaId, nonce: "m2b9", at_hash: "fPlsvVszI29LU2UhDyJ9vg" },
		...proves.nothing,
	},
	"Okta, ID token of a refresh": {
		claims: { ...oktaId, at_hash: "fPlsvVszI29LU2UhDyJ9vg" },
		...proves.nothing,
	},
	"Okta, ID token without at_hash": { claims: oktaId, ...proves.nothing },
	"Auth0, delegated": {
		typ: "JWT",
		claims: { ...auth0Person, azp: auth0Client },
		...works,
	},
	"Auth0, delegated, as RFC 9068 has it": {
		typ: "at+jwt",
		claims: { ...auth0Person, client_id: auth0Client, jti: randomUUID() },
		...works,
	},
	"Auth0, application": {
		typ: "JWT",
		claims: {
			sub: `${auth0Client}@clients`,
			azp: auth0Client,
			gty: "client-credentials",
			scope: OURS,
			roles: ["developer", "auditor"],
		},
		...readsAlone,
	},
	"Auth0, application, as RFC 9068 has it": {
		typ: "at+jwt",
		claims: {
			sub: `${auth0Client}@clients`,
			client_id: auth0Client,
			jti: randomUUID(),
			scope: OURS,
			roles: ["developer", "auditor"],
		},
		...readsAlone,
	},
	"Auth0, ID token": {
		typ: "JWT",
		claims: { ...auth0Id, nonce: "m2b9" },
		...proves.nothing,
	},
	"Auth0, ID token of a refresh": {
		typ: "JWT",
		claims: auth0Id,
		...proves.nothing,
	},
	"Google, ID token": {
		typ: "JWT",
		claims: { ...googleId, nonce: "m2b9", at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q" },
		...proves.nothing,
	},
	"Google, ID token of a refresh": {
		typ: "JWT",
		claims: { ...googleId, at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q" },
		...proves.nothing,
	},
	"Google, ID token of a service account": {
		typ: "JWT",
		claims: {
			...googleId,
			azp: "110169484474386276334",
			email: "nightly@project.iam.gserviceaccount.com",
		},
		...proves.nothing,
	},
	"RFC 9068, with the whole name of the type": {
		typ: "application/AT+JWT",
		claims: { ...auth0Person, client_id: "a" },
		...works,
	},
	"RFC 9068, application": {
		typ: "at+jwt",
		claims: {
			sub: "s6BhdRkqt3",
			client_id: "s6BhdRkqt3",
			scope: "openid",
			roles: ["developer", "auditor"],
		},
		...readsAlone,
	},
	"RFC 9068, without a scope of ours": {
		typ: "at+jwt",
		claims: { ...auth0Person, client_id: "a", scope: "openid profile" },
		read: 403,
		submit: 403,
	},
	"RFC 9068, with an ID token's hash": {
		typ: "at+jwt",
		claims: { ...auth0Person, c_hash: "HK6E_P6Dh8Y93mRNtsDB1Q" },
		...proves.nothing,
	},
	"another type of token, with scopes of ours": {
		typ: "dpop+jwt",
		claims: auth0Person,
		...proves.nothing,
	},
	"a logout token": {
		typ: "logout+jwt",
		claims: { ...auth0Person, scope: undefined },
		...proves.nothing,
	},
};

/** Signs the claims as the row has them, of now and for ten minutes. */
function tokenOf({ typ, claims }: Row): Promise<string> {
	const now = Math.floor(Date.now() / 1000);
	const times = { iat: now, nbf: now, exp: now + 600 };
	return provider.sign(
		{ iss: provider.issuer, aud: AUDIENCE, ...times, ...claims },
		{ typ },
	);
}

const facades: Record<
	string,
	(
		service: TestService,
		headers: Record<string, string>,
	) => ReturnType<TestService["ask"]>
> = {
	rest: (service, headers) => service.ask({ url: "/api/v1/reports", headers }),
	trpc: (service, headers) =>
		service.ask({ url: "/trpc/reports.list", headers }),
	mcp: (service, headers) =>
		callTool(service, headers, { name: "list_servers", arguments: {} }),
};

function callTool(
	service: TestService,
	headers: Record<string, string>,
	params: object,
) {
	return service.ask({
		method: "POST",
		url: "/mcp",
		headers: { ...headers, accept: "application/json, text/event-stream" },
		payload: { jsonrpc: "2.0", id: 1, method: "tools/call", params },
	});
}

describe.each(Object.entries(table))("%s", (name, row) => {
	const serviceFor = () =>
		services[
			name.startsWith("Keycloak") ? "realm_access.roles" : "roles"
		] as TestService;

	test.each(Object.entries(facades))(
		`through %s: ${row.read}`,
		async (_facade, ask) => {
			const authorization = `Bearer ${await tokenOf(row)}`;
			const { status } = await ask(serviceFor(), { authorization });
			expect(status).toBe(row.read);
		},
	);

	test(`submits: ${row.submit}`, async () => {
		const authorization = `Bearer ${await tokenOf(row)}`;
		const { developer_email, ...payload } = newReport();
		const { status, body } = await serviceFor().ask({
			method: "POST",
			url: "/api/v1/reports",
			headers: { authorization },
			payload,
		});
		expect(status, JSON.stringify(body)).toBe(row.submit);
	});
});

test("Google's access tokens are no JWTs, and prove nothing", async () => {
	const authorization = "Bearer ya29.a0AfH6SMBx-1a2b3c4d5e6f7g8h9i0j";
	for (const ask of Object.values(facades)) {
		const { status } = await ask(services.roles as TestService, {
			authorization,
		});
		expect(status).toBe(401);
	}
});

test("a token without our scopes is told the setting and the scope that it lacks", async () => {
	const row = table["RFC 9068, without a scope of ours"] as Row;
	const authorization = `Bearer ${await tokenOf(row)}`;
	const service = services.roles as TestService;
	const { headers, body } = await service.ask({
		url: "/api/v1/reports",
		headers: { authorization },
	});
	expect(body.detail).toMatch(/scope reports:read\..+OIDC_SCOPELESS=roles/);
	expect(headers["www-authenticate"]).toBe(
		'Bearer realm="MCP Go-Live", error="insufficient_scope", scope="reports:read"',
	);
	// A client of MCP learns it at once, and not from a list of no tools.
	const answer = await service.ask({
		method: "POST",
		url: "/mcp",
		headers: { authorization, accept: "application/json, text/event-stream" },
		payload: { jsonrpc: "2.0", id: 1, method: "tools/list" },
	});
	expect(answer.status).toBe(403);
	expect(answer.headers["www-authenticate"]).toContain(
		'error="insufficient_scope", scope="catalogue:read reports:read reports:read_all reports:submit reports:decide"',
	);
});

test("a token without our scopes is as wide as the roles where the operator says so", async () => {
	const service = await startService(undefined, {
		...provider.settings(publicUrl),
		OIDC_AUDIENCE: [AUDIENCE],
		OIDC_SCOPELESS: "roles",
	});
	const row = table["RFC 9068, without a scope of ours"] as Row;
	const headers = { authorization: `Bearer ${await tokenOf(row)}` };
	for (const ask of Object.values(facades)) {
		expect((await ask(service, headers)).status).toBe(200);
	}
	const { status } = await service.ask({ url: "/api/v1/audit", headers });
	expect(status, "no role beyond the person's").toBe(403);
	// With a scope, it counts: what was asked for is all that is given.
	const narrow = {
		...row,
		claims: { ...row.claims, scope: "catalogue:read" },
	};
	const authorization = `Bearer ${await tokenOf(narrow)}`;
	const refused = await service.ask({
		url: "/api/v1/reports",
		headers: { authorization },
	});
	expect(refused.status).toBe(403);
	expect(refused.body.detail).toMatch(/does not have the scope reports:read/);
	// Its provider knows none of our scopes, so nobody is told to ask for them.
	const { body } = await service.ask({
		url: "/.well-known/oauth-protected-resource/mcp",
	});
	expect(body.scopes_supported).toEqual(["openid", "profile", "email"]);
});

test("a token may what both its scopes and the person's roles allow", async () => {
	const service = services.roles as TestService;
	const ask = async (roles: string[], scope: string, url: string) => {
		const claims = { ...auth0Person, roles, scope, azp: auth0Client };
		const row = { typ: "at+jwt", claims, ...works };
		const headers = { authorization: `Bearer ${await tokenOf(row)}` };
		return (await service.ask({ url, headers })).status;
	};
	const audit = "/api/v1/audit";
	expect(await ask(["auditor"], "audit:read", audit)).toBe(200);
	expect(await ask(["auditor"], "reports:read", audit)).toBe(403);
	expect(await ask(["developer"], "audit:read", audit)).toBe(403);
	const summary = "/api/v1/reports/analytics/summary";
	expect(await ask(["auditor"], "reports:read_all", summary)).toBe(200);
	expect(await ask(["auditor"], "reports:read", summary)).toBe(403);
});

test("scopes are asked for with the provider's prefix, and known with it and without", async () => {
	const OIDC_SCOPE_PREFIX = `${publicUrl}/mcp/`;
	const service = await startService(undefined, {
		...provider.settings(publicUrl),
		OIDC_AUDIENCE: [AUDIENCE],
		OIDC_SCOPE_PREFIX,
	});
	const stranger = await callTool(service, {}, { name: "list_servers" });
	const hint = stranger.headers["www-authenticate"];
	expect(hint).toContain(
		`scope="openid profile email ${OIDC_SCOPE_PREFIX}catalogue:read ${OIDC_SCOPE_PREFIX}reports:read `,
	);
	const { body } = await service.ask({
		url: "/.well-known/oauth-protected-resource/mcp",
	});
	expect(body.scopes_supported.join(" ")).toBe(
		/ scope="([^"]+)"/.exec(String(hint))?.[1],
	);
	for (const scope of ["reports:read", `${OIDC_SCOPE_PREFIX}reports:read`]) {
		const claims = { ...auth0Person, scope, azp: auth0Client };
		const row = { typ: "JWT", claims, ...works };
		const headers = { authorization: `Bearer ${await tokenOf(row)}` };
		const { status } = await service.ask({ url: "/api/v1/reports", headers });
		expect(status, scope).toBe(200);
		const beyond = await callTool(service, headers, {
			name: "submit_report",
			arguments: {},
		});
		expect(beyond.status).toBe(403);
		expect(beyond.headers["www-authenticate"]).toContain(
			`scope="${OIDC_SCOPE_PREFIX}reports:submit"`,
		);
	}
});

test("an application is named in the audit log by its client, and never as a person", async () => {
	const service = services.roles as TestService;
	// A client that calls itself by somebody's address is not that person.
	const row = {
		typ: "at+jwt",
		claims: {
			sub: "dev@example.com",
			client_id: "dev@example.com",
			email: "dev@example.com",
			email_verified: true,
			roles: ["developer"],
		},
		...readsAlone,
	};
	const headers = { authorization: `Bearer ${await tokenOf(row)}` };
	const listed = await service.ask({ url: "/api/v1/reports", headers });
	expect(listed).toMatchObject({ status: 200, body: [] });
	const { developer_email, ...payload } = newReport();
	const refused = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers,
		payload,
	});
	expect(refused.status).toBe(403);
	expect(refused.body.detail).toMatch(
		/A person is required to .*: application dev@/,
	);
	expect(refused.headers["www-authenticate"]).toBeUndefined();
	const { actor } = await service.db
		.selectFrom("audit_log")
		.where("action", "=", "action_refused")
		.orderBy("seq", "desc")
		.select("actor")
		.executeTakeFirstOrThrow();
	expect(actor).toBe("application dev@example.com");
	const people = await service.db
		.selectFrom("people")
		.select(["subject", "email"])
		.execute();
	expect(JSON.stringify(people)).not.toContain("application");
});

test.each([
	["of a time to come", () => Math.floor(Date.now() / 1000) + 3600],
	["of no time that there is", () => 1e300],
	["of before all time", () => -1],
	["in words", () => "now" as unknown as number],
])("a token issued %s is refused", async (_title, iat) => {
	const authorization = `Bearer ${await provider.mint("dev", {
		aud: AUDIENCE,
		iat: iat(),
	})}`;
	const { status, body } = await (services.roles as TestService).ask({
		url: "/api/v1/reports",
		headers: { authorization },
	});
	expect(status).toBe(401);
	expect(body.detail).toMatch(/claim iat/);
});
