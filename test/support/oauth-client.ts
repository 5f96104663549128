import {
	Client,
	StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import type {
	OAuthClientProvider,
	OAuthDiscoveryState,
} from "@modelcontextprotocol/sdk/client/auth.js";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type {
	OAuthClientInformationMixed,
	OAuthTokens,
} from "@modelcontextprotocol/sdk/shared/auth.js";
import type { AnyClient } from "./mcp-clients.ts";

/** Where the clients' browser would return to. Nobody listens there: the tests read the address. */
export const REDIRECT_URL = "http://127.0.0.1:33418/callback";

/** What an MCP client stores of its sign-in, for the SDK's own OAuth flow. */
export interface Keeper extends OAuthClientProvider {
	/** Where the person was last sent to sign in. */
	sentTo: URL | undefined;
	kept: {
		client?: OAuthClientInformationMixed;
		tokens?: OAuthTokens;
		discovery?: OAuthDiscoveryState;
	};
}

/** @param clientMetadataUrl the address that identifies the client, instead of registering it */
export function keepInMemory(clientMetadataUrl?: string): Keeper {
	let verifier = "";
	return {
		sentTo: undefined,
		kept: {},
		redirectUrl: REDIRECT_URL,
		...(clientMetadataUrl && { clientMetadataUrl }),
		clientMetadata: {
			client_name: "A client of the tests",
			redirect_uris: [REDIRECT_URL],
			grant_types: ["authorization_code", "refresh_token"],
			response_types: ["code"],
			token_endpoint_auth_method: "none",
		},
		clientInformation() {
			return this.kept.client;
		},
		saveClientInformation(client) {
			this.kept.client = client;
		},
		tokens() {
			return this.kept.tokens;
		},
		saveTokens(tokens) {
			this.kept.tokens = tokens;
		},
		redirectToAuthorization(url) {
			this.sentTo = url;
		},
		saveCodeVerifier(codeVerifier) {
			verifier = codeVerifier;
		},
		codeVerifier: () => verifier,
		saveDiscoveryState(state) {
			this.kept.discovery = state;
		},
		discoveryState() {
			return this.kept.discovery;
		},
		invalidateCredentials(what) {
			if (what === "all" || what === "tokens") delete this.kept.tokens;
			if (what === "all" || what === "client") delete this.kept.client;
		},
	};
}

/** One attempt to connect, and what to do when the person comes back from signing in. */
export interface Attempt {
	connect(): Promise<AnyClient>;
	finish(back: URL): Promise<void>;
}

/** Every kind of client that signs in by itself, by name. */
export const signingClients: Record<
	string,
	(mcpUrl: string, keeper: Keeper) => Attempt
> = {
	"a client of the 2026-07-28 protocol": (mcpUrl, keeper) => {
		const transport = new StreamableHTTPClientTransport(new URL(mcpUrl), {
			authProvider: keeper,
		});
		return {
			async connect() {
				const client = new Client(about, {
					versionNegotiation: { mode: { pin: "2026-07-28" } },
				});
				await client.connect(transport);
				return client as unknown as AnyClient;
			},
			finish: (back) => transport.finishAuth(back.searchParams),
		};
	},
	"a client of the 1.x line": (mcpUrl, keeper) => {
		const transport = new Transport1(new URL(mcpUrl), { authProvider: keeper });
		return {
			async connect() {
				const client = new Client1(about);
				// The old line's types are not exact about optional properties.
				await client.connect(transport as never);
				return client;
			},
			finish: (back) =>
				transport.finishAuth(back.searchParams.get("code") ?? ""),
		};
	},
};

const about = { name: "test", version: "1.0.0" };
