import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newReport, startService, type TestService } from "./helpers.ts";
import { callTool } from "./mcp-clients.ts";
import { keepInMemory, signInAt, signingClients } from "./oauth-client.ts";
import { startProvider, type TestProvider } from "./provider.ts";

let base: string;
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	const port = await findFreePort();
	base = `http://127.0.0.1:${port}`;
	provider = await startProvider(base, afterAll);
	service = await startService(afterAll, {
		...provider.settings(base),
		OIDC_SCOPES: ["openid", "profile", "email", "offline_access"],
	});
	await service.app.listen({ host: "127.0.0.1", port });
});

/** The service's own address must be known before it starts: tokens are for it. */
async function findFreePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

describe.each(Object.entries(signingClients))("%s", (_name, makeAttempt) => {
	test("finds the way to sign in by itself, and works until its access ends", async () => {
		const keeper = keepInMemory();
		const stranger = makeAttempt(`${base}/mcp`, keeper);
		await expect(stranger.connect()).rejects.toThrow(/nauthorized/);
		const { sentTo } = keeper;
		expect(sentTo?.origin).toBe(provider.issuer);
		expect(sentTo?.searchParams.get("resource")).toBe(`${base}/mcp`);
		expect(sentTo?.searchParams.get("code_challenge_method")).toBe("S256");
		await stranger.finish(await signInAt(sentTo as URL, "dev"));
		const { tokens } = keeper.kept;
		expect(tokens?.refresh_token).toBeTruthy();
		const client = await makeAttempt(`${base}/mcp`, keeper).connect();
		const { tools } = await client.listTools();
		expect(tools.map(({ name }) => name)).toContain("submit_report");
		const { report_data, developer_email, ...report } = newReport();
		const submitted = await callTool(client, "submit_report", {
			...report,
			report_markdown: report_data,
		});
		expect(submitted.text).toContain("✅ Report submitted successfully!");
		await client.close();
	});
});
