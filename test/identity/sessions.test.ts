import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorize } from "../support/authorize.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import { type PageAnswer, tokenIn, visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "https://go-live.example.com";
const SESSION = "__Host-go_live_session";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

/** A browser that goes to the service's public address. */
function openBrowser(of: TestService = service) {
	const { jar, open, post } = visit(of);
	const home = { host: "go-live.example.com" };
	return {
		jar,
		open: (url: string, headers = {}) => open(url, { ...home, ...headers }),
		post: (url: string, form: Record<string, string>, headers = {}) =>
			post(url, form, { ...home, origin: publicUrl, ...headers }),
	};
}
type TestBrowser = ReturnType<typeof openBrowser>;

/** Begins to sign in; gives the provider's address. */
async function begin(browser: TestBrowser, returnTo = "/"): Promise<string> {
	const url = `/sign-in?return_to=${encodeURIComponent(returnTo)}`;
	const { status, headers } = await browser.open(url);
	expect(status).toBe(303);
	return String(headers.location);
}

/** Signs in; gives what the callback answered. */
async function signIn(
	browser: TestBrowser,
	account: string,
	returnTo = "/",
): Promise<PageAnswer> {
	const back = await authorize(await begin(browser, returnTo), account);
	return browser.open(back.pathname + back.search);
}

function cookiesOf({ headers }: PageAnswer): string[] {
	return [headers["set-cookie"] ?? []].flat().map(String);
}

async function countSessions(): Promise<number> {
	const { count } = await service.db
		.selectFrom("sessions")
		.select(sql<number>`count(*)::integer`.as("count"))
		.executeTakeFirstOrThrow();
	return count;
}

describe("a stranger", () => {
	test("who asks for a page is sent to sign in, and back to that page", async () => {
		for (const page of [
			"/",
			"/servers?status=all",
			"/overview",
			"/checklist",
			"/tokens",
			"/reports/550e8400-e29b-41d4-a716-446655440000?sort=risk",
		]) {
			const { status, headers } = await openBrowser().open(page);
			expect(status, page).toBe(303);
			const { pathname, searchParams } = new URL(
				String(headers.location),
				publicUrl,
			);
			expect(pathname).toBe("/sign-in");
			expect(searchParams.get("return_to") ?? "/").toBe(page);
		}
		const answer = await signIn(openBrowser(), "rita", "/servers?status=all");
		expect(answer).toMatchObject({
			status: 303,
			headers: { location: "/servers?status=all" },
		});
	});

	test("gets nothing else either, and no redirect where no page is asked for", async () => {
		for (const url of [
			"/queue/news",
			"/overview/risks.svg",
			"/reports/550e8400-e29b-41d4-a716-446655440000.md",
			"/reports/550e8400-e29b-41d4-a716-446655440000/raw",
		]) {
			const { status } = await openBrowser().open(url, { accept: "*/*" });
			expect(status, url).toBe(401);
		}
	});

	test("sees probes, documentation and what the pages are made of", async () => {
		const { html } = await openBrowser().open("/signed-out");
		const [, asset = ""] = /href="(\/assets\/desk-[^"]+)"/.exec(html) ?? [];
		for (const url of [asset, "/healthz", "/docs/", "/openapi.json"]) {
			expect((await openBrowser().open(url)).status, url).toBe(200);
		}
	});

	test("is not let in by a bearer token on a page, nor by a session at the API", async () => {
		const bearer = { authorization: `Bearer ${await provider.mint("rita")}` };
		expect((await openBrowser().open("/", bearer)).status).toBe(303);
		const browser = openBrowser();
		await signIn(browser, "rita");
		expect((await browser.open("/")).status).toBe(200);
		for (const url of ["/api/v1/reports", "/trpc/reports.list"]) {
			expect((await browser.open(url)).status, url).toBe(401);
		}
	});
});

test.each([
	"//evil.example.com",
	"///evil.example.com",
	"/\\evil.example.com",
	"\\\\evil.example.com",
	"/\t/evil.example.com",
	"/\n/evil.example.com",
	"/.//evil.example.com",
	"/x/..//evil.example.com",
	"/%2fevil.example.com",
	"/%2Fevil.example.com",
	"/%5cevil.example.com",
	"/%255cevil.example.com",
	"/%252fevil.example.com",
	"https://evil.example.com/",
	"https:evil.example.com",
	"javascript:alert(1)",
	"evil.example.com",
	"@evil.example.com",
	"",
	"/ø",
])("a sign-in does not lead to %j afterwards", async (returnTo) => {
	const url = `/sign-in?return_to=${encodeURIComponent(returnTo)}`;
	const { status, headers } = await openBrowser().open(url);
	expect(status).toBe(400);
	expect(headers.location).toBeUndefined();
});

test("a sign-in does not lead to itself, nor to where somebody else wrote into its cookie", async () => {
	const browser = openBrowser();
	const again = await signIn(browser, "rita", "/sign-in?return_to=/servers");
	expect(again.headers.location).toBe("/");

	const back = await authorize(await begin(browser), "rita");
	const name = [...browser.jar.keys()].find((name) =>
		name.endsWith(back.searchParams.get("state") ?? "-"),
	);
	const kept = JSON.parse(
		Buffer.from(browser.jar.get(name ?? "") ?? "", "base64url").toString(),
	);
	const spoiled = { ...kept, return_to: "//evil.example.com" };
	browser.jar.set(
		name ?? "",
		Buffer.from(JSON.stringify(spoiled)).toString("base64url"),
	);
	const { status, headers } = await browser.open(back.pathname + back.search);
	expect(status).toBe(303);
	expect(headers.location).toBe("/");
});

describe("signing in", () => {
	test("asks the provider with PKCE, state and nonce, and sets cookies that no script and no other host has", async () => {
		const browser = openBrowser();
		const asked = await browser.open("/sign-in?return_to=/");
		const { searchParams } = new URL(String(asked.headers.location));
		expect(Object.fromEntries(searchParams)).toMatchObject({
			response_type: "code",
			client_id: provider.clientId,
			redirect_uri: `${publicUrl}/sign-in/callback`,
			scope: "openid profile email",
			state: expect.stringMatching(/^[\w-]{43}$/),
			nonce: expect.stringMatching(/^[\w-]{43}$/),
			code_challenge: expect.stringMatching(/^[\w-]{43}$/),
			code_challenge_method: "S256",
		});
		expect(cookiesOf(asked)).toEqual([
			expect.stringMatching(
				/^__Host-go_live_sign_in_[\w-]{43}=[\w-]+; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
			),
		]);
		const back = await authorize(String(asked.headers.location), "rita");
		const answer = await browser.open(back.pathname + back.search);
		expect(cookiesOf(answer)).toEqual([
			expect.stringMatching(/^__Host-go_live_sign_in_[\w-]{43}=; Max-Age=0; /),
			expect.stringMatching(
				/^__Host-go_live_session=[\w-]{43}; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
			),
		]);
		for (const { headers } of [asked, answer]) {
			expect(headers["cache-control"]).toBe("no-store");
		}
	});

	test("keeps of the session a hash, for eight hours", async () => {
		const browser = openBrowser();
		await signIn(browser, "rita");
		const session = browser.jar.get(SESSION) ?? "";
		const row = await service.db
			.selectFrom("sessions")
			.selectAll()
			.select(
				sql<number>`extract(epoch from expires_at - created_at)::integer`.as(
					"lifetime",
				),
			)
			.where(
				"session_sha256",
				"=",
				createHash("sha256").update(session).digest("hex"),
			)
			.executeTakeFirstOrThrow();
		expect(row).toMatchObject({
			subject: `${provider.issuer} rita`,
			lifetime: 8 * 60 * 60,
		});
		expect(JSON.stringify(service.logs)).not.toContain(session);
		expect(JSON.stringify(service.logs)).not.toContain("rita@example.com");
	});

	test("gives a new session each time, and ends the one before: nobody can have prepared it", async () => {
		const browser = openBrowser();
		const planted = "A".repeat(43);
		browser.jar.set(SESSION, planted);
		await signIn(browser, "rita");
		const first = browser.jar.get(SESSION);
		expect(first).not.toBe(planted);
		await signIn(browser, "ron");
		expect(browser.jar.get(SESSION)).not.toBe(first);
		for (const former of [planted, first]) {
			const other = openBrowser();
			other.jar.set(SESSION, former ?? "");
			const answer = await other.open("/");
			expect(answer.status).toBe(303);
			expect(cookiesOf(answer)).toEqual([
				expect.stringMatching(/^__Host-go_live_session=; Max-Age=0/),
			]);
		}
	});

	test("in two tabs at the same time works in both", async () => {
		const browser = openBrowser();
		const [first, second] = [
			await begin(browser, "/servers"),
			await begin(browser, "/checklist"),
		];
		for (const [url, page] of [
			[first, "/servers"],
			[second, "/checklist"],
		]) {
			const back = await authorize(url ?? "", "rita");
			const { headers } = await browser.open(back.pathname + back.search);
			expect(headers.location).toBe(page);
		}
	});

	test("again and again without coming back does not fill the browser with cookies", async () => {
		const browser = openBrowser();
		for (let n = 0; n < 8; n++) await begin(browser);
		const answer = await browser.open("/sign-in");
		const cleared = cookiesOf(answer).filter((text) => /Max-Age=0/.test(text));
		expect(cleared).toHaveLength(8);
	});

	const spoiled: [
		title: string,
		spoil: (back: URL, browser: TestBrowser) => unknown,
	][] = [
		["without a state", (back) => back.searchParams.delete("state")],
		[
			"with another state",
			(back) => back.searchParams.set("state", "B".repeat(43)),
		],
		["with two states", (back) => back.searchParams.append("state", "x")],
		[
			"in another browser than it began in",
			(_back, browser) => browser.jar.clear(),
		],
		[
			"with another nonce than it began with",
			(_back, browser) => change(browser, { nonce: "C".repeat(43) }),
		],
		[
			"with another PKCE verifier than it began with",
			(_back, browser) => change(browser, { verifier: "D".repeat(43) }),
		],
		[
			"with a cookie that is none of ours",
			(_back, browser) => {
				for (const name of browser.jar.keys())
					browser.jar.set(name, "nonsense");
			},
		],
		[
			"with the name of another issuer",
			(back) => back.searchParams.set("iss", "https://evil.example.com"),
		],
		["with another code", (back) => back.searchParams.set("code", "invented")],
		[
			"with an error",
			(back) => {
				back.searchParams.delete("code");
				back.searchParams.set("error", "server_error");
				back.searchParams.set("error_description", "<b>Call 555</b>");
			},
		],
	];

	test.each(spoiled)(
		"that comes back %s signs nobody in",
		async (_title, spoil) => {
			const browser = openBrowser();
			const before = await countSessions();
			const back = await authorize(await begin(browser), "rita");
			spoil(back, browser);
			const answer = await browser.open(back.pathname + back.search);
			expect(answer.status).toBe(403);
			expect(answer.html).toContain("You are not signed in");
			expect(answer.html).not.toContain("Call 555");
			expect(browser.jar.get(SESSION)).toBeUndefined();
			expect(await countSessions()).toBe(before);
			expect(service.logs.at(-1)).toContain('"route":"/sign-in/callback"');
			expect(service.logs.slice(-3).join()).toContain("sign-in refused");
		},
	);

	test("serves once: the same answer of the provider again signs nobody in", async () => {
		const browser = openBrowser();
		const jar = new Map<string, string>();
		const url = await begin(browser);
		for (const [name, value] of browser.jar) jar.set(name, value);
		const back = await authorize(url, "rita");
		expect((await browser.open(back.pathname + back.search)).status).toBe(303);
		const thief = openBrowser();
		for (const [name, value] of jar) thief.jar.set(name, value);
		const { status, html } = await thief.open(back.pathname + back.search);
		expect(status).toBe(403);
		expect(html).toContain("was already used");
	});

	test("of somebody whom the provider gives no e-mail address says what is missing", async () => {
		provider.accounts.mailless = {
			...(provider.accounts.rita as object),
			email: undefined as never,
			name: "Mailless",
			roles: ["reviewer"],
		};
		const { status, html } = await signIn(openBrowser(), "mailless");
		expect(status).toBe(403);
		expect(html).toContain("has no e-mail address in its claim email");
	});

	test("with a secret that the provider takes no more says so, to the person and in the log", async () => {
		const own = await startService(undefined, {
			...provider.settings(publicUrl),
			OIDC_CLIENT_SECRET: "b8d1f0a2c4e6478990a1b2c3d4e5f607",
		});
		const { status, html } = await signIn(openBrowser(own), "rita");
		expect(status).toBe(403);
		expect(html).toContain("does not accept this service&#39;s registration");
		expect(own.logs.join()).toContain('"reason":"client_refused"');
		expect(own.logs.join()).not.toContain("b8d1f0a2");
	});

	test("does not wait for another one that forgets the sessions that ended", async () => {
		await signIn(openBrowser(), "ron");
		const { hash } = await service.db
			.updateTable("sessions")
			.set({
				created_at: sql<string>`now() - interval '9 hours'`,
				expires_at: sql<string>`now() - interval '1 hour'`,
			})
			.where("subject", "like", "% ron")
			.returning("session_sha256 as hash")
			.executeTakeFirstOrThrow();
		await service.db.transaction().execute(async (tx) => {
			await tx
				.deleteFrom("sessions")
				.where("session_sha256", "=", hash)
				.execute();
			const { status, headers } = await Promise.race([
				signIn(openBrowser(), "rita"),
				setTimeout(3000, { status: 0, headers: {} }),
			]);
			expect(status).toBe(303);
			expect(headers).toMatchObject({ location: "/" });
		});
	});

	test("works for a registration without a secret", async () => {
		const answer = await fetch(`${provider.issuer}/reg`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({
				redirect_uris: [`${publicUrl}/sign-in/callback`],
				token_endpoint_auth_method: "none",
			}),
		});
		const { client_id } = (await answer.json()) as { client_id: string };
		const { OIDC_CLIENT_SECRET: _, ...settings } = provider.settings(publicUrl);
		const own = await startService(undefined, {
			...settings,
			OIDC_CLIENT_ID: client_id,
		});
		const { status, headers } = await signIn(openBrowser(own), "rita");
		expect(status).toBe(303);
		expect(headers.location).toBe("/");
	});

	test("asks the provider's userinfo for what the ID token does not say", async () => {
		const terse = await startProvider(publicUrl, undefined, {
			tellsOnlyUserinfo: true,
		});
		const own = await startService(undefined, terse.settings(publicUrl));
		const browser = openBrowser(own);
		expect((await signIn(browser, "rita")).headers.location).toBe("/");
		const { html } = await browser.open("/overview");
		expect(html).toContain("rita@example.com");
		expect(html).toContain("<title>Overview");
	});

	test("takes the roles of the day: who lost one meanwhile may less after the next sign-in", async () => {
		const account = {
			email: "var@example.com",
			name: "Var",
			roles: ["auditor"],
		};
		provider.accounts.var = account;
		const browser = openBrowser();
		await signIn(browser, "var");
		expect((await browser.open("/overview")).status).toBe(200);
		account.roles = ["developer"];
		await signIn(browser, "var");
		const { status, html } = await browser.open("/overview");
		expect(status).toBe(403);
		expect(html).toMatch(
			/The role reviewer or auditor is required to .*; var@example\.com has developer here/,
		);
	});

	test("while the provider is out of reach is 503 with words, and works again afterwards", async () => {
		const gone = await startProvider(publicUrl);
		const own = await startService(undefined, gone.settings(publicUrl));
		await gone.close();
		const { status, html, headers } = await openBrowser(own).open("/sign-in");
		expect(status).toBe(503);
		expect(headers["retry-after"]).toBe("5");
		expect(html).toContain("The identity provider does not answer");
		expect(html).not.toContain("database");
	});

	test("while the database is away is said once in the log", async () => {
		const own = await startService(undefined, {
			...provider.settings(publicUrl),
			databaseUrl: "postgresql://nobody@127.0.0.1:1/nothing",
		});
		const { status } = await signIn(openBrowser(own), "rita");
		expect(status).toBe(503);
		const said = own.logs.filter((line) => line.includes('"err":'));
		expect(said).toHaveLength(1);
	});
});

describe("a session", () => {
	test("that has ended is none, and is forgotten by a sign-in a day later", async () => {
		const browser = openBrowser();
		await signIn(browser, "rita");
		const end = (when: string) =>
			service.db
				.updateTable("sessions")
				.set({ expires_at: sql<string>`now() - ${when}::interval` })
				.execute();
		await end("0 s");
		const { status, headers } = await browser.open("/servers");
		expect(status).toBe(303);
		expect(headers.location).toBe("/sign-in?return_to=%2Fservers");
		await signIn(openBrowser(), "ron");
		expect(await countSessions()).toBeGreaterThan(1);
		await end("1 day");
		await signIn(openBrowser(), "ron");
		expect(await countSessions()).toBe(1);
	});

	test("ends for good by signing out, here and at the provider", async () => {
		const browser = openBrowser();
		await signIn(browser, "rita");
		const session = browser.jar.get(SESSION) ?? "";
		const csrf = tokenIn((await browser.open("/servers")).html);
		const answer = await browser.post("/sign-out", { csrf });
		expect(answer.status).toBe(200);
		const [, url = ""] =
			/^0; url=(.+)$/.exec(String(answer.headers.refresh)) ?? [];
		const { origin, searchParams } = new URL(url);
		expect(origin).toBe(provider.issuer);
		expect(searchParams.get("post_logout_redirect_uri")).toBe(
			`${publicUrl}/signed-out`,
		);
		browser.jar.set(SESSION, session);
		expect((await browser.open("/servers")).status).toBe(303);
	});

	test("is not ended, and nothing is done in it, by what another page sends", async () => {
		const browser = openBrowser();
		await signIn(browser, "rita");
		const csrf = tokenIn((await browser.open("/servers")).html);
		const id = await submit();
		const forms: [url: string, form: Record<string, string>][] = [
			["/sign-out", {}],
			["/tokens", { name: "x", scopes: "reports:read", expires_in_days: "90" }],
			[`/reports/${id}/decide`, { status: "approved" }],
			[`/reports/${id}/decision`, { status: "approved" }],
			[`/reports/${id}/withdraw`, {}],
			[`/reports/${id}/withdrawal`, {}],
			[`/tokens/${id}/revoke`, {}],
			["/tokens/service", { name: "x", owner: "a@example.com" }],
			[`/sessions/${id}/end`, {}],
			["/sessions/end-all", {}],
			["/sessions/end-access", { person: "rita@example.com" }],
		];
		const evil = { origin: "https://evil.example.com" };
		for (const [url, form] of forms) {
			const attempts = [
				[{ ...form, csrf }, evil],
				[{ ...form, csrf }, { "sec-fetch-site": "cross-site" }],
				[{ ...form, csrf }, { origin: "null" }],
				[form, {}],
				[{ ...form, csrf: csrf.replace(/^./, "!") }, {}],
			] as const;
			for (const [sent, headers] of attempts) {
				const answer = await browser.post(url, sent, headers);
				expect(answer.status, `${url} ${JSON.stringify(headers)}`).toBe(403);
			}
			const change = { ...form, csrf, change: "yes" };
			expect((await browser.post(url, change, evil)).status, url).toBe(403);
		}
		expect((await browser.open("/servers")).status).toBe(200);
		expect((await browser.open(`/reports/${id}`)).html).toContain(
			"<title>Pending",
		);
	});

	test("has form tokens of its own: another person's do not fit", async () => {
		const [rita, ron] = [openBrowser(), openBrowser()];
		await signIn(rita, "rita");
		await signIn(ron, "ron");
		const csrf = tokenIn((await rita.open("/servers")).html);
		expect((await ron.post("/sign-out", { csrf })).status).toBe(403);
	});

	test("withdraws a report once, and leads to it whoever tries again or loads a step anew", async () => {
		const id = await submit();
		const browser = openBrowser();
		await signIn(browser, "dev");
		const csrf = tokenIn((await browser.open(`/reports/${id}`)).html);
		for (const step of ["withdraw", "withdrawal"]) {
			const url = `/reports/${id}/${step}?status=all`;
			expect(await browser.open(url)).toMatchObject({
				status: 303,
				headers: { location: `/reports/${id}?status=all` },
			});
		}
		const url = `/reports/${id}/withdrawal?status=all`;
		expect((await browser.post(url, { csrf })).status).toBe(303);
		const { status, html } = await browser.post(url, { csrf });
		expect(status).toBe(409);
		expect(html).toContain(
			`<a href="/reports/${id}?status=all">To the report</a>`,
		);
	});

	test("decides as its person, whatever the form says", async () => {
		const id = await submit({ report_data: fillTemplate() });
		const browser = openBrowser();
		await signIn(browser, "rita");
		const csrf = tokenIn((await browser.open(`/reports/${id}`)).html);
		const { status } = await browser.post(`/reports/${id}/decision`, {
			csrf,
			status: "approved",
			reviewed_by: "ron@example.com",
			decisions_seen: "0",
		});
		expect(status).toBe(303);
		expect((await browser.open(`/reports/${id}`)).html).toContain(
			"by <bdi>rita@example.com</bdi>",
		);
	});

	test("that cannot be looked up, since the database is away, loses nothing typed", async () => {
		const browser = openBrowser(
			await startService(undefined, {
				...provider.settings(publicUrl),
				databaseUrl: "postgresql://nobody@127.0.0.1:1/nothing",
			}),
		);
		browser.jar.set(SESSION, "A".repeat(43));
		for (const step of ["decide", "decision"]) {
			const { status, html, headers } = await browser.post(
				`/reports/550e8400-e29b-41d4-a716-446655440000/${step}`,
				{ csrf: "x", status: "rejected", review_notes: "Not <lost>" },
			);
			expect(status).toBe(503);
			expect(headers["retry-after"]).toBe("5");
			expect(html).toContain("The database does not answer");
			expect(html).toContain("Not &lt;lost&gt;</textarea>");
		}
		for (const page of ["/servers", "/nowhere"]) {
			const { status, html } = await browser.open(page);
			expect(status, page).toBe(503);
			expect(html).toContain("The database does not answer");
		}
	});

	test("that has ended takes no form of another page to show it", async () => {
		const id = await submit();
		const { status, html } = await openBrowser().post(
			`/reports/${id}/decide`,
			{ status: "approved", review_notes: "Typed elsewhere" },
			{ origin: "https://evil.example.com" },
		);
		expect(status).toBe(403);
		expect(html).not.toContain("Typed elsewhere");
	});

	test("does not show a developer the figures that a reviewer has just looked at", async () => {
		const [rita, dev] = [openBrowser(), openBrowser()];
		await signIn(rita, "rita");
		await signIn(dev, "dev");
		expect((await rita.open("/overview")).status).toBe(200);
		expect((await rita.open("/overview/risks.svg")).status).toBe(200);
		expect((await dev.open("/overview/risks.svg")).status).toBe(403);
	});

	test("shows each role the way to its pages alone", async () => {
		const expected: Record<string, string> = {
			dev: "/ /servers /checklist /tokens",
			rita: "/ /servers /overview /checklist /tokens",
			aud: "/ /servers /overview /audit /checklist /tokens",
			adm: "/servers /checklist /tokens",
			nobody: "",
		};
		for (const [account, paths] of Object.entries(expected)) {
			const browser = openBrowser();
			await signIn(browser, account);
			const { html } = await browser.open("/nowhere");
			expect(html).toContain(`${account}@example.com`);
			const [nav = ""] = /<nav aria-label="Main">.*?<\/nav>/s.exec(html) ?? [];
			const links = [...nav.matchAll(/href="([^"]+)"/g)].map(([, at]) => at);
			expect(links.join(" "), account).toBe(paths);
		}
	});
});

/** Who may look at which page, by hand; what only a report's own developer may see is 404 to other developers. */
const pages: Record<string, Record<string, number>> = {
	"/": { dev: 200, rita: 200, aud: 200, adm: 403, nobody: 403 },
	"/servers": { dev: 200, rita: 200, aud: 200, adm: 200, nobody: 403 },
	"/overview": { dev: 403, rita: 200, aud: 200, adm: 403, nobody: 403 },
	"/checklist": { dev: 200, rita: 200, aud: 200, adm: 200, nobody: 403 },
	"/audit": { dev: 403, rita: 403, aud: 200, adm: 403, nobody: 403 },
	"/tokens": { dev: 200, rita: 200, aud: 200, adm: 200, nobody: 403 },
	"/tokens?owner=everybody": {
		...{ dev: 403, rita: 403, aud: 403, adm: 200, nobody: 403 },
	},
	"/sessions": { dev: 200, rita: 200, aud: 200, adm: 200, nobody: 403 },
	"/sessions?owner=everybody": {
		...{ dev: 403, rita: 403, aud: 403, adm: 200, nobody: 403 },
	},
	"/sessions/end-access?person=dev%40example.com": {
		...{ dev: 403, rita: 403, aud: 403, adm: 200, nobody: 403 },
	},
	"/reports/:id": {
		...{ dev: 200, other: 404, rita: 200, aud: 200, adm: 403, nobody: 403 },
	},
	"/reports/:id/raw": {
		...{ dev: 200, other: 404, rita: 200, aud: 200, adm: 403, nobody: 403 },
	},
};

test.each(Object.entries(pages))(
	"%s answers everybody as they may",
	async (page, expected) => {
		const { body } = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport({ developer_email: undefined }),
			headers: {
				host: "go-live.example.com",
				authorization: `Bearer ${await provider.mint("dev")}`,
			},
		});
		const path = page.replace(":id", body.id);
		for (const [account, status] of Object.entries(expected)) {
			const browser = openBrowser();
			await signIn(browser, account);
			expect((await browser.open(path)).status, account).toBe(status);
		}
		// A page takes no token, and sends a stranger to sign in.
		for (const who of ["rita", undefined]) {
			const { status } = await openBrowser().open(
				path,
				who ? { authorization: `Bearer ${await provider.mint(who)}` } : {},
			);
			expect(status).toBe(303);
		}
	},
);

test("people are counted by who they are, and strangers by their address", async () => {
	const own = await startService(undefined, {
		...provider.settings(publicUrl),
		RATE_LIMIT: 6,
	});
	const [rita, ron, stranger] = [
		openBrowser(own),
		openBrowser(own),
		openBrowser(own),
	];
	await signIn(rita, "rita");
	await signIn(ron, "ron");
	const statuses = async (browser: TestBrowser, times: number) => {
		const answers: number[] = [];
		for (let time = 0; time < times; time++) {
			answers.push((await browser.open("/checklist")).status);
		}
		return answers;
	};
	expect(await statuses(rita, 7)).toEqual([...Array(6).fill(200), 429]);
	expect(await statuses(ron, 6)).toEqual(Array(6).fill(200));
	// Signing in was four requests of this address.
	expect(await statuses(stranger, 3)).toEqual([303, 303, 429]);
	// A session that is none is an address's too.
	const forged = openBrowser(own);
	forged.jar.set("__Host-go_live_session", "A".repeat(43));
	expect(await statuses(forged, 1)).toEqual([429]);
	// Forms are counted too, before anything is made of them.
	const { status } = await ron.post("/tokens", { csrf: "any" });
	expect(status).toBe(429);
});

describe("an access token's page", () => {
	test("shows a new token once, to nobody's cache, and in no address", async () => {
		const browser = openBrowser();
		await signIn(browser, "dev");
		const csrf = tokenIn((await browser.open("/tokens")).html);
		const made = await browser.post("/tokens", {
			csrf,
			name: "<b>CI</b>",
			scopes: "reports:read",
			expires_in_days: "30",
		});
		expect(made).toMatchObject({
			status: 303,
			headers: { location: "/tokens", "cache-control": "no-store" },
		});
		expect(cookiesOf(made)).toEqual([
			expect.stringMatching(
				/^__Host-go_live_new_token=golive_[0-9a-f]{64}; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
			),
		]);
		const shown = await browser.open("/tokens");
		expect(shown.html).toMatch(/golive_[0-9a-f]{64}/);
		expect(shown.html).toContain("&lt;b&gt;CI&lt;/b&gt;");
		expect(shown.headers["cache-control"]).toBe("no-store");
		expect(cookiesOf(shown)).toEqual([
			expect.stringMatching(/^__Host-go_live_new_token=; Max-Age=0/),
		]);
		browser.jar.delete("__Host-go_live_new_token");
		expect((await browser.open("/tokens")).html).not.toMatch(/golive_[0-9a-f]/);
	});

	test("keeps what was typed when somebody has signed in anew meanwhile", async () => {
		const browser = openBrowser();
		await signIn(browser, "dev");
		const csrf = tokenIn((await browser.open("/tokens")).html);
		await signIn(browser, "dev");
		const typed = { name: "CI of x", expires_in_days: "180" };
		const fields = { ...typed, scopes: "reports:read" };
		const { status, html } = await browser.post("/tokens", { csrf, ...fields });
		expect(status).toBe(403);
		expect(html).toContain("this form belongs to an earlier session");
		expect(html).toContain('value="CI of x"');
		expect(html).toContain('value="reports:read" checked');
		expect(html).toContain('value="180" selected');
		const again = { csrf: tokenIn(html.split("<main")[1] ?? ""), ...fields };
		expect((await browser.post("/tokens", again)).status).toBe(303);
	});

	test("offers no approving, which no access token does", async () => {
		const browser = openBrowser();
		await signIn(browser, "rita");
		const { html } = await browser.open("/tokens");
		expect(html).toContain(
			"<code>reports:decide</code> reject and reopen reports<",
		);
	});

	test("shows nothing that somebody else's cookie says", async () => {
		const browser = openBrowser();
		await signIn(browser, "dev");
		browser.jar.set("__Host-go_live_new_token", "Call 555 for your token");
		const { html } = await browser.open("/tokens");
		expect(html).not.toContain("Call 555");
	});

	test("lets nobody revoke another's, and says that there is none", async () => {
		const { body } = await service.ask({
			method: "POST",
			url: "/api/v1/tokens",
			headers: { authorization: `Bearer ${await provider.mint("other")}` },
			payload: { name: "Other's", scopes: ["reports:read"] },
		});
		const browser = openBrowser();
		await signIn(browser, "dev");
		const { html } = await browser.open("/tokens");
		expect(html).not.toContain(body.id);
		const csrf = tokenIn(html);
		expect((await browser.open(`/tokens/${body.id}/revoke`)).status).toBe(404);
		const sent = await browser.post(`/tokens/${body.id}/revoke`, { csrf });
		expect(sent.status).toBe(404);
		expect((await browser.open("/tokens?owner=everybody")).status).toBe(403);
	});

	test("does not exist where nobody signs in, and nor does signing in", async () => {
		const open = await startService();
		for (const url of ["/tokens", "/sign-in", "/signed-out"]) {
			expect((await visit(open).open(url)).status, url).toBe(404);
		}
		const { html } = await visit(open).open("/");
		expect(html).not.toMatch(/sign-(in|out)|\/tokens/);
	});
});

/** Changes what the browser keeps of a sign-in that has begun. */
function change(browser: TestBrowser, changes: Record<string, string>): void {
	for (const [name, value] of browser.jar) {
		const kept = JSON.parse(Buffer.from(value, "base64url").toString());
		const text = JSON.stringify({ ...kept, ...changes });
		browser.jar.set(name, Buffer.from(text).toString("base64url"));
	}
}

/** Submits as a developer; gives the report's id. */
async function submit(changes = {}): Promise<string> {
	const { developer_email: _, ...report } = newReport(changes);
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers: { authorization: `Bearer ${await provider.mint("dev")}` },
		payload: report,
	});
	return body.id;
}
