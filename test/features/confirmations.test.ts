import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/core/config.ts";
import { grant } from "../../src/identity/identity.ts";
import { openWorkers } from "../../src/platform/workers/pool.ts";
import { createCaller } from "../../src/router.ts";
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

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

/** A report with a critical failure. */
const grave =
	"# Go-Live Report\n\n## Phase 1: Security\n\n| Check | Status | Evidence |\n|---|---|---|\n| SEC-4 Lethal trifecta | ❌ Fail | all three |\n";

async function submit(changes = {}, who = "dev"): Promise<string> {
	const { developer_email, ...report } = newReport({
		report_data: fillTemplate(),
		...changes,
	});
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers: { authorization: `Bearer ${await provider.mint(who)}` },
		payload: report,
	});
	return body.id;
}

/** Calls review_report with a token for /mcp alone, as a model's client would. */
async function review(
	who: string,
	id: string,
	changes: Record<string, unknown> = {},
): Promise<{ text: string; isError: boolean; link: string }> {
	const token = await provider.mint(who, { aud: `${publicUrl}/mcp` });
	const { body } = await service.ask({
		method: "POST",
		url: "/mcp",
		headers: {
			authorization: `Bearer ${token}`,
			accept: "application/json, text/event-stream",
			"user-agent": "a-model/1.0",
		},
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: {
				name: "review_report",
				arguments: { id, status: "approved", ...changes },
			},
		},
	});
	const text: string = body.result.content[0].text;
	const link = /http:\/\/127\.0\.0\.1:8080(\/confirm\/[0-9a-f]{64})\n/.exec(
		text,
	)?.[1];
	return { text, isError: body.result.isError === true, link: link ?? "" };
}

async function statusOf(id: string): Promise<string> {
	const { status } = await service.db
		.selectFrom("mcp_server_reports")
		.where("id", "=", id)
		.select("status")
		.executeTakeFirstOrThrow();
	return status;
}

type Browser = ReturnType<typeof visit>;

/** A browser in which this account is signed in. */
async function browserOf(account: string): Promise<Browser> {
	const browser = visit(service);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), account);
	await browser.open(`${back.pathname}${back.search}`);
	return browser;
}

/** Opens a link and sends its form. */
async function confirm(browser: Browser, link: string) {
	const { html } = await browser.open(link);
	return browser.post(link, { csrf: tokenIn(html) });
}

describe("an approval that is asked for over MCP", () => {
	test("approves nothing, and says how the person confirms it", async () => {
		const id = await submit();
		const { text, isError, link } = await review("rita", id);
		expect(isError).toBe(false);
		expect(text).toContain("Nothing is approved yet");
		expect(text).toContain("You cannot confirm it");
		expect(link).not.toBe("");
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("waits for nobody, when more are confirmed at once than there are connections", async () => {
		const browser = await browserOf("rita");
		const forms = await Promise.all(
			Array.from({ length: 30 }, async () => {
				const { link } = await review("rita", await submit());
				const { html } = await browser.open(link);
				return { link, csrf: tokenIn(html) };
			}),
		);
		const answers = await Promise.all(
			forms.map(({ link, csrf }) => browser.post(link, { csrf })),
		);
		// Who waits in vain for a second connection gets 503.
		expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(303));
	});

	test("is approved by the same person in the browser, with the notes, and by nothing before", async () => {
		const id = await submit({ report_data: `${grave}\n` });
		await review("ron", id, { status: "rejected", review_notes: "No." });
		await review("ron", id, { status: "pending_review" });
		const { link } = await review("rita", id, {
			review_notes: "Agreed <b>with</b> the architects.",
		});
		const rita = await browserOf("rita");
		const page = await rita.open(link);
		expect(page.status).toBe(200);
		expect(page.headers["cache-control"]).toBe("no-store");
		expect(page.headers["referrer-policy"]).toBe("same-origin");
		expect(page.html).toContain(
			"Agreed &lt;b&gt;with&lt;/b&gt; the architects.",
		);
		expect(page.html).toContain("a-model/1.0");
		expect(page.html).toContain("This report requires 2 reviewers; none has");
		expect(page.html).toContain("You are approving against the assessment:");
		expect(page.html).toContain("rita@example.com");
		await rita.open(link);
		const { body: before } = await service.ask({
			url: `/api/v1/reports/${id}/approvals`,
			headers: { authorization: `Bearer ${await provider.mint("ron")}` },
		});
		expect(before.recorded).toEqual([]);
		const confirmed = await rita.post(link, { csrf: tokenIn(page.html) });
		expect(confirmed.status).toBe(303);
		expect(confirmed.headers.location).toBe(`/reports/${id}`);
		const second = await review("ron", id);
		await confirm(await browserOf("ron"), second.link);
		expect(await statusOf(id)).toBe("approved");
		const approvals = await service.db
			.selectFrom("report_approvals")
			.where("report_id", "=", id)
			.orderBy("id")
			.select(["approved_by", "notes"])
			.execute();
		expect(approvals).toEqual([
			{
				approved_by: "rita@example.com",
				notes: "Agreed <b>with</b> the architects.",
			},
			{ approved_by: "ron@example.com", notes: null },
		]);
	});

	test("rejecting and reopening need no confirmation", async () => {
		const id = await submit();
		const { text } = await review("rita", id, {
			status: "rejected",
			review_notes: "No OBO.",
		});
		expect(text).toContain("❌ Report rejected.");
		const reopened = await review("rita", id, { status: "pending_review" });
		expect(reopened.text).toContain("↩️ Report reopened.");
	});

	test.each<[string, string, () => Promise<string>, RegExp]>([
		["an unknown report", "rita", async () => crypto.randomUUID(), /no report/],
		["an own repository", "both", () => submit({}, "both"), /somebody else/],
	])("makes no link for %s", async (_title, who, make, words) => {
		const { text, isError, link } = await review(who, await make());
		expect({ isError, link }).toEqual({ isError: true, link: "" });
		expect(text).toMatch(words);
	});

	test("makes no link for a report that is decided", async () => {
		const id = await submit();
		await review("rita", id, { status: "rejected", review_notes: "No." });
		const { text, link } = await review("rita", id);
		expect(link).toBe("");
		expect(text).toContain("reopen it first");
	});

	test("cannot be given with the token of /mcp through REST, tRPC or the link", async () => {
		const id = await submit();
		const { link } = await review("rita", id);
		const token = await provider.mint("rita", { aud: `${publicUrl}/mcp` });
		const headers = {
			authorization: `Bearer ${token}`,
			accept: "text/html",
			host: "127.0.0.1:8080",
		};
		const secret = link.replace("/confirm/", "");
		const asked = await Promise.all([
			service.ask({
				method: "PATCH",
				url: `/api/v1/reports/${id}/status`,
				headers,
				payload: { status: "approved" },
			}),
			service.ask({
				method: "POST",
				url: "/trpc/confirmations.confirm",
				headers,
				payload: { token: secret },
			}),
			service.ask({ url: link, headers }),
			service.ask({
				method: "POST",
				url: link,
				headers: {
					...headers,
					origin: publicUrl,
					"content-type": "application/x-www-form-urlencoded",
				},
				payload: "csrf=x",
			}),
		]);
		expect(asked.map(({ status }) => status)).toEqual([401, 401, 303, 401]);
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("is refused by the procedure itself, whatever tool would call it", async () => {
		const caller = createCaller({
			db: service.db,
			log: service.app.log,
			runTask: openWorkers(service.app.log).runnerFor("test"),
			settings: { ...parseConfig({}), PUBLIC_URL: publicUrl },
			identity: {
				method: "oidc",
				subject: `${provider.issuer} rita`,
				email: "rita@example.com",
				email_canonical: "rita@example.com",
				name: null,
				roles: ["reviewer"],
				kind: "person",
				permissions: grant({ roles: ["reviewer"], kind: "person" }),
			},
			refusal: undefined,
			facade: "mcp",
			client: null,
			address: null,
			requestId: "test",
			serviceRequestId: "test",
		});
		const id = await submit();
		await expect(
			caller.reports.setStatus({ id, status: "approved" }),
		).rejects.toThrow("Nothing was approved");
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("cannot be confirmed with a bearer token of the API either", async () => {
		const id = await submit();
		const { link } = await review("rita", id);
		const { status, body } = await service.ask({
			method: "POST",
			url: "/trpc/confirmations.confirm",
			headers: { authorization: `Bearer ${await provider.mint("rita")}` },
			payload: { token: link.replace("/confirm/", "") },
		});
		expect(status).toBe(403);
		expect(body.error.message).toContain("signed in with a browser");
	});
});

describe.each(["rest", "trpc"] as const)(
	"through %s, an approval that is asked for",
	(facade) => {
		/** Approves with this token; gives the status and what the answer says for programs. */
		async function approve(token: string, id: string, changes = {}) {
			const decision = { status: "approved", ...changes };
			const { status, headers, body } = await service.ask({
				...(facade === "rest"
					? {
							method: "PATCH",
							url: `/api/v1/reports/${id}/status`,
							payload: decision,
						}
					: {
							method: "POST",
							url: "/trpc/reports.setStatus",
							payload: { id, ...decision },
						}),
				headers: {
					authorization: `Bearer ${token}`,
					"user-agent": "a-cli/1.0",
				},
			});
			const { confirmation_url } = body.error?.data ?? body;
			return { status, headers, body, confirmation_url };
		}

		async function ownToken(who: string): Promise<string> {
			const { body } = await service.ask({
				method: "POST",
				url: "/api/v1/tokens",
				headers: { authorization: `Bearer ${await provider.mint(who)}` },
				payload: { name: "CI", scopes: ["reports:decide"] },
			});
			return body.token;
		}

		test.each<[string, () => Promise<string>]>([
			[
				"a token of a client that is not named",
				() => provider.mint("rita", { client_id: "a-cli" }),
			],
			[
				"a token of no client",
				() => provider.mint("rita", { client_id: undefined }),
			],
			[
				"a token with another name of its client beside the named one",
				() => provider.mint("rita", { azp: "a-cli" }),
			],
			["an access token of the service's own", () => ownToken("rita")],
		])(
			"with %s waits for the person, who confirms it in the browser",
			async (_title, make) => {
				const id = await submit();
				const { status, confirmation_url } = await approve(await make(), id, {
					review_notes: "Read it all.",
				});
				expect(status).toBe(403);
				expect(await statusOf(id)).toBe("pending_review");
				const events = await service.db
					.selectFrom("audit_log")
					.where("report_id", "=", id)
					.orderBy("seq")
					.select("action")
					.execute();
				expect(events, "as over MCP").toEqual([
					{ action: "report_submitted" },
					{ action: "approval_requested" },
				]);
				const link = new URL(confirmation_url).pathname;
				const rita = await browserOf("rita");
				const page = await rita.open(link);
				expect(page.html).toContain("Read it all.");
				expect(page.html).toContain("a-cli/1.0");
				await rita.post(link, { csrf: tokenIn(page.html) });
				expect(await statusOf(id)).toBe("approved");
				const secret = link.replace("/confirm/", "");
				expect(service.logs.join("\n")).not.toContain(secret);
				const log = await service.db
					.selectFrom("audit_log")
					.selectAll()
					.execute();
				expect(JSON.stringify(log)).not.toContain(secret);
			},
		);

		test.each(["azp", "appid", "client_id", "cid"])(
			"with a token of the client that is named in %s is given directly",
			async (claim) => {
				const id = await submit();
				const token = await provider.mint("rita", {
					client_id: undefined,
					[claim]: "review-portal",
				});
				expect((await approve(token, id)).status).toBe(200);
				expect(await statusOf(id)).toBe("approved");
			},
		);

		test("makes no link where the approval could not be given", async () => {
			const token = await provider.mint("both", { client_id: "a-cli" });
			const own = await approve(token, await submit({}, "both"));
			expect(own.status).toBe(403);
			expect(own.confirmation_url).toBeUndefined();
			const unknown = await approve(token, crypto.randomUUID());
			expect(unknown.status).toBe(404);
			const decided = await submit();
			await review("rita", decided, {
				status: "rejected",
				review_notes: "No.",
			});
			expect((await approve(token, decided)).status).toBe(409);
		});

		test("is refused while 50 of the same person wait, however many ask at once", async () => {
			const sub = `asks much through ${facade}`;
			const token = await provider.mint("ron", { sub, client_id: "a-cli" });
			const id = await submit();
			const answers = await Promise.all(
				Array.from({ length: 55 }, () => approve(token, id)),
			);
			const refused = answers.filter(({ status }) => status === 429);
			expect(refused).toHaveLength(5);
			expect(
				answers.filter(({ confirmation_url }) => confirmation_url),
			).toHaveLength(50);
			const [{ headers } = { headers: {} as Record<string, unknown> }] =
				refused;
			const seconds = Number(headers["retry-after"]);
			expect(seconds).toBeGreaterThan(800);
			expect(seconds).toBeLessThanOrEqual(900);
			const ron = await provider.mint("ron", { client_id: "a-cli" });
			expect((await approve(ron, id)).status).toBe(403);
		});
	},
);

describe("a link to confirm", () => {
	test("leads a stranger to sign in, and back", async () => {
		const { link } = await review("rita", await submit());
		const { status, headers } = await visit(service).open(link);
		expect(status).toBe(303);
		expect(headers.location).toBe(
			`/sign-in?return_to=${encodeURIComponent(link)}`,
		);
	});

	test("is for whoever asked: another reviewer gets 403", async () => {
		const id = await submit();
		const { link } = await review("rita", id);
		const ron = await browserOf("ron");
		const { status, html } = await ron.open(link);
		expect(status).toBe(403);
		expect(html).toContain("Somebody else requested this approval");
		expect(html, "which helps nobody here").not.toMatch(/reload|try again/i);
		const csrf = tokenIn((await ron.open(`/reports/${id}`)).html);
		expect((await ron.post(link, { csrf })).status).toBe(403);
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("that nobody made is 404", async () => {
		const rita = await browserOf("rita");
		for (const secret of ["0".repeat(64), "x", "%00"]) {
			expect((await rita.open(`/confirm/${secret}`)).status).toBe(404);
		}
	});

	test("counts once, also of two at the same instant", async () => {
		const id = await submit({ report_data: `${grave}once` });
		const { link } = await review("rita", id);
		const rita = await browserOf("rita");
		const csrf = tokenIn((await rita.open(link)).html);
		const both = await Promise.all([
			rita.post(link, { csrf }),
			rita.post(link, { csrf }),
		]);
		const statuses = both.map(({ status }) => status).sort();
		expect(statuses[0]).toBe(303);
		expect([409, 410]).toContain(statuses[1]);
		const { status, html } = await rita.open(link);
		expect(status).toBe(410);
		expect(html).toContain("has already been used");
		expect((await rita.post(link, { csrf })).status).toBe(410);
	});

	test("ends after 15 minutes", async () => {
		const id = await submit();
		const { link } = await review("rita", id);
		const { minutes } = await service.db
			.selectFrom("decision_confirmations")
			.where("report_id", "=", id)
			.select(
				sql<number>`extract(epoch from expires_at - requested_at)::int / 60`.as(
					"minutes",
				),
			)
			.executeTakeFirstOrThrow();
		expect(minutes).toBe(15);
		const rita = await browserOf("rita");
		const csrf = tokenIn((await rita.open(link)).html);
		await service.db
			.updateTable("decision_confirmations")
			.where("report_id", "=", id)
			.set({ expires_at: sql<string>`now() - interval '1 second'` })
			.execute();
		expect((await rita.open(link)).status).toBe(410);
		const { status, html } = await rita.post(link, { csrf });
		expect(status).toBe(410);
		expect(html).toContain("has expired");
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("counts no more once the report was decided, or decided and reopened", async () => {
		const id = await submit();
		const { link } = await review("rita", id);
		const rita = await browserOf("rita");
		const csrf = tokenIn((await rita.open(link)).html);
		await review("ron", id, { status: "rejected", review_notes: "No." });
		expect((await rita.open(link)).status).toBe(409);
		await review("ron", id, { status: "pending_review" });
		const { status, html } = await rita.post(link, { csrf });
		expect(status).toBe(409);
		expect(html).toContain("was decided after this link was made");
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("counts no more for a person who is a reviewer no more", async () => {
		const id = await submit();
		const { link } = await review("rita", id);
		const rita = await browserOf("rita");
		const csrf = tokenIn((await rita.open(link)).html);
		await service.db
			.updateTable("people")
			.where("email", "=", "rita@example.com")
			.set({ roles: ["developer"] })
			.execute();
		expect((await rita.post(link, { csrf })).status).toBe(403);
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("refuses a form that is not of this browser's session, or of another origin", async () => {
		const id = await submit();
		const { link } = await review("rita", id);
		const rita = await browserOf("rita");
		const csrf = tokenIn((await rita.open(link)).html);
		expect((await rita.post(link, { csrf: "x" })).status).toBe(403);
		const foreign = { origin: "https://evil.example.com" };
		expect((await rita.post(link, { csrf }, foreign)).status).toBe(403);
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("stands nowhere in the database or the log", async () => {
		const { link } = await review("rita", await submit());
		const rita = await browserOf("rita");
		await confirm(rita, link);
		const secret = link.replace("/confirm/", "");
		expect(service.logs.join("\n")).not.toContain(secret);
		const rows = await service.db
			.selectFrom("decision_confirmations")
			.selectAll()
			.execute();
		expect(JSON.stringify(rows)).not.toContain(secret);
	});
});

test("where nobody signs in, there are no links to confirm", async () => {
	const own = await startService();
	const { status } = await own.ask({ url: "/confirm/x" });
	expect(status).toBe(404);
});
