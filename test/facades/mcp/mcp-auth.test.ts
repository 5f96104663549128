import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioTransport1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js";
import { decodeJwt } from "jose";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	onTestFinished,
	test,
} from "vitest";
import { authorize } from "../../support/authorize.ts";
import {
	type Answer,
	newReport,
	startService,
	type TestService,
} from "../../support/helpers.ts";
import { callTool } from "../../support/mcp-clients.ts";
import {
	type Keeper,
	keepInMemory,
	REDIRECT_URL,
	signingClients,
} from "../../support/oauth-client.ts";
import type { TestProvider } from "../../support/provider.ts";
import { runCommand } from "../../support/service-process.ts";
import { startSite } from "../../support/site.ts";

let base: string;
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	({ base, provider, service } = await startSite(afterAll, "127.0.0.1", {
		OIDC_SCOPES: ["openid", "profile", "email", "offline_access"],
	}));
});

/** Sends one JSON-RPC message to /mcp as this account, or with this header. */
async function send(
	who: string | Record<string, string> | undefined,
	payload: unknown,
): Promise<Answer> {
	const headers =
		typeof who === "string"
			? { authorization: `Bearer ${await provider.mint(who)}` }
			: who;
	return service.ask({
		method: "POST",
		url: "/mcp",
		headers: {
			accept: "application/json, text/event-stream",
			"content-type": "application/json",
			...headers,
		},
		payload: typeof payload === "string" ? payload : JSON.stringify(payload),
	});
}

const message = (method: string, params: object = {}) => ({
	jsonrpc: "2.0",
	id: 1,
	method,
	params,
});

const initialize = message("initialize", {
	protocolVersion: "2025-11-25",
	capabilities: {},
	clientInfo: { name: "test", version: "1.0.0" },
});

/** What a client asks the provider for: what signs in, and what MCP has a use for. */
const asked =
	"openid profile email offline_access catalogue:read reports:read reports:read_all reports:submit reports:decide";

const metadataUrl = () => `${base}/.well-known/oauth-protected-resource/mcp`;

describe.each(Object.entries(signingClients))("%s", (_name, makeAttempt) => {
	/** Connects as this account, signing in through the provider's own forms. */
	async function connectAs(account: string, keeper: Keeper) {
		const stranger = makeAttempt(`${base}/mcp`, keeper);
		await expect(stranger.connect()).rejects.toThrow(/nauthorized/);
		await stranger.finish(await authorize(String(keeper.sentTo), account));
		const client = await makeAttempt(`${base}/mcp`, keeper).connect();
		onTestFinished(() => client.close());
		return client;
	}

	test("finds the way to sign in by itself, registers itself, and works", async () => {
		const keeper = keepInMemory();
		const client = await connectAs("dev", keeper);
		const params = keeper.sentTo?.searchParams;
		expect(keeper.sentTo?.origin).toBe(provider.issuer);
		expect(params?.get("resource")).toBe(`${base}/mcp`);
		expect(params?.get("code_challenge_method")).toBe("S256");
		expect(params?.get("scope")).toBe(asked);
		expect(keeper.kept.client).not.toHaveProperty("client_secret");
		expect(decodeJwt(keeper.kept.tokens?.access_token ?? "").aud).toBe(
			`${base}/mcp`,
		);
		const { tools } = await client.listTools();
		expect(tools.map(({ name }) => name)).toContain("submit_report");
		const { report_data, developer_email, ...report } = newReport();
		const { text } = await callTool(client, "submit_report", {
			...report,
			report_markdown: report_data,
		});
		expect(text).toContain("✅ Report submitted successfully!");
		const id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(text)?.[0];
		const read = await callTool(client, "get_report", { id });
		expect(read.text).toContain("**Developer:** dev@example.com");
	});

	test("is known by its metadata document where the provider takes one", async () => {
		const keeper = keepInMemory(provider.clientDocument(REDIRECT_URL));
		const client = await connectAs("rita", keeper);
		expect(keeper.sentTo?.searchParams.get("client_id")).toBe(
			keeper.clientMetadataUrl,
		);
		const { text } = await callTool(client, "list_servers");
		expect(text).toContain("## MCP Servers (all)");
	});

	test("refreshes an access token at its end, until the refresh token is revoked", async () => {
		const keeper = keepInMemory();
		const client = await connectAs("dev", keeper);
		const expire = async () => {
			const access_token = await provider.mint("dev", {
				aud: `${base}/mcp`,
				exp: Math.floor(Date.now() / 1000) - 60,
			});
			const tokens = keeper.kept.tokens as OAuthTokens;
			keeper.kept.tokens = { ...tokens, access_token };
			return access_token;
		};
		const expired = await expire();
		expect((await client.listTools()).tools).not.toEqual([]);
		expect(keeper.kept.tokens?.access_token).not.toBe(expired);

		const { refresh_token = "" } = keeper.kept.tokens ?? {};
		const { client_id = "" } = keeper.kept.client ?? {};
		const revoked = await fetch(`${provider.issuer}/token/revocation`, {
			method: "POST",
			body: new URLSearchParams({ token: refresh_token, client_id }),
		});
		expect(revoked.status).toBe(200);
		await expire();
		keeper.sentTo = undefined;
		await expect(client.listTools()).rejects.toThrow();
		expect(keeper.sentTo, "sent to sign in anew").toBeDefined();
	});
});

describe("a client with an access token of the service", () => {
	test("works until its owner revokes it, and is told so", async () => {
		const headers = { authorization: `Bearer ${await provider.mint("dev")}` };
		const { body: created } = await service.ask({
			method: "POST",
			url: "/api/v1/tokens",
			headers,
			payload: { name: "Claude Code", scopes: ["reports:read"] },
		});
		const client = new Client1({ name: "test", version: "1.0.0" });
		await client.connect(
			new Transport1(new URL(`${base}/mcp`), {
				requestInit: { headers: { authorization: `Bearer ${created.token}` } },
			}) as never,
		);
		onTestFinished(() => client.close());
		const { tools } = await client.listTools();
		expect(tools.map(({ name }) => name)).toEqual([
			"list_servers",
			"get_report",
		]);
		await service.ask({
			method: "POST",
			url: `/api/v1/tokens/${created.id}/revoke`,
			headers,
		});
		await expect(client.listTools()).rejects.toThrow(/revoked/);
	});
});

test("the plugin's header takes the place of Authorization on /mcp, and is nothing when empty", async () => {
	const { body: created } = await service.ask({
		method: "POST",
		url: "/api/v1/tokens",
		headers: { authorization: `Bearer ${await provider.mint("dev")}` },
		payload: { name: "plugin", scopes: ["reports:read"] },
	});
	const list = async (headers: Record<string, string>) =>
		(await send(headers, message("tools/list"))).status;
	expect(await list({ "x-go-live-token": created.token })).toBe(200);
	expect(await list({ "x-go-live-token": "golive_x" })).toBe(401);
	const signedIn = await provider.mint("dev", { aud: `${base}/mcp` });
	expect(
		await list({
			authorization: `Bearer ${signedIn}`,
			"x-go-live-token": "",
		}),
	).toBe(200);
	const empty = await send({ "x-go-live-token": "" }, initialize);
	expect(empty.headers["www-authenticate"]).not.toContain("error=");
	const { status } = await service.ask({
		url: "/api/v1/reports",
		headers: { "x-go-live-token": created.token },
	});
	expect(status).toBe(401);
});

describe("over standard input and output", () => {
	const settings = () => ({
		DATABASE_URL: service.databaseUrl,
		AUTH: "oidc",
		OIDC_ISSUER: provider.issuer,
		OIDC_AUDIENCE: provider.audience,
		OIDC_CLIENT_ID: provider.clientId,
		PUBLIC_URL: base,
	});

	test.each<[string, Record<string, string>, RegExp]>([
		["no access token", {}, /ACCESS_TOKEN is required where AUTH=oidc/],
		[
			"a wrong access token",
			{ ACCESS_TOKEN: `golive_${"0".repeat(64)}` },
			/ACCESS_TOKEN is refused\. The access token is unknown/,
		],
	])("%s ends the start with a sentence", async (_title, own, words) => {
		const { code, stdout, stderr } = await runCommand(["mcp"], {
			...settings(),
			...own,
		});
		expect(code).toBe(1);
		expect(stderr).toMatch(words);
		expect(stdout).toBe("");
	});

	test("the owner of the access token asks, until it is revoked", async () => {
		const headers = { authorization: `Bearer ${await provider.mint("rita")}` };
		const { body: created } = await service.ask({
			method: "POST",
			url: "/api/v1/tokens",
			headers,
			payload: { name: "stdio", scopes: ["reports:read", "reports:decide"] },
		});
		const client = new Client1({ name: "test", version: "1.0.0" });
		await client.connect(
			new StdioTransport1({
				command: process.execPath,
				args: ["src/main.ts", "mcp"],
				env: {
					PATH: process.env.PATH ?? "",
					...settings(),
					ACCESS_TOKEN: created.token,
				},
				stderr: "ignore",
			}),
		);
		onTestFinished(() => client.close());
		const { tools } = await client.listTools();
		expect(tools.map(({ name }) => name)).toEqual([
			"list_servers",
			"get_report",
			"review_report",
		]);
		const { report_data, developer_email, ...report } = newReport();
		const { body: submitted } = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			headers: { authorization: `Bearer ${await provider.mint("dev")}` },
			payload: { ...report, report_data },
		});
		const { text } = await callTool(client, "review_report", {
			id: submitted.id,
			status: "approved",
		});
		expect(text).toContain(`**Confirm here:** ${base}/confirm/`);
		await service.ask({
			method: "POST",
			url: `/api/v1/tokens/${created.id}/revoke`,
			headers,
		});
		const refused = await callTool(client, "list_servers");
		expect(refused.isError).toBe(true);
		expect(refused.text).toContain("revoked");
	});
});

describe("a stranger", () => {
	test.each<[string, unknown]>([
		["a message of the older protocols", initialize],
		[
			"a message of the 2026-07-28 protocol",
			message("server/discover", {
				_meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" },
			}),
		],
		["a batch", [initialize, message("tools/list")]],
		["what is no JSON", "{"],
		["what is no JSON-RPC", { hello: "world" }],
	])("sends %s and is told where to sign in", async (_title, payload) => {
		const { status, headers, body } = await send(undefined, payload);
		expect(status).toBe(401);
		expect(headers["www-authenticate"]).toBe(
			`Bearer realm="MCP Go-Live", resource_metadata="${metadataUrl()}", scope="${asked}"`,
		);
		expect(body).toMatchObject({
			jsonrpc: "2.0",
			error: { code: -32000, message: expect.stringContaining("Sign in") },
			id: null,
		});
	});

	test("with a token that proves nothing is told why", async () => {
		const expired = await provider.mint("dev", { exp: 1 });
		const { status, headers } = await send(
			{ authorization: `Bearer ${expired}` },
			initialize,
		);
		expect(status).toBe(401);
		expect(headers["www-authenticate"]).toBe(
			`Bearer realm="MCP Go-Live", error="invalid_token", error_description="The token has expired. Sign in again.", resource_metadata="${metadataUrl()}", scope="${asked}"`,
		);
	});

	test("cannot put anything into the header by a bad token", async () => {
		const { headers } = await send(
			{ authorization: 'Bearer a", scope="evil' },
			initialize,
		);
		expect(headers["www-authenticate"]).not.toContain("evil");
	});
});

describe("a token's audience", () => {
	test("for /mcp opens /mcp and nothing else", async () => {
		const token = await provider.mint("dev", { aud: `${base}/mcp` });
		const headers = { authorization: `Bearer ${token}` };
		expect((await send(headers, message("tools/list"))).status).toBe(200);
		for (const url of ["/api/v1/reports", "/trpc/reports.list"]) {
			expect((await service.ask({ url, headers })).status).toBe(401);
		}
	});

	test.each([
		["another path of the service", () => `${base}/mcp/`],
		["the service without /mcp", () => base],
		["another service's /mcp", () => "https://other.example.com/mcp"],
	])("%s does not open /mcp", async (_title, aud) => {
		const token = await provider.mint("dev", { aud: aud() });
		const headers = { authorization: `Bearer ${token}` };
		expect((await send(headers, initialize)).status).toBe(401);
	});
});

const shown: Record<string, string[]> = {
	dev: [
		"check_report",
		"submit_report",
		"list_servers",
		"get_report",
		"withdraw_report",
	],
	rita: ["list_servers", "get_report", "review_report"],
	both: [
		"check_report",
		"submit_report",
		"list_servers",
		"get_report",
		"withdraw_report",
		"review_report",
	],
	aud: ["list_servers", "get_report"],
	adm: [],
	nobody: [],
};

const everyTool = shown.both ?? [];

describe.each(Object.entries(shown))("the account %s", (who, allowed) => {
	test("is shown the tools that it may use", async () => {
		const { body } = await send(who, message("tools/list"));
		const names = body.result.tools.map(({ name }: { name: string }) => name);
		expect(names).toEqual(allowed);
	});

	test.each(everyTool)(
		"calls %s, or gets 403 that names what is missing",
		async (name) => {
			const call = message("tools/call", { name, arguments: {} });
			const { status, headers, body } = await send(who, call);
			if (allowed.includes(name)) {
				expect(status).toBe(200);
				expect(body.result.content[0].text).not.toMatch(/is required to/);
				return;
			}
			expect(status).toBe(403);
			const needed = needs[name];
			expect(headers["www-authenticate"]).toBe(
				`Bearer realm="MCP Go-Live", error="insufficient_scope", scope="${needed}", resource_metadata="${metadataUrl()}"`,
			);
			expect(body.error.message).toMatch(/is required to/);
			const batch = await send(who, [message("ping"), call]);
			expect(batch.status).toBe(403);
		},
	);

	test("reads the resources and prompts that it may read", async () => {
		const read = (uri: string) => send(who, message("resources/read", { uri }));
		const reports = await read(`golive://reports/${crypto.randomUUID()}`);
		expect(reports.status).toBe(allowed.includes("get_report") ? 200 : 403);
		const hasRole = who !== "nobody";
		expect((await read("golive://checklist")).status).toBe(hasRole ? 200 : 403);
		const prompt = await send(who, message("prompts/get", { name: "go_live" }));
		expect(prompt.status).toBe(hasRole ? 200 : 403);
		const templates = await send(who, message("resources/templates/list"));
		const uris = (templates.body.result?.resourceTemplates ?? []).map(
			({ uriTemplate }: { uriTemplate: string }) => uriTemplate,
		);
		expect(uris.includes("golive://reports/{id}")).toBe(
			allowed.includes("get_report"),
		);
	});
});

/** The permission that each tool takes, written by hand. */
const needs: Record<string, string> = {
	check_report: "reports:submit",
	submit_report: "reports:submit",
	list_servers: "reports:read",
	get_report: "reports:read",
	withdraw_report: "reports:submit",
	review_report: "reports:decide",
};

test("a developer withdraws an own report, and nobody else's", async () => {
	const { report_data, developer_email, ...report } = newReport();
	const call = async (who: string, name: string, input: object) =>
		(await send(who, message("tools/call", { name, arguments: input }))).body
			.result.content[0].text as string;
	const submitted = await call("dev", "submit_report", {
		...report,
		report_markdown: report_data,
	});
	const id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(submitted)?.[0];
	expect(await call("other", "withdraw_report", { id })).toMatch(
		/no report of yours/,
	);
	expect(await call("dev", "withdraw_report", { id })).toContain(
		"**Status:** rejected (withdrawn by submitter)",
	);
});

describe("the metadata", () => {
	test("names the resource, its provider and what to ask for", async () => {
		const { status, headers, body } = await service.ask({
			url: "/.well-known/oauth-protected-resource/mcp",
		});
		expect(status).toBe(200);
		expect(headers["content-type"]).toMatch(/^application\/json/);
		expect(body).toEqual({
			resource: `${base}/mcp`,
			authorization_servers: [provider.issuer],
			bearer_methods_supported: ["header"],
			scopes_supported: asked.split(" "),
			resource_name: "MCP Go-Live",
			resource_documentation: `${base}/docs`,
		});
	});

	test("can be read by clients that run in a browser, and nothing else can", async () => {
		const origin = "https://inspector.example.com";
		const url = "/.well-known/oauth-protected-resource/mcp";
		const { status, headers } = await service.ask({ url, headers: { origin } });
		expect(status).toBe(200);
		expect(headers["access-control-allow-origin"]).toBe("*");
		const preflight = await service.ask({
			method: "OPTIONS",
			url,
			headers: { origin, "access-control-request-method": "GET" },
		});
		expect(preflight.status).toBe(204);
		expect(preflight.headers["access-control-allow-headers"]).toBe("*");
		for (const other of ["/docs", "/api/v1/reports", "/.well-known/x"]) {
			const refused = await service.ask({ url: other, headers: { origin } });
			expect(refused.status, other).toBe(403);
			expect(refused.headers["access-control-allow-origin"]).toBeUndefined();
		}
		const foreign = await service.ask({
			url,
			headers: { host: "evil.example.com" },
		});
		expect(foreign.status).toBe(403);
		expect((await service.ask({ method: "POST", url })).status).toBe(405);
	});

	const absent = [
		"/.well-known/oauth-authorization-server",
		"/.well-known/oauth-authorization-server/mcp",
		"/.well-known/openid-configuration",
		"/.well-known/openid-configuration/mcp",
		"/mcp/.well-known/openid-configuration",
		"/mcp/.well-known/oauth-authorization-server",
		"/.well-known/oauth-protected-resource",
		"/.well-known/oauth-protected-resource/api",
		"/.well-known/",
	];
	const accept = "text/html,application/xhtml+xml";

	test.each(absent)("%s is a 404 as JSON, also for a browser", async (url) => {
		const { status, headers, body } = await service.ask({
			url,
			headers: { accept },
		});
		expect(status).toBe(404);
		expect(headers["content-type"]).toMatch(/^application\/problem\+json/);
		expect(body.code).toBe("NOT_FOUND");
	});

	test("is absent where nobody signs in", async () => {
		const own = await startService();
		for (const url of [
			"/.well-known/oauth-protected-resource/mcp",
			...absent,
		]) {
			const { status, body } = await own.ask({ url, headers: { accept } });
			expect({ status, code: body.code }).toEqual({
				status: 404,
				code: "NOT_FOUND",
			});
		}
	});
});
