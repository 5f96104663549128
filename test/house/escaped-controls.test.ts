import { afterAll, beforeAll, expect, test } from "vitest";
import type { z } from "zod";
import { tools } from "../../src/facades/mcp/tools.ts";
import { appRouter } from "../../src/router.ts";
import { authorize } from "../support/authorize.ts";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { operations } from "../support/openapi-document.ts";
import { tokenIn, visit } from "../support/pages.ts";
import { startProvider } from "../support/provider.ts";

/** Texts that hide what PostgreSQL cannot keep, and what nobody sees, behind escapes: as they stand in an address. */
const escapes = [
	...["%00", "%2500", "%252500", "a%00b", "%01", "%7f", "%0d%0a", "%09"],
	...["%E2%80%AE", "%25E2%2580%25AE", "%E2%80%8B", "%ED%A0%80", "%ff", "%"],
	...["https://x.no/%00", "https://x.no/%2500", "https%3A%2F%2Fx.no%2Fa%2500b"],
	...["git@x.no:a/b%2500", "ssh%3A%2F%2Fx.no%2Fa%252Fb%2500", "%5Cu0000"],
];

let service: TestService;
let id: string;
beforeAll(async () => {
	service = await startService(afterAll);
	({ id } = await submit(service));
});

async function expectAnswer(
	request: Parameters<TestService["ask"]>[0] & object,
	of = service,
) {
	const { status, body } = await of.ask(request);
	const told = `${JSON.stringify(request).slice(0, 300)} answered ${status} ${JSON.stringify(body).slice(0, 300)}`;
	expect(status, told).toBeLessThan(500);
	return { status, body, told };
}

test.each(operations)("$method $path", async (operation) => {
	const { method, path, parameters, requestBody } = operation;
	const names = parameters
		.filter((parameter) => parameter.in === "query")
		.map(({ name }) => name);
	const url = path.replace("{id}", id);
	for (const escaped of escapes) {
		if (path.includes("{id}")) {
			const at = path.replace("{id}", escaped);
			const { status, told } = await expectAnswer({ method, url: at });
			expect([400, 404, 415], told).toContain(status);
		}
		for (const name of [...names, escaped]) {
			await expectAnswer({ method, url: `${url}?${name}=${escaped}` });
		}
		if (!requestBody) continue;
		const { schema } = requestBody.content["application/json"] ?? {};
		for (const name of Object.keys(schema?.properties ?? {})) {
			for (const value of [escaped, decodeLoosely(escaped)]) {
				const payload = { ...newReport(), status: "rejected", [name]: value };
				await expectAnswer({ method, url, payload });
			}
		}
	}
});

test.each(
	Object.entries(
		appRouter._def.procedures as unknown as Record<
			string,
			{ _def: { type: string; inputs: z.ZodObject[] } }
		>,
	),
)("tRPC %s", async (path, { _def: { type, inputs } }) => {
	const names = inputs.flatMap((input) => {
		const { innerType } = input._zod.def as { innerType?: z.ZodObject };
		return Object.keys((innerType ?? input).shape);
	});
	for (const escaped of escapes) {
		for (const value of [escaped, decodeLoosely(escaped)]) {
			for (const name of [...names, value]) {
				const input = { ...newReport(), id, status: "rejected", [name]: value };
				const text = encodeURIComponent(JSON.stringify(input));
				await expectAnswer(
					type === "query"
						? { url: `/trpc/${path}?input=${text}` }
						: { method: "POST", url: `/trpc/${path}`, payload: input },
				);
			}
		}
		await expectAnswer({ url: `/trpc/${path}${escaped}?input=${escaped}` });
	}
});

function callMcp(method: string, params: object) {
	return expectAnswer({
		method: "POST",
		url: "/mcp",
		payload: { jsonrpc: "2.0", id: 1, method, params },
	});
}

test.each(tools)("MCP $name", async ({ name, input }) => {
	const members = Object.keys(input.shape);
	const { report_data, ...report } = newReport();
	const given = { ...report, report_markdown: report_data, id };
	for (const escaped of escapes) {
		for (const value of [escaped, decodeLoosely(escaped)]) {
			for (const member of [...members, value]) {
				const { body } = await callMcp("tools/call", {
					name,
					arguments: {
						...Object.fromEntries(
							Object.entries(given).filter(([one]) => members.includes(one)),
						),
						status: "rejected",
						[member]: value,
					},
				});
				expect(JSON.stringify(body)).not.toContain("Internal server error");
			}
		}
	}
});

test("MCP's other messages", async () => {
	for (const escaped of escapes) {
		for (const value of [escaped, decodeLoosely(escaped)]) {
			const clientInfo = { name: value, version: value, title: value };
			const protocolVersion = "2025-06-18";
			const params = { protocolVersion, capabilities: {}, clientInfo };
			const started = await callMcp("initialize", params);
			expect(started.status).toBe(200);
			const answers = [
				await callMcp("resources/read", { uri: `golive://reports/${value}` }),
				await callMcp("resources/read", { uri: value }),
				await callMcp("prompts/get", { name: value }),
				await callMcp(value, { name: value }),
				await callMcp("completion/complete", {
					ref: { type: "ref/resource", uri: "golive://reports/{id}" },
					argument: { name: "id", value },
				}),
			];
			for (const { body, told } of answers) {
				expect(body.error?.code, told).not.toBe(-32603);
			}
		}
	}
});

test("the name of a client of the newest protocol, which is written into the audit log", async () => {
	for (const escaped of escapes) {
		const { report_data, ...report } = newReport();
		const name = decodeLoosely(escaped);
		const { status, body } = await service.ask({
			method: "POST",
			url: "/mcp",
			headers: {
				accept: "*/*",
				"mcp-protocol-version": "2026-07-28",
				"mcp-method": "tools/call",
				"mcp-name": "submit_report",
			},
			payload: {
				jsonrpc: "2.0",
				id: 1,
				method: "tools/call",
				params: {
					name: "submit_report",
					arguments: { ...report, report_markdown: report_data },
					_meta: {
						"io.modelcontextprotocol/protocolVersion": "2026-07-28",
						"io.modelcontextprotocol/clientInfo": { name, version: name },
						"io.modelcontextprotocol/clientCapabilities": {},
					},
				},
			},
		});
		expect(status).toBe(200);
		expect(JSON.stringify(body), escaped).toContain("submitted successfully");
	}
});

/** Addresses of pages; a text stands at each `*`. */
const pages = [
	...["/*", "/?status=*", "/?search=*", "/?after=*&sort=*", "/?risk_level=*"],
	...["/reports/*", "/reports/{id}?search=*&after=*", "/reports/{id}?view=*"],
	...["/reports/*/raw", "/reports/*.md", "/reports/*.pdf", "/reports/{id}.*"],
	...[
		"/reports/*/compare",
		"/reports/{id}/compare?with=*",
		"/servers?search=*",
	],
	...[
		"/servers?status=*",
		"/servers?after=*",
		"/overview?days=*",
		"/audit?*=*",
	],
	...["/overview/risks.svg?days=*&scheme=*", "/checklist?*", "/queue/news?*"],
	...[
		"/audit?actor=*",
		"/audit?action=*&since=*",
		"/audit?report_id=*&after=*",
	],
	...[
		"/confirm/*",
		"/tokens?id=*",
		"/tokens?owner=*&state=*",
		"/tokens/*/revoke",
	],
	...[
		"/sessions?owner=*",
		"/sessions?after=*",
		"/sessions/end-access?person=*",
	],
	...["/sign-in?return_to=*", "/sign-in/callback?code=*&state=*", "/assets/*"],
	...[
		"/docs/*",
		"/docs?*",
		"/openapi.json?*",
		"/healthz?*=*",
		"/favicon.ico?*",
	],
	...[
		"/.well-known/oauth-protected-resource/*",
		"/signed-out?*",
		"/sign-out/*",
	],
];

test("pages, where nobody signs in", async () => {
	for (const page of pages) {
		for (const escaped of escapes) {
			const url = page.replaceAll("*", escaped).replace("{id}", id);
			await expectAnswer({ url, headers: { accept: "text/html" } });
		}
	}
});

test.each(["both", "adm"])(
	"pages and forms, for who is signed in as %s",
	async (account) => {
		const publicUrl = "https://go-live.example.com";
		const provider = await startProvider(publicUrl);
		const site = await startService(undefined, provider.settings(publicUrl));
		const { jar, open } = visit(site);
		const host = "go-live.example.com";
		const { headers } = await open("/sign-in", { host });
		const back = await authorize(String(headers.location), account);
		await open(back.pathname + back.search, { host });
		const cookie = [...jar]
			.map(([name, value]) => `${name}=${value}`)
			.join("; ");
		const made = await expectAnswer(
			{
				method: "POST",
				url: "/api/v1/reports",
				headers: {
					host,
					authorization: `Bearer ${await provider.mint("dev")}`,
				},
				payload: newReport({ developer_email: null }),
			},
			site,
		);
		expect(made.status).toBe(201);
		const report = made.body.id;
		const seen = new Set<number>();
		for (const page of pages) {
			for (const escaped of escapes) {
				const url = page.replaceAll("*", escaped).replace("{id}", report);
				const asked = { url, headers: { host, cookie, accept: "text/html" } };
				seen.add((await expectAnswer(asked, site)).status);
			}
		}
		expect([...seen]).toEqual(expect.arrayContaining([200, 400, 404]));
		const csrf = tokenIn((await open("/sessions", { host })).html);
		expect(csrf).toBeTruthy();
		const forms = [
			...[`/reports/${report}/decide`, `/reports/${report}/decision`],
			...["/reports/*/decision", `/reports/${report}/withdrawal`, "/confirm/*"],
			...["/tokens", "/tokens/service", "/tokens/*/revoke", "/sessions/*/end"],
			...["/sessions/end-access"],
		];
		for (const form of forms) {
			for (const escaped of escapes) {
				const fields = [
					...[
						"status",
						"reviewed_by",
						"review_notes",
						"name",
						"scopes",
						"owner",
					],
					...["person", "expires_in_days", "change", "decisions_seen"],
				].map((name) => `${name}=${escaped}`);
				await expectAnswer(
					{
						method: "POST",
						url: form.replace("*", escaped),
						headers: {
							host,
							cookie,
							origin: publicUrl,
							accept: "text/html",
							"content-type": "application/x-www-form-urlencoded",
						},
						payload: `csrf=${csrf}&${fields.join("&")}`,
					},
					site,
				);
			}
		}
	},
);

test.each([
	["iat", 1e300],
	["exp", 1e300],
	["nbf", -1e300],
	["sub", "a\0b"],
	["email", "a\0@example.com"],
	["name", "a\0b"],
	["sid", "a\0b"],
	["azp", "a\0b"],
	["scope", "reports:read \0"],
	["roles", ["\0"]],
])(
	"a provider's token whose %s is %j is no error of ours",
	async (claim, value) => {
		const publicUrl = "https://go-live.example.com";
		const provider = await startProvider(publicUrl);
		const site = await startService(undefined, provider.settings(publicUrl));
		const token = await provider.mint("dev", { [claim]: value });
		for (const request of [
			{ url: "/api/v1/reports" },
			{
				method: "POST" as const,
				url: "/api/v1/reports",
				payload: newReport({ developer_email: null }),
			},
		]) {
			const { status, told } = await expectAnswer(
				{
					...request,
					headers: {
						host: "go-live.example.com",
						authorization: `Bearer ${token}`,
					},
				},
				site,
			);
			expect([200, 201, 400, 401, 403], told).toContain(status);
		}
	},
);

/** What a text is once its escapes are read, as far as they can be. */
function decodeLoosely(text: string): string {
	return text.replaceAll(/(%[0-9a-f]{2})+/gi, (escaped) => {
		try {
			return decodeURIComponent(escaped);
		} catch {
			return "\ud800";
		}
	});
}
