import {
	Client,
	StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect } from "vitest";

/** What the tests need of a client of any generation. */
export type AnyClient = Pick<
	Client1,
	| "callTool"
	| "listTools"
	| "listPrompts"
	| "getPrompt"
	| "listResources"
	| "listResourceTemplates"
	| "readResource"
	| "complete"
	| "getInstructions"
	| "close"
>;

/** Where a client finds the service. */
interface Target {
	base: string;
	databaseUrl: string;
}

const about = { name: "test", version: "1.0.0" };

/** Every kind of client that may connect, by name. */
export const clients: Record<string, (target: Target) => Promise<AnyClient>> = {
	"a client of the 2026-07-28 protocol": async ({ base }) => {
		const client = new Client(about, {
			versionNegotiation: { mode: { pin: "2026-07-28" } },
		});
		await client.connect(
			new StreamableHTTPClientTransport(new URL(`${base}/mcp`)),
		);
		expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
		return client as unknown as AnyClient;
	},
	"a current client without negotiation": async ({ base }) => {
		const client = new Client(about);
		await client.connect(
			new StreamableHTTPClientTransport(new URL(`${base}/mcp`)),
		);
		expect(client.getNegotiatedProtocolVersion()).toBe("2025-11-25");
		return client as unknown as AnyClient;
	},
	"a client of the 1.x line": connectOldClient,
	"a client on stdio": async ({ databaseUrl }) => {
		const client = new Client(about);
		await client.connect(
			new StdioClientTransport({
				command: process.execPath,
				args: ["src/main.ts", "mcp"],
				env: { PATH: process.env.PATH ?? "", DATABASE_URL: databaseUrl },
				stderr: "ignore",
			}),
		);
		return client as unknown as AnyClient;
	},
};

/** Connects a client of the 1.x line: the one most people have today. */
export async function connectOldClient({
	base,
}: Pick<Target, "base">): Promise<AnyClient> {
	const client = new Client1(about);
	// The old line's types are not exact about optional properties.
	await client.connect(new Transport1(new URL(`${base}/mcp`)) as never);
	return client;
}

/** Calls a tool; returns its one text. */
export async function callTool(
	client: AnyClient,
	name: string,
	input: Record<string, unknown> = {},
): Promise<{ text: string; isError: boolean }> {
	const result = await client.callTool({ name, arguments: input });
	expect(result).not.toHaveProperty("structuredContent");
	expect(result.content).toMatchObject([{ type: "text" }]);
	const [{ text }] = result.content as [{ text: string }];
	return { text, isError: result.isError === true };
}
