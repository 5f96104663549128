import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { sql } from "kysely";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
} from "vitest";
import { parseConfig } from "../../src/core/config.ts";
import { authorize } from "../support/authorize.ts";
import { startService, type TestService } from "../support/helpers.ts";
import { tokenIn, visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "https://go-live.example.com";
const SESSION = "__Host-go_live_session";
const firefox =
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

beforeEach(async () => {
	await service.db.deleteFrom("sessions").execute();
});

/** A browser at the service's public address in which somebody has signed in. */
async function signedIn(
	account: string,
	{ of = service, userAgent = firefox } = {},
) {
	const { jar, open, post } = visit(of);
	const home = { host: "go-live.example.com", "user-agent": userAgent };
	const browser = {
		jar,
		open: (url: string, headers = {}) => open(url, { ...home, ...headers }),
		post: (url: string, form: Record<string, string>, headers = {}) =>
			post(url, form, { ...home, origin: publicUrl, ...headers }),
	};
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), account);
	await browser.open(back.pathname + back.search);
	expect(browser.jar.get(SESSION)).toBeTruthy();
	return browser;
}

async function ask(
	account: string,
	method: "GET" | "POST",
	path: string,
	payload?: object,
	claims = {},
) {
	const token = await provider.mint(account, claims);
	return service.ask({
		method,
		url: `/api/v1${path}`,
		headers: { authorization: `Bearer ${token}` },
		...(payload && { payload }),
	});
}

/** Lets all sessions be as if that much time had passed since somebody was seen in them. */
async function pass(minutes: number): Promise<void> {
	await service.db
		.updateTable("sessions")
		.set({
			last_seen_at: sql<string>`last_seen_at - make_interval(mins => ${minutes})`,
		})
		.execute();
}

async function lastSeen(): Promise<number> {
	const { ago } = await service.db
		.selectFrom("sessions")
		.select(
			sql<number>`extract(epoch from now() - max(last_seen_at))::integer`.as(
				"ago",
			),
		)
		.executeTakeFirstOrThrow();
	return ago;
}

describe("a session that nobody uses", () => {
	test("ends after an hour", async () => {
		const browser = await signedIn("rita");
		await pass(59);
		expect((await browser.open("/servers")).status).toBe(200);
		await pass(60);
		expect((await browser.open("/servers")).status).toBe(303);
		// Nothing wakes it.
		expect((await browser.open("/servers")).status).toBe(303);
	});

	test("is kept alive by what its person does, and not by what an open page asks by itself", async () => {
		const browser = await signedIn("rita");
		await pass(40);
		const json = { accept: "application/json" };
		expect((await browser.open("/queue/news", json)).status).toBe(200);
		expect(await lastSeen()).toBeGreaterThanOrEqual(40 * 60);
		expect((await browser.open("/")).status).toBe(200);
		expect(await lastSeen()).toBeLessThan(60);
		await pass(40);
		const csrf = tokenIn((await browser.open("/tokens")).html);
		await pass(40);
		await browser.post("/tokens", { csrf, name: "" });
		expect(await lastSeen()).toBeLessThan(60);
		await pass(60);
		expect((await browser.open("/queue/news", json)).status).toBe(401);
	});

	test("is written about once a minute at the most", async () => {
		const browser = await signedIn("rita");
		const read = () =>
			service.db.selectFrom("sessions").select("last_seen_at").execute();
		const before = await read();
		await browser.open("/servers");
		expect(await read()).toEqual(before);
		await pass(1);
		await browser.open("/servers");
		expect(await read()).not.toEqual(before);
	});

	test("lasts as long as the settings say, whatever is done in it", async () => {
		const own = await startService(undefined, {
			...provider.settings(publicUrl),
			SESSION_HOURS: 2,
			SESSION_IDLE_MINUTES: 5,
		});
		const browser = await signedIn("rita", { of: own });
		const { lifetime } = await own.db
			.selectFrom("sessions")
			.select(
				sql<number>`extract(epoch from expires_at - created_at)::integer`.as(
					"lifetime",
				),
			)
			.executeTakeFirstOrThrow();
		expect(lifetime).toBe(2 * 60 * 60);
		await own.db
			.updateTable("sessions")
			.set({ last_seen_at: sql<string>`now() - interval '5 minutes'` })
			.execute();
		expect((await browser.open("/servers")).status).toBe(303);
	});

	test.each([
		["SESSION_HOURS", "0"],
		["SESSION_HOURS", "169"],
		["SESSION_IDLE_MINUTES", "4"],
		["TOKEN_OWNER_DAYS", "0"],
		["TOKEN_OWNER_DAYS", "never"],
	])("has no limit such as %s=%s", (name, value) => {
		expect(() => parseConfig({ [name]: value })).toThrow(name);
	});
});

describe("where somebody is signed in", () => {
	test("is listed for them alone, with the browser's own name and nothing of its secret", async () => {
		const long = `${firefox}\u202e${"x".repeat(300)}`;
		const browser = await signedIn("rita", { userAgent: long });
		await signedIn("ron");
		const { status, body } = await ask("rita", "GET", "/sessions");
		expect(status).toBe(200);
		expect(body).toEqual([
			{
				id: expect.any(String),
				owner: "rita@example.com",
				client: `${firefox}${"x".repeat(300)}`.slice(0, 200),
				created_at: expect.any(String),
				last_seen_at: expect.any(String),
				expires_at: expect.any(String),
				is_current: false,
			},
		]);
		const page = await browser.open("/sessions");
		expect(page.html).toContain("Firefox 140 on Linux");
		expect(page.html).toContain("This browser");
		expect(page.html).not.toContain("ron@example.com");
		expect(page.html).not.toContain(browser.jar.get(SESSION));
	});

	test("is listed page by page, also from a session on that has ended meanwhile", async () => {
		for (let n = 0; n < 5; n++) await signedIn("rita");
		const all = (await ask("rita", "GET", "/sessions")).body;
		const ids = all.map(({ id }: { id: string }) => id);
		const first = await ask("rita", "GET", "/sessions?limit=2");
		expect(first.headers.link).toBe(
			`</api/v1/sessions?limit=2&after=${ids[1]}>; rel="next"`,
		);
		await ask("rita", "POST", `/sessions/${ids[1]}/end`);
		const next = await ask("rita", "GET", `/sessions?limit=2&after=${ids[1]}`);
		expect(next.body.map(({ id }: { id: string }) => id)).toEqual(
			ids.slice(2, 4),
		);
		await signedIn("ron");
		const [foreign] = (await ask("ron", "GET", "/sessions")).body;
		for (const unknown of [foreign.id, randomUUID()]) {
			const answer = await ask("rita", "GET", `/sessions?after=${unknown}`);
			expect(answer.status).toBe(400);
			expect(answer.body.detail).toMatch(/^after: There is no session with/);
		}
	});

	test("is everybody's business for an admin alone", async () => {
		await signedIn("rita");
		await signedIn("ron");
		for (const owner of ["everybody", "ron@example.com"]) {
			const path = `/sessions?owner=${owner}`;
			expect((await ask("rita", "GET", path)).status).toBe(403);
			expect((await ask("adm", "GET", path)).status).toBe(200);
		}
		const owners = (list: { owner: string }[]) =>
			list.map(({ owner }) => owner).sort();
		const everybody = await ask("adm", "GET", "/sessions?owner=everybody");
		expect(owners(everybody.body)).toEqual([
			"rita@example.com",
			"ron@example.com",
		]);
		const rons = await ask("adm", "GET", "/sessions?owner=Ron@example.com");
		expect(owners(rons.body)).toEqual(["ron@example.com"]);
		const nobody = await ask("adm", "GET", "/sessions?owner=nobody");
		expect(nobody.status).toBe(400);
	});
});

describe("a session is ended", () => {
	test("by whose it is or by an admin, and by nobody else", async () => {
		for (const who of ["rita", "adm"]) {
			const browser = await signedIn("rita");
			const [{ id }] = (await ask("rita", "GET", "/sessions")).body;
			expect((await ask("ron", "POST", `/sessions/${id}/end`)).status).toBe(
				404,
			);
			expect((await browser.open("/servers")).status).toBe(200);
			const { status, body } = await ask(who, "POST", `/sessions/${id}/end`);
			expect(status).toBe(200);
			expect(body).toMatchObject({ id, owner: "rita@example.com" });
			expect((await browser.open("/servers")).status).toBe(303);
			expect((await ask(who, "POST", `/sessions/${id}/end`)).status).toBe(404);
			const recorded = await service.db
				.selectFrom("audit_log")
				.select(["actor", "after"])
				.where("action", "=", "session_ended")
				.where("target", "=", id)
				.execute();
			expect(recorded).toMatchObject([
				{ actor: `${who}@example.com`, after: { owner: "rita@example.com" } },
			]);
		}
	});

	test("on its page, another one or the very one that asks", async () => {
		const [here, there] = [await signedIn("rita"), await signedIn("rita")];
		const { html } = await here.open("/sessions");
		const csrf = tokenIn(html);
		const [, other = ""] = /action="(\/sessions\/[^"]+\/end)"/.exec(html) ?? [];
		for (const form of [{}, { csrf: "x" }]) {
			expect((await here.post(other, form)).status).toBe(403);
		}
		expect((await there.open("/servers")).status).toBe(200);
		const answer = await here.post(other, { csrf, owner: "me" });
		expect(answer).toMatchObject({
			status: 303,
			headers: { location: "/sessions" },
		});
		expect((await there.open("/servers")).status).toBe(303);

		const [{ id }] = (await ask("rita", "GET", "/sessions")).body;
		const last = await here.post(`/sessions/${id}/end`, { csrf });
		expect(last.html).toContain("You are signed out");
		expect((await here.open("/servers")).status).toBe(303);
	});

	test("everywhere at once by whose they are, and nobody else's", async () => {
		const [here, there, ron] = [
			await signedIn("rita"),
			await signedIn("rita"),
			await signedIn("ron"),
		];
		const csrf = tokenIn((await here.open("/sessions")).html);
		const { status, html, headers } = await here.post("/sessions/end-all", {
			csrf,
		});
		expect(status).toBe(200);
		expect(html).toContain("You are signed out");
		expect(headers["clear-site-data"]).toBe('"cache"');
		for (const browser of [here, there]) {
			expect((await browser.open("/servers")).status).toBe(303);
		}
		expect((await ron.open("/servers")).status).toBe(200);
		const api = await ask("ron", "POST", "/sessions/end-all");
		expect(api.body).toEqual({ sessions: 1 });
		expect((await ron.open("/servers")).status).toBe(303);
	});
});

describe("somebody's access", () => {
	// In the same second, a token of the provider counts as one from before.
	afterEach(() => wait(1_000));

	async function makeToken(account: string) {
		const { body } = await ask(account, "POST", "/tokens", {
			name: "CI",
			scopes: ["reports:read"],
		});
		return body as { id: string; token: string };
	}
	const use = async ({ token }: { token: string }) =>
		(
			await service.ask({
				url: "/api/v1/reports",
				headers: { authorization: `Bearer ${token}` },
			})
		).status;

	test("is ended by an admin in one act, by address or subject, and stands in the audit log", async () => {
		for (const person of ["Dev@example.com", `${provider.issuer} dev`]) {
			const [one, two] = [await signedIn("dev"), await signedIn("dev")];
			const other = await signedIn("other");
			const tokens = [await makeToken("dev"), await makeToken("dev")];
			const others = await makeToken("other");
			const refused = await ask("dev", "POST", "/sessions/end-access", {
				person,
			});
			expect(refused.status).toBe(403);
			const { status, body } = await ask(
				"adm",
				"POST",
				"/sessions/end-access",
				{ person },
			);
			expect(status).toBe(200);
			expect(body).toEqual({
				people: ["dev@example.com"],
				sessions: 2,
				tokens: 2,
			});
			for (const browser of [one, two]) {
				expect((await browser.open("/servers")).status).toBe(303);
			}
			for (const token of tokens) expect(await use(token)).toBe(401);
			expect((await other.open("/servers")).status).toBe(200);
			expect(await use(others)).toBe(200);
			const recorded = await service.db
				.selectFrom("audit_log")
				.select(["action", "actor", "target"])
				.where("actor", "=", "adm@example.com")
				.orderBy(sql`seq::bigint`, "desc")
				.limit(5)
				.execute();
			expect(recorded.map(({ action }) => action).sort()).toEqual([
				"access_ended",
				...["session_ended", "session_ended"],
				...["token_revoked", "token_revoked"],
			]);
			expect(recorded[0]).toEqual({
				action: "access_ended",
				actor: "adm@example.com",
				target: `${provider.issuer} dev`,
			});
			await ask("adm", "POST", "/sessions/end-access", {
				person: "other@example.com",
			});
			await wait(1_000);
		}
	});

	test("is not ended by halves: a token that looks after sessions alone ends nothing", async () => {
		const browser = await signedIn("dev");
		const { status } = await ask(
			"adm",
			"POST",
			"/sessions/end-access",
			{ person: "dev@example.com" },
			{ scope: "sessions:manage" },
		);
		expect(status).toBe(403);
		expect((await browser.open("/servers")).status).toBe(200);
	});

	test("of somebody who never signed in is none", async () => {
		const { status, body } = await ask("adm", "POST", "/sessions/end-access", {
			person: "who@example.com",
		});
		expect(status).toBe(404);
		expect(body.detail).toContain("Nobody has signed in here as who@");
	});

	test("ends while they make tokens and sign in, and nobody waits for ever", async () => {
		await makeToken("dev");
		const rounds = Array.from({ length: 8 }, (_, n) => n);
		const answers = await Promise.all([
			...rounds.map(() => makeToken("dev").then(() => 201)),
			...rounds.map(() => signedIn("dev").then(() => 303)),
			...rounds.map(async () => {
				const { status } = await ask("adm", "POST", "/sessions/end-access", {
					person: "dev@example.com",
				});
				return status;
			}),
		]);
		expect(answers.slice(16)).toEqual(Array(8).fill(200));
	});

	test("is found and ended on the pages, after being asked", async () => {
		const dev = await signedIn("dev");
		const token = await makeToken("dev");
		const adm = await signedIn("adm");
		const bad = await adm.open("/sessions?owner=nonsense");
		expect(bad.status).toBe(400);
		expect(bad.html).toContain("Must be an e-mail address");
		const found = await adm.open("/sessions?owner=dev@example.com");
		expect(found.html).toContain("End all their access…");
		const url = "/sessions/end-access?person=dev%40example.com";
		expect(found.html).toContain(url);
		const asked = await adm.open(url);
		expect(asked.html).toContain("<dt>Sessions</dt><dd>1</dd>");
		expect((await dev.open("/servers")).status).toBe(200);
		expect((await dev.open(url)).status).toBe(403);
		const form = { csrf: tokenIn(asked.html), person: "dev@example.com" };
		expect(
			(await adm.post("/sessions/end-access", { ...form, csrf: "x" })).status,
		).toBe(403);
		expect((await adm.post("/sessions/end-access", form)).status).toBe(303);
		expect((await dev.open("/servers")).status).toBe(303);
		expect(await use(token)).toBe(401);
	});
});

describe("the page of access tokens", () => {
	async function make(account: string, path: string, payload: object) {
		const { status, body } = await ask(account, "POST", path, payload);
		expect(status).toBe(201);
		return body as { id: string; token: string };
	}

	test("finds any of one's own by its id, and for an admin anybody's", async () => {
		const wanted = { name: "Deep down", scopes: ["reports:read"] };
		const { id } = await make("rita", "/tokens", wanted);
		for (const [account, status] of [
			["rita", 200],
			["adm", 200],
			["ron", 404],
		] as const) {
			const browser = await signedIn(account);
			const answer = await browser.open(`/tokens?id=${id}`);
			expect(answer.status, account).toBe(status);
			expect(answer.html.includes("Deep down"), account).toBe(status === 200);
		}
		const browser = await signedIn("rita");
		const none = await browser.open("/tokens?id=nonsense");
		expect(none.status).toBe(404);
		expect(none.html).toContain("Must be a UUID");
	});

	test("leads through all of them, those that count apart from those that ended", async () => {
		await service.db.deleteFrom("access_tokens").execute();
		const wanted = { name: "CI", scopes: ["catalogue:read"] };
		const service_ = { ...wanted, owner: "platform@example.com" };
		const ids: string[] = [];
		for (const account of ["rita", "ron", "dev"]) {
			for (let n = 0; n < 17; n++) {
				ids.unshift((await make(account, "/tokens", wanted)).id);
			}
		}
		ids.unshift((await make("adm", "/service-tokens", service_)).id);
		await ask("adm", "POST", `/tokens/${ids[1]}/revoke`);
		const adm = await signedIn("adm");
		const shown: string[] = [];
		let url: string | undefined = "/tokens?owner=everybody";
		while (url) {
			const { html } = await adm.open(url);
			shown.push(
				...[...html.matchAll(/<code>([0-9a-f-]{36})<\/code>/g)].map(
					([, id = ""]) => id,
				),
			);
			url = /rel="next" href="([^"]+)"/.exec(html)?.[1]?.replace(/&amp;/g, "&");
		}
		expect(shown).toEqual(ids.filter((id) => id !== ids[1]));
		const ended = await adm.open("/tokens?owner=everybody&state=ended");
		expect(ended.html).toContain(ids[1]);
		expect(ended.html).not.toContain(ids[2]);
	});

	test("tells somebody a week before that their tokens will sleep, and whoever looks after all which do", async () => {
		await service.db.deleteFrom("access_tokens").execute();
		const wanted = { name: "CI", scopes: ["catalogue:read"] };
		await make("rita", "/tokens", { ...wanted, expires_in_days: 366 });
		const [rita, adm] = [await signedIn("rita"), await signedIn("adm")];
		const seen = async (days: number) => {
			await service.db
				.updateTable("people")
				.set({ seen_at: sql<string>`now() - make_interval(days => ${days})` })
				.where("email", "=", "rita@example.com")
				.execute();
			const own = await rita.open("/tokens");
			const all = await adm.open("/tokens?owner=everybody");
			return [own.html, all.html] as const;
		};
		for (const html of await seen(82)) {
			expect(html).not.toMatch(/Asleep|falls asleep on/);
		}
		const [soon, soonOfAll] = await seen(84);
		expect(soon).toContain("Asleep soon");
		expect(soonOfAll).toMatch(/falls asleep on <time/);
		for (const html of await seen(91)) {
			expect(html).toMatch(/Asleep<\/span> <small>until its owner signs in/);
		}
		await seen(0);
	});

	test("makes a service token for an admin, and nobody else", async () => {
		const wanted = {
			name: "Portal",
			owner: "platform@example.com",
			scopes: "catalogue:read",
			expires_in_days: "30",
		};
		const adm = await signedIn("adm");
		const { html } = await adm.open("/tokens?owner=everybody");
		expect(html).toContain("Create a service token");
		const csrf = tokenIn(html);
		const bad = await adm.post("/tokens/service", {
			...wanted,
			csrf,
			owner: "platform",
		});
		expect(bad.status).toBe(400);
		expect(bad.html).toContain("Must be an e-mail address");
		expect(bad.html).toContain('value="Portal"');
		const stale = await adm.post("/tokens/service", { ...wanted, csrf: "x" });
		expect(stale.status).toBe(403);
		expect(stale.html).toContain("this form belongs to an earlier session");
		const made = await adm.post("/tokens/service", { ...wanted, csrf });
		expect(made).toMatchObject({
			status: 303,
			headers: { location: "/tokens?owner=everybody" },
		});
		const shown = await adm.open("/tokens?owner=everybody");
		expect(shown.html).toMatch(/golive_[0-9a-f]{64}/);
		expect(shown.html).toContain("service token");

		const rita = await signedIn("rita");
		const own = tokenIn((await rita.open("/tokens")).html);
		const tried = await rita.post("/tokens/service", { ...wanted, csrf: own });
		expect(tried.status).toBe(403);
	});

	test("says that there are fifty already, and loses nothing typed", async () => {
		await service.db.deleteFrom("access_tokens").execute();
		const wanted = { name: "CI", scopes: ["catalogue:read"] };
		for (let n = 0; n < 50; n++) await make("rita", "/tokens", wanted);
		const rita = await signedIn("rita");
		const csrf = tokenIn((await rita.open("/tokens")).html);
		const { status, html } = await rita.post("/tokens", {
			csrf,
			name: "One too many",
			scopes: "catalogue:read",
			expires_in_days: "30",
		});
		expect(status).toBe(409);
		expect(html).toContain("has 50 valid access tokens");
		expect(html).toContain('value="One too many"');
	});
});

test("no page of where people sign in is kept by a browser, whatever it answers", async () => {
	const browser = await signedIn("rita");
	const pages = ["/", "/servers", "/overview", "/overview/risks.svg"];
	const others = ["/checklist", "/tokens", "/sessions", "/queue/news"];
	const failing = ["/audit", "/nowhere", `/reports/${randomUUID()}`];
	for (const url of [...pages, ...others, ...failing, "/signed-out"]) {
		const { headers } = await browser.open(url);
		expect(headers["cache-control"], url).toBe("no-store");
		expect(headers.etag, url).toBeUndefined();
	}
	const stranger = visit(service);
	const { headers } = await stranger.open("/servers", {
		host: "go-live.example.com",
	});
	expect(headers["cache-control"]).toBe("no-store");
});

test("where nobody signs in, there are no sessions, and pages are kept as before", async () => {
	const open = await startService();
	expect((await visit(open).open("/sessions")).status).toBe(404);
	const { headers } = await visit(open).open("/");
	expect(headers["cache-control"]).toBe("no-cache, private");
	const list = await open.ask({ url: "/api/v1/sessions" });
	expect(list).toMatchObject({ status: 200, body: [] });
	const all = { method: "POST", url: "/api/v1/sessions/end-all" } as const;
	expect((await open.ask(all)).body).toEqual({ sessions: 0 });
});
