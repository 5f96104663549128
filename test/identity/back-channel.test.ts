import { randomUUID } from "node:crypto";
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { startService, type TestService } from "../support/helpers.ts";
import {
	signWith,
	startProvider,
	type TestProvider,
} from "../support/provider.ts";
import { signInAs, startSite } from "../support/site.ts";

const publicUrl = "https://go-live.example.com";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
	for (const sub of ["rita", "ron"]) {
		await service.db
			.insertInto("people")
			.values({
				subject: `${provider.issuer} ${sub}`,
				email: `${sub}@example.com`,
				name: null,
				roles: ["reviewer"],
			})
			.execute();
	}
});

/** Begins a session as signing in does; gives its id. */
async function begin(sub: string, provider_session: string | null) {
	const { id } = await service.db
		.insertInto("sessions")
		.values({
			subject: `${provider.issuer} ${sub}`,
			session_sha256: randomUUID().replaceAll("-", "").repeat(2),
			expires_at: sql<string>`now() + interval '8 hours'`,
			client: null,
			provider_session,
		})
		.returning("id")
		.executeTakeFirstOrThrow();
	return id;
}

async function living(...ids: string[]): Promise<boolean[]> {
	const rows = await service.db
		.selectFrom("sessions")
		.select("id")
		.where("expires_at", ">", sql<string>`now()`)
		.execute();
	return ids.map((id) => rows.some((row) => row.id === id));
}

const now = () => Math.floor(Date.now() / 1000);

/** The claims of a logout token as the standard has them. */
function logout(changes: Record<string, unknown> = {}): JWTPayload {
	return {
		iss: provider.issuer,
		aud: provider.clientId,
		iat: now(),
		exp: now() + 120,
		jti: randomUUID(),
		events: { [EVENT]: {} },
		...changes,
	};
}

const sign = (claims: JWTPayload, typ: string | undefined = "logout+jwt") =>
	provider.sign(claims, { typ });

function send(form: Record<string, string>, headers = {}) {
	return service.ask({
		method: "POST",
		url: "/sign-out/back-channel",
		headers: {
			host: "go-live.example.com",
			"content-type": "application/x-www-form-urlencoded",
			...headers,
		},
		payload: new URLSearchParams(form).toString(),
	});
}

describe("a logout token", () => {
	test("with sid ends that session, and no other", async () => {
		const [one, other] = [await begin("rita", "s1"), await begin("rita", "s2")];
		const { status, headers, body } = await send({
			logout_token: await sign(logout({ sid: "s1" })),
		});
		expect(status).toBe(200);
		expect(headers["cache-control"]).toBe("no-store");
		expect(body).toBe("");
		expect(await living(one, other)).toEqual([false, true]);
	});

	test("with sub alone ends all sessions of that person, and nobody else's", async () => {
		const ids = [
			await begin("rita", "s3"),
			await begin("rita", null),
			await begin("ron", "s4"),
		];
		const { status } = await send({
			logout_token: await sign(logout({ sub: "rita" })),
		});
		expect(status).toBe(200);
		expect(await living(...ids)).toEqual([false, false, true]);
	});

	test("with both ends the session of that name, and those of that person whose name is not known", async () => {
		const ids = [
			await begin("rita", "s5"),
			await begin("rita", "s6"),
			await begin("rita", null),
			await begin("ron", "s5"),
			await begin("ron", null),
		];
		await send({
			logout_token: await sign(logout({ sub: "rita", sid: "s5" })),
		});
		expect(await living(...ids)).toEqual([false, true, false, true, true]);
	});

	test("about nobody who is signed in is good all the same", async () => {
		const claims = logout({ sub: "who-never-was", sid: "none" });
		expect((await send({ logout_token: await sign(claims) })).status).toBe(200);
	});

	test("says who did it in the audit log", async () => {
		const id = await begin("rita", "s7");
		await send({ logout_token: await sign(logout({ sid: "s7" })) });
		const recorded = await service.db
			.selectFrom("audit_log")
			.selectAll()
			.where("target", "=", id)
			.executeTakeFirstOrThrow();
		expect(recorded).toMatchObject({
			action: "session_ended",
			actor: null,
			method: "oidc",
			after: {
				owner: "rita@example.com",
				owner_subject: `${provider.issuer} rita`,
				by: "the identity provider",
			},
		});
	});

	test("counts once, also when it comes twice at the same time", async () => {
		const token = await sign(logout({ sub: "ron" }));
		const answers = await Promise.all(
			Array.from({ length: 5 }, () => send({ logout_token: token })),
		);
		expect(answers.map(({ status }) => status).sort()).toEqual([
			...[200, 400, 400, 400, 400],
		]);
		const id = await begin("ron", null);
		const again = await send({ logout_token: token });
		expect(again).toMatchObject({
			status: 400,
			body: {
				error: "invalid_request",
				error_description: "The logout token has already been used.",
			},
		});
		expect(await living(id)).toEqual([true]);
	});

	test.each(["logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "JWT", ""])(
		"of the type %j is one",
		async (typ) => {
			const token = await sign(logout({ sub: "ron" }), typ || undefined);
			expect((await send({ logout_token: token })).status).toBe(200);
		},
	);

	test("may come from anywhere: no cookie, no origin, no form token", async () => {
		for (const headers of [
			{},
			{ origin: "https://login.example.com" },
			{ "sec-fetch-site": "cross-site" },
		]) {
			const logout_token = await sign(logout({ sub: "ron" }));
			expect((await send({ logout_token }, headers)).status).toBe(200);
		}
	});

	const bad: Record<string, () => Promise<string>> = {
		"of another issuer": () =>
			sign(logout({ sub: "rita", iss: "https://other.example.com" })),
		"for another client": () => sign(logout({ sub: "rita", aud: "other" })),
		"for the API's audience": () =>
			sign(logout({ sub: "rita", aud: provider.audience })),
		"without iat": () => sign(logout({ sub: "rita", iat: undefined })),
		"that is too old": () =>
			sign(logout({ sub: "rita", iat: now() - 3600, exp: undefined })),
		"of the future": () => sign(logout({ sub: "rita", iat: now() + 600 })),
		"at its end": () =>
			sign(logout({ sub: "rita", iat: now() - 200, exp: now() - 100 })),
		"without jti": () => sign(logout({ sub: "rita", jti: undefined })),
		"with a jti that is no text": () => sign(logout({ sub: "rita", jti: 5 })),
		"with neither sid nor sub": () => sign(logout()),
		"with a sid that is no text": () =>
			sign(logout({ sub: "rita", sid: ["s"] })),
		"with a sub that no database keeps": () => sign(logout({ sub: "rita\0" })),
		"without events": () => sign(logout({ sub: "rita", events: undefined })),
		"with another event": () =>
			sign(logout({ sub: "rita", events: { "https://other": {} } })),
		"with an event that is no object": () =>
			sign(logout({ sub: "rita", events: { [EVENT]: true } })),
		"with a nonce": () => sign(logout({ sub: "rita", nonce: "n" })),
		"of the type of an access token": () =>
			sign(logout({ sub: "rita" }), "at+jwt"),
		"of a type that nobody knows": () => sign(logout({ sub: "rita" }), "x"),
		"that nobody signed": async () =>
			new UnsecuredJWT(logout({ sub: "rita" })).encode(),
		"signed with a key of somebody else": async () => {
			const { privateKey } = await generateKeyPair("ES256");
			return signWith(privateKey, logout({ sub: "rita" }), {
				kid: "first",
				typ: "logout+jwt",
			});
		},
		"signed with the client's secret": async () => {
			const secret = new TextEncoder().encode(provider.clientSecret);
			return new SignJWT(logout({ sub: "rita" }))
				.setProtectedHeader({ alg: "HS256" })
				.sign(secret);
		},
		"that is an access token": () =>
			provider.mint("rita", { aud: provider.clientId }),
		"that is no JWT": async () => "nonsense",
	};

	test.each(Object.entries(bad))("%s ends nothing", async (_title, make) => {
		const id = await begin("rita", "s8");
		const { status, headers, body } = await send({
			logout_token: await make(),
		});
		expect(status).toBe(400);
		expect(headers["cache-control"]).toBe("no-store");
		expect(body).toEqual({
			error: "invalid_request",
			error_description: expect.any(String),
		});
		expect(await living(id)).toEqual([true]);
	});

	test("that is not sent is asked for", async () => {
		const { status, body } = await send({});
		expect(status).toBe(400);
		expect(body.error_description).toContain("logout_token");
	});
});

describe("a token of the provider from before", () => {
	/** [what the logout names, what the token has, whether it is still taken] */
	const cases: [Record<string, string>, Record<string, string>, boolean][] = [
		[{ sub: "ron" }, {}, false],
		[{ sub: "ron" }, { sid: "t1" }, false],
		[{ sub: "rita" }, {}, true],
		[{ sub: "ron", sid: "t1" }, { sid: "t1" }, false],
		[{ sub: "ron", sid: "t1" }, { sid: "t2" }, true],
		// It may be of that session: nothing says that it is not.
		[{ sub: "ron", sid: "t1" }, {}, false],
		[{ sub: "rita", sid: "t1" }, { sid: "t1" }, true],
		[{ sub: "rita", sid: "t1" }, {}, true],
		[{ sid: "known" }, { sid: "known" }, false],
		[{ sid: "known" }, { sid: "t2" }, true],
		[{ sid: "known" }, {}, false],
		[{ sid: "unknown" }, { sid: "unknown" }, false],
		[{ sid: "unknown" }, {}, true],
	];

	test.each(cases)(
		"after a logout of %j, with %j, is taken: %s",
		async (of, token, isTaken) => {
			await service.db.deleteFrom("provider_logouts").execute();
			await begin("ron", "known");
			const loggedOutAt = now() - 5;
			const before = await provider.mint("ron", {
				...token,
				iat: loggedOutAt - 5,
			});
			const ask = (authorization: string) =>
				service.ask({
					url: "/api/v1/servers",
					headers: { host: "go-live.example.com", authorization },
				});
			expect((await ask(`Bearer ${before}`)).status).toBe(200);
			await send({
				logout_token: await sign(logout({ ...of, iat: loggedOutAt })),
			});
			const { status, body } = await ask(`Bearer ${before}`);
			expect(status).toBe(isTaken ? 200 : 401);
			if (!isTaken) expect(body.detail).toContain("signed out");
			// In the same second as the logout counts as before it.
			const sameSecond = await provider.mint("ron", {
				...token,
				iat: loggedOutAt,
			});
			expect((await ask(`Bearer ${sameSecond}`)).status).toBe(status);
			// A session that has ended begins no more; all else may come back.
			const later = await provider.mint("ron", token);
			expect((await ask(`Bearer ${later}`)).status).toBe(
				token.sid !== undefined && token.sid === of.sid ? status : 200,
			);
		},
	);

	test("is forgotten when no token can last so long", async () => {
		const long = { issuer: "https://p.example.com", sid: "long-ago" };
		await service.db
			.insertInto("provider_logouts")
			.values({
				...long,
				subject: null,
				logged_out_at: sql<string>`now() - interval '91 days'`,
			})
			.execute();
		await send({ logout_token: await sign(logout({ sub: "rita" })) });
		const left = await service.db
			.selectFrom("provider_logouts")
			.select("sid")
			.execute();
		expect(left.map(({ sid }) => sid)).not.toContain("long-ago");
		expect(left.length).toBeGreaterThan(0);
	});
});

test("guessing ends soon, by the address", async () => {
	const own = await startService(undefined, {
		...provider.settings(publicUrl),
		RATE_LIMIT: 100,
	});
	const statuses = new Set<number>();
	for (let n = 0; n < 62; n++) {
		const { status } = await own.ask({
			method: "POST",
			url: "/sign-out/back-channel",
			headers: {
				host: "go-live.example.com",
				"content-type": "application/x-www-form-urlencoded",
			},
			payload: "logout_token=nonsense",
		});
		statuses.add(status);
	}
	expect([...statuses]).toEqual([400, 429]);
});

test("who signs out at the provider is signed out here too, in that browser alone", async () => {
	const site = await startSite(afterAll);
	const browser = await startBrowser(afterAll);
	const [one, other] = [await openPage(browser), await openPage(browser)];
	for (const page of [one, other]) {
		await page.goto(`${site.base}/servers`);
		await signInAs(page, "rita");
		await page.waitForURL(`${site.base}/servers`);
	}
	const rows = await site.service.db
		.selectFrom("sessions")
		.select(["issuer", "provider_session"])
		.execute();
	expect(rows.map(({ issuer }) => issuer)).toEqual([
		site.provider.issuer,
		site.provider.issuer,
	]);
	expect(new Set(rows.map((row) => row.provider_session)).size).toBe(2);

	await one.goto(`${site.provider.issuer}/session/end`);
	await one.getByRole("button", { name: "Yes, sign me out" }).click();
	await one.waitForURL(/session\/end\/success/);
	await one.goto(`${site.base}/servers`);
	await one.locator('input[name="login"]').waitFor();
	await other.goto(`${site.base}/servers`);
	await other.getByRole("heading", { name: "Servers" }).waitFor();
});
