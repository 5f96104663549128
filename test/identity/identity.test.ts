import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import {
	type CryptoKey,
	exportJWK,
	generateKeyPair,
	type JWK,
	UnsecuredJWT,
} from "jose";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	onTestFinished,
	test,
	vi,
} from "vitest";
import { fillTemplate } from "../support/fill-template.ts";
import {
	type Answer,
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import {
	signWith,
	startProvider,
	type TestProvider,
} from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

/** Asks REST as this account, or with this header. */
async function ask(
	who: string | { authorization: string } | undefined,
	request: Parameters<TestService["ask"]>[0],
): Promise<Answer> {
	const headers =
		typeof who === "string"
			? { authorization: `Bearer ${await provider.mint(who)}` }
			: who;
	return service.ask({ ...(request as object), ...(headers && { headers }) });
}

const list = { url: "/api/v1/reports" };

async function submitAs(who: string, changes = {}): Promise<Answer> {
	const { developer_email, ...report } = newReport(changes);
	return ask(who, {
		method: "POST",
		url: "/api/v1/reports",
		payload: { ...report, ...changes },
	});
}

async function decideAs(
	who: Parameters<typeof ask>[0],
	id: string,
	status: string,
	changes = {},
) {
	return ask(who, {
		method: "PATCH",
		url: `/api/v1/reports/${id}/status`,
		payload: { status, ...changes },
	});
}

/** A report with a critical failure. */
const grave =
	"# Go-Live Report\n\n## Phase 1: Security\n\n| Check | Status | Evidence |\n|---|---|---|\n| SEC-4 Lethal trifecta | ❌ Fail | all three |\n";

describe("who asks", () => {
	test("a stranger gets 401, with the way to sign in", async () => {
		const { status, headers, body } = await ask(undefined, list);
		expect(status).toBe(401);
		expect(headers["www-authenticate"]).toBe('Bearer realm="MCP Go-Live"');
		expect(body).toMatchObject({ code: "UNAUTHORIZED", status: 401 });
	});

	test("a token counts however the path is written", async () => {
		for (const url of ["/api/v1/reports", "/%61pi/v1/reports"]) {
			expect((await ask("dev", { url })).status, url).toBe(200);
		}
	});

	test("probes answer strangers", async () => {
		for (const url of ["/healthz", "/readyz"]) {
			expect((await ask(undefined, { url })).status).toBe(200);
		}
	});

	const bad: [title: string, token: () => Promise<string>, words: RegExp][] = [
		[
			"an expired token",
			() => provider.mint("rita", { exp: Math.floor(Date.now() / 1000) - 60 }),
			/expired/,
		],
		[
			"a token for another audience",
			() => provider.mint("rita", { aud: "https://other.example.com" }),
			/an audience other than/,
		],
		[
			"a token of another issuer",
			() => provider.mint("rita", { iss: "https://evil.example.com" }),
			/issuer is not trusted/,
		],
		[
			"a token that is not valid yet",
			() => provider.mint("rita", { nbf: Math.floor(Date.now() / 1000) + 600 }),
			/nbf/,
		],
		[
			"a token signed with another key",
			async () => {
				const { privateKey } = await generateKeyPair("ES256");
				return signWith(privateKey, claims(), { kid: "first" });
			},
			/signature/,
		],
		[
			"a token of a key that the provider does not have",
			async () => {
				const { privateKey } = await generateKeyPair("ES256");
				return signWith(privateKey, claims(), { kid: "unknown" });
			},
			/signature/,
		],
		[
			"a token with alg none",
			async () => new UnsecuredJWT(claims()).encode(),
			/signature/,
		],
		[
			"a token with a tampered payload",
			async () => {
				const [head, payload, signature] = (await provider.mint("dev")).split(
					".",
				);
				const text = Buffer.from(payload ?? "", "base64url").toString();
				const tampered = text.replace("developer", "reviewer");
				return `${head}.${Buffer.from(tampered).toString("base64url")}.${signature}`;
			},
			/signature/,
		],
		["an ID token", () => provider.mint("rita", { nonce: "n" }), /ID token/],
		[
			"a token without an e-mail address",
			() => provider.mint("rita", { email: undefined }),
			/e-mail address/,
		],
		[
			"a token with an unverified e-mail address",
			() => provider.mint("rita", { email_verified: false }),
			/not verified/,
		],
		[
			"a token that says so in a text",
			() => provider.mint("rita", { email_verified: "false" }),
			/not verified/,
		],
		[
			"a token with an e-mail address that no database can keep",
			() => provider.mint("rita", { email: "ri\0ta@example.com" }),
			/claim email is not an e-mail address/,
		],
		[
			"a token whose name no database can keep",
			() => provider.mint("rita", { name: "ri\0ta" }),
			/contain a NUL character/,
		],
		[
			"no token at all",
			async () => "nonsense",
			/issued neither by this service/,
		],
		[
			"an access token that nobody made",
			async () => `golive_${"0".repeat(64)}`,
			/unknown, expired or revoked/,
		],
	];

	test.each(bad)(
		"%s is refused with 401 that says why",
		async (_title, token, words) => {
			const authorization = `Bearer ${await token()}`;
			const { status, headers, body } = await ask({ authorization }, list);
			expect(status).toBe(401);
			expect(body.detail).toMatch(words);
			expect(headers["www-authenticate"]).toMatch(/error="invalid_token"/);
		},
	);

	test("a header that is no bearer token is refused", async () => {
		for (const authorization of ["Basic YTpi", "Bearer", "Bearer a b", ""]) {
			expect((await ask({ authorization }, list)).status).toBe(401);
		}
	});

	test("an issuer that does not answer is 503 with Retry-After, not 401", async () => {
		const gone = await startProvider(publicUrl);
		const own = await startService(undefined, gone.settings(publicUrl));
		const authorization = `Bearer ${await gone.mint("rita")}`;
		await gone.close();
		const { status, headers } = await own.ask({
			...list,
			headers: { authorization },
		});
		expect(status).toBe(503);
		expect(headers["retry-after"]).toBe("5");
	});

	function claims() {
		const now = Math.floor(Date.now() / 1000);
		return {
			...provider.accounts.rita,
			sub: "rita",
			iss: provider.issuer,
			aud: provider.audience,
			exp: now + 600,
		};
	}
});

test("a stranger's body is not waited for, at whatever façade", async () => {
	const { port, hostname } = new URL(await service.listen());
	for (const path of ["/api/v1/reports", "/trpc/reports.submit", "/mcp"]) {
		const socket = connect(Number(port), hostname);
		onTestFinished(() => void socket.destroy());
		socket.write(
			`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n{"a":`,
		);
		const [answer] = await once(socket.setEncoding("utf8"), "data");
		expect(answer, path).toMatch(/^HTTP\/1\.1 401 /);
		expect(answer, path).toMatch(/\r\nwww-authenticate: Bearer /i);
	}
});

describe("acting as oneself", () => {
	test("the submitter's address is the token's", async () => {
		const { status, body } = await submitAs("dev");
		expect(status).toBe(201);
		expect(body.developer_email).toBe("dev@example.com");
	});

	test("somebody else's address is refused with a sentence, and nothing is stored", async () => {
		const repository_url = `https://github.com/intility/${randomUUID()}`;
		const { status, body } = await submitAs("dev", {
			repository_url,
			developer_email: "other@example.com",
		});
		expect(status).toBe(403);
		expect(body.detail).toMatch(/you are signed in as dev@example.com/);
		const found = await ask("rita", {
			url: `/api/v1/reports?repository_url=${repository_url}`,
		});
		expect(found.body).toEqual([]);
	});

	test("a developer reads own reports, and does not learn of others", async () => {
		const { body: own } = await submitAs("dev");
		const { body: foreign } = await submitAs("other");
		const listed = (await ask("dev", list)).body as { id: string }[];
		expect(listed.map(({ id }) => id)).toContain(own.id);
		expect(listed.map(({ id }) => id)).not.toContain(foreign.id);
		for (const part of [
			"",
			"/decisions",
			"/revisions",
			"/assessment",
			"/issues",
			"/approvals",
			"/neighbours",
		]) {
			const url = (id: string) => `/api/v1/reports/${id}${part}`;
			expect((await ask("dev", { url: url(own.id) })).status).toBe(200);
			expect((await ask("dev", { url: url(foreign.id) })).status).toBe(404);
			expect((await ask("rita", { url: url(foreign.id) })).status).toBe(200);
		}
		const counts = await ask("nobody", { url: "/api/v1/reports/counts" });
		expect(counts.status).toBe(403);
	});
});

test("what is kept for one who may read it is not shown to one who may not", async () => {
	const { body: report } = await submitAs("dev");
	const url = `/api/v1/reports/${report.id}`;
	const { body: token } = await ask("dev", {
		method: "POST",
		url: "/api/v1/tokens",
		payload: { name: "CI", scopes: ["reports:submit"] },
	});
	const narrow = { authorization: `Bearer ${token.token}` };
	for (let times = 1; times <= 4; times += 1) {
		for (const [who, status] of [
			["dev", 200],
			["rita", 200],
			["other", 404],
			["nobody", 403],
			[narrow, 403],
			[undefined, 401],
		] as const) {
			expect((await ask(who, { url })).status).toBe(status);
		}
	}
});

test("an access token that still counts is found among however many ended ones", async () => {
	const url = "/api/v1/tokens";
	const payload = { name: "CI", scopes: ["reports:read"] };
	const { body: made } = await ask("other", { method: "POST", url, payload });
	for (let count = 0; count < 200; count += 20) {
		const ended = Array.from({ length: 20 }, async () => {
			const { body } = await ask("other", { method: "POST", url, payload });
			await ask("other", { method: "POST", url: `${url}/${body.id}/revoke` });
		});
		await Promise.all(ended);
	}
	for (const [who, query] of [
		["other", "state=living"],
		["adm", "state=living&owner=other@example.com"],
	] as const) {
		const { body } = await ask(who, { url: `${url}?${query}` });
		expect(body).toMatchObject([{ id: made.id, revoked_at: null }]);
	}
	const { body, headers } = await ask("other", { url: `${url}?limit=200` });
	expect(body).toHaveLength(200);
	expect(headers.link).toContain('rel="next"');
});

test("a list does not tell the place of somebody else's report", async () => {
	const { body: own } = await submitAs("other");
	const { body: foreign } = await submitAs("dev");
	const after = (id: string) =>
		ask("other", { url: `/api/v1/reports?sort=waiting&after=${id}` });
	expect(await after(own.id)).toMatchObject({ status: 200, body: [] });
	const unknown = await after(randomUUID());
	expect(unknown.status).toBe(400);
	for (const sort of ["waiting", "newest", "risk"]) {
		const url = `/api/v1/reports?sort=${sort}&after=${foreign.id}`;
		const { status, body } = await ask("other", { url });
		expect(status, sort).toBe(400);
		expect(body.detail).toMatch(/There is no report with the id/);
	}
});

test("who may not read others' reports sees of their servers the approved ones alone, without the notes", async () => {
	const key = `example.com/${randomUUID()}`;
	const ids: string[] = [];
	for (const status of ["pending_review", "rejected", "approved"]) {
		const repository_url = `https://${key}/${status}`;
		const { body } = await submitAs("dev", {
			repository_url,
			report_data: fillTemplate(),
		});
		ids.push(body.id);
		if (status === "pending_review") continue;
		await decideAs("rita", body.id, status, { review_notes: "For dev alone." });
	}
	const [pending, rejected, approved] = ids;
	const seenBy = async (who: string, query = "") => {
		const url = `/api/v1/servers?search=${key}${query}`;
		const { body } = await ask(who, { url });
		return body.map(
			(server: { id: string; last_decision: { notes: string } | null }) => [
				server.id,
				server.last_decision?.notes ?? null,
			],
		);
	};
	const all = [
		[approved, "For dev alone."],
		[rejected, "For dev alone."],
		[pending, null],
	];
	for (const who of ["dev", "rita", "aud"]) {
		expect(await seenBy(who), who).toEqual(all);
	}
	for (const who of ["other", "adm"]) {
		expect(await seenBy(who), who).toEqual([[approved, null]]);
		expect(await seenBy(who, "&status=rejected"), who).toEqual([]);
		expect(await seenBy(who, "&status=pending_review"), who).toEqual([]);
	}
});

describe("deciding", () => {
	test("who submitted for a repository does not approve for it; another reviewer does", async () => {
		const { body } = await submitAs("both", { report_data: fillTemplate() });
		const own = await decideAs("both", body.id, "approved");
		expect(own.status).toBe(403);
		expect(own.body.detail).toMatch(/somebody else must approve/);
		const foreign = await decideAs("rita", body.id, "approved");
		expect(foreign.body).toMatchObject({
			status: "approved",
			reviewed_by: "rita@example.com",
		});
	});

	test("a report with a critical failure is approved by the second reviewer", async () => {
		const { body } = await submitAs("dev", { report_data: grave });
		expect(body.critical_failures).toBeGreaterThan(0);
		const first = await decideAs("rita", body.id, "approved", {
			review_notes: "Agreed with the architects.",
		});
		expect(first.status).toBe(200);
		expect(first.body).toMatchObject({
			status: "pending_review",
			approvals: 1,
		});
		const again = await decideAs("rita", body.id, "approved");
		expect(again.status).toBe(409);
		expect(again.body.detail).toMatch(/already approved this report/);
		const { body: approvals } = await ask("dev", {
			url: `/api/v1/reports/${body.id}/approvals`,
		});
		expect(approvals).toEqual({
			required: 2,
			reason: expect.stringContaining("A critical check fails"),
			recorded: [
				{
					approved_by: "rita@example.com",
					notes: "Agreed with the architects.",
					approved_at: expect.any(String),
				},
			],
		});
		const second = await decideAs("ron", body.id, "approved");
		expect(second.body).toMatchObject({
			status: "approved",
			reviewed_by: "ron@example.com",
			approvals: 0,
		});
	});

	test("two accounts with one address are one person: neither a second pair of eyes nor a second reviewer", async () => {
		const second = async (who: string) => {
			const changes = { sub: `${who} made anew`, email: `${who}@EXAMPLE.com` };
			const token = await provider.mint(who, changes);
			return { authorization: `Bearer ${token}` };
		};
		const own = await submitAs("both");
		const refused = await decideAs(
			await second("both"),
			own.body.id,
			"approved",
		);
		expect(refused.status).toBe(403);
		expect(refused.body.detail).toMatch(/somebody else must approve/);

		const { body } = await submitAs("dev", { report_data: grave });
		expect((await decideAs("rita", body.id, "approved")).status).toBe(200);
		const again = await decideAs(await second("rita"), body.id, "approved");
		expect(again.status).toBe(409);
		expect(again.body.detail).toMatch(/already approved this report/);
	});

	test("a report that was reopened needs all its approvals anew", async () => {
		const { body } = await submitAs("dev", { report_data: grave });
		await decideAs("rita", body.id, "approved");
		await decideAs("ron", body.id, "rejected");
		await decideAs("ron", body.id, "pending_review");
		const first = await decideAs("ron", body.id, "approved");
		expect(first.body).toMatchObject({
			status: "pending_review",
			approvals: 1,
		});
		const second = await decideAs("rita", body.id, "approved");
		expect(second.body.status).toBe("approved");
	});

	test("of two reviewers at the same instant, one completes the approval", async () => {
		for (let round = 0; round < 10; round++) {
			const { body } = await submitAs("dev", { report_data: grave });
			const both = await Promise.all([
				decideAs("rita", body.id, "approved"),
				decideAs("ron", body.id, "approved"),
				decideAs("rita", body.id, "approved"),
			]);
			const statuses = both.map((answer) => answer.body.status);
			expect(statuses.filter((status) => status === "approved")).toHaveLength(
				1,
			);
			const { body: decisions } = await ask("rita", {
				url: `/api/v1/reports/${body.id}/decisions`,
			});
			expect(decisions).toHaveLength(1);
		}
	});
});

describe("withdrawing", () => {
	test("frees the repository", async () => {
		const { body } = await submitAs("dev");
		const withdrawn = await ask("dev", {
			method: "POST",
			url: `/api/v1/reports/${body.id}/withdraw`,
		});
		expect(withdrawn.body).toMatchObject({
			status: "rejected",
			reviewed_by: "dev@example.com",
			review_notes: "withdrawn by submitter",
		});
		const next = await submitAs("dev", { repository_url: body.repository_url });
		expect(next.body.revision).toBe(2);
	});

	test("is the submitter's alone, and of pending reports", async () => {
		const { body } = await submitAs("dev");
		const withdraw = (who: string) =>
			ask(who, { method: "POST", url: `/api/v1/reports/${body.id}/withdraw` });
		expect((await withdraw("other")).status).toBe(404);
		expect((await withdraw("both")).status).toBe(403);
		expect((await withdraw("rita")).status).toBe(403);
		await decideAs("rita", body.id, "rejected");
		expect((await withdraw("dev")).status).toBe(409);
	});
});

describe("an issuer's keys", () => {
	/** An issuer with nothing but its documents, whose keys can be changed. */
	async function startIssuer() {
		const keys: { kid: string; key: CryptoKey; jwk: JWK }[] = [];
		let downloads = 0;
		const server = createServer((request, response) => {
			const isKeys = request.url === "/keys";
			if (isKeys) downloads++;
			response.end(
				JSON.stringify(
					isKeys
						? { keys: keys.map(({ jwk }) => jwk) }
						: { issuer, jwks_uri: `${issuer}/keys` },
				),
			);
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		onTestFinished(() => void server.close());
		const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		return {
			issuer,
			downloads: () => downloads,
			/** From now on this key alone signs. */
			async changeKey(kid: string) {
				const { privateKey, publicKey } = await generateKeyPair("ES256");
				const jwk = { ...(await exportJWK(publicKey)), kid, alg: "ES256" };
				keys.splice(0, keys.length, { kid, key: privateKey, jwk });
			},
			sign(changes = {}) {
				const [signer] = keys;
				if (!signer) throw new Error("there is no key");
				const exp = Math.floor(Date.now() / 1000) + 600;
				const claims = {
					...{ iss: issuer, sub: "eva", aud: provider.audience, exp },
					...{ email: "eva@example.com", email_verified: true },
					...{ roles: ["reviewer"], scope: "reports:read", ...changes },
				};
				return signWith(signer.key, claims, { kid: signer.kid });
			},
		};
	}

	test("may change without a restart, and unknown ones are not asked for at will", async () => {
		const issuer = await startIssuer();
		await issuer.changeKey("one");
		const own = await startService(undefined, {
			...provider.settings(publicUrl),
			// Several issuers at once.
			OIDC_ISSUER: [provider.issuer, issuer.issuer],
		});
		const use = async (token: string) => {
			const headers = { authorization: `Bearer ${token}` };
			return (await own.ask({ ...list, headers })).status;
		};
		expect(await use(await provider.mint("rita"))).toBe(200);
		const old = await issuer.sign();
		expect(await use(old)).toBe(200);
		await issuer.changeKey("two");
		// So soon after a download, an unknown key is taken for an attempt.
		for (let time = 0; time < 20; time++) {
			expect(await use(await issuer.sign())).toBe(401);
		}
		expect(issuer.downloads()).toBe(1);
		vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
		onTestFinished(() => void vi.useRealTimers());
		expect(await use(await issuer.sign())).toBe(200);
		expect(await use(old)).toBe(401);
		expect(issuer.downloads()).toBe(2);
	});

	test("may be of a provider whose clock is half a minute off, and not more", async () => {
		const now = Math.floor(Date.now() / 1000);
		for (const [exp, status] of [
			[now - 20, 200],
			[now - 40, 401],
		] as const) {
			const authorization = `Bearer ${await provider.mint("rita", { exp })}`;
			expect((await ask({ authorization }, list)).status).toBe(status);
		}
	});

	test("of one issuer vouch for nobody of another", async () => {
		const issuer = await startIssuer();
		await issuer.changeKey("first");
		const own = await startService(undefined, {
			...provider.settings(publicUrl),
			OIDC_ISSUER: [provider.issuer, issuer.issuer],
		});
		const token = await issuer.sign({ iss: provider.issuer });
		const headers = { authorization: `Bearer ${token}` };
		expect((await own.ask({ ...list, headers })).status).toBe(401);
	});
});

test("roles and e-mail are read from the claims that are named, however deep", async () => {
	const own = await startService(undefined, {
		...provider.settings(publicUrl),
		OIDC_ROLES_CLAIM: "realm_access.roles",
		OIDC_EMAIL_CLAIM: "https://example.com/mail",
		OIDC_EMAIL_VERIFIED: "trusted",
	});
	const token = await provider.mint("rita", {
		roles: ["admin"],
		realm_access: { roles: ["reviewer", "offline_access"] },
		"https://example.com/mail": "keycloak@example.com",
	});
	const headers = { authorization: `Bearer ${token}` };
	expect((await own.ask({ ...list, headers })).status).toBe(200);
	const { status, body } = await own.ask({
		method: "POST",
		url: "/api/v1/reports",
		payload: newReport({ developer_email: undefined }),
		headers,
	});
	expect(status).toBe(403);
	expect(body.detail).toBe(
		"The role developer is required to check, submit and withdraw own reports; keycloak@example.com has reviewer here. The identity provider's administrator can assign it.",
	);
});
