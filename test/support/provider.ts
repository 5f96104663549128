import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
	type CryptoKey,
	exportJWK,
	generateKeyPair,
	type JWTHeaderParameters,
	type JWTPayload,
	SignJWT,
} from "jose";
import Provider from "oidc-provider";
import { onTestFinished } from "vitest";
import { permissions } from "../../src/core/words.ts";

type AtEnd = (cleanUp: () => Promise<void>) => void;

/** Somebody the provider knows; its sign-in form takes the name of the account, and any password. */
export interface Account {
	email: string;
	name: string;
	roles: string[];
}

/** A real OpenID provider. */
export interface TestProvider {
	issuer: string;
	/** By account name; changes take effect at the next sign-in. */
	accounts: Record<string, Account>;
	/** The audience of tokens from `mint`. */
	audience: string;
	/** The client id of the pages. */
	clientId: string;
	clientSecret: string;
	/** The settings of a service that trusts this provider. */
	settings(publicUrl: string): {
		AUTH: "oidc";
		OIDC_ISSUER: string[];
		OIDC_AUDIENCE: string[];
		OIDC_CLIENT_ID: string;
		OIDC_CLIENT_SECRET: string;
		OIDC_APPROVING_CLIENTS: string[];
		PUBLIC_URL: string;
	};
	/**
	 * Returns an access token as the provider would issue it to this account,
	 * signed with its key; `changes` spoil it. It has every scope, and was issued
	 * to the client that may approve according to `settings`.
	 */
	mint(account: string, changes?: JWTPayload): Promise<string>;
	/**
	 * Publishes a client's metadata document and returns its address, which
	 * identifies the client to the provider.
	 */
	clientDocument(redirectUri: string): string;
	/** Signs any claims with the provider's key, adding nothing. */
	sign(claims: JWTPayload, header?: TokenHeader): Promise<string>;
	close(): Promise<void>;
}

/** Values of a token's header that add to or replace the provider's. */
export interface TokenHeader {
	kid?: string;
	typ?: string | undefined;
}

const AUDIENCE = "https://go-live.example.com/api";

/** A client of the organisation's own, where reviewers decide. */
const APPROVING_CLIENT = "review-portal";

/** The scopes of the service, as the provider knows them. */
const SCOPES = Object.keys(permissions);

/**
 * Starts a provider on 127.0.0.1. Access tokens are JWTs for the resource that
 * a client asks for (RFC 8707), and contain the e-mail address and the roles.
 *
 * @param publicUrl the service's address; where the pages return to
 */
export async function startProvider(
	publicUrl: string,
	atEnd: AtEnd = onTestFinished,
	{ tellsOnlyUserinfo = false } = {},
): Promise<TestProvider> {
	const server = createServer();
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const { privateKey } = await generateKeyPair("ES256", { extractable: true });
	const key = { ...(await exportJWK(privateKey)), kid: "first", alg: "ES256" };
	const accounts: Record<string, Account> = {
		dev: person("dev", ["developer"]),
		other: person("other", ["developer"]),
		rita: person("rita", ["reviewer"]),
		ron: person("ron", ["reviewer"]),
		both: person("both", ["developer", "reviewer"]),
		aud: person("aud", ["auditor"]),
		adm: person("adm", ["admin"]),
		nobody: person("nobody", []),
	};
	const clientSecret = "3f9c1b7a5e2d4c8f9a0b1c2d3e4f5a6b";
	const documents = new Map<string, object>();
	const provider = new Provider(issuer, {
		clients: [
			{
				client_id: "go-live-pages",
				client_secret: clientSecret,
				redirect_uris: [`${publicUrl}/sign-in/callback`],
				post_logout_redirect_uris: [`${publicUrl}/signed-out`],
				backchannel_logout_uri: `${publicUrl}/sign-out/back-channel`,
				backchannel_logout_session_required: true,
				id_token_signed_response_alg: "ES256",
			},
		],
		scopes: ["openid", "offline_access", ...SCOPES],
		clientDefaults: { id_token_signed_response_alg: "ES256" },
		jwks: { keys: [{ ...key, use: "sig" }] },
		claims: {
			openid: ["sub"],
			email: ["email", "email_verified"],
			profile: ["name", "roles"],
		},
		// As most providers do: the claims of the requested scopes are in the ID token.
		conformIdTokenClaims: tellsOnlyUserinfo,
		findAccount: (_context, id) => {
			const account = accounts[id];
			return account && { accountId: id, claims: () => claimsOf(id, account) };
		},
		extraTokenClaims: (_context, token) => {
			const id = "accountId" in token ? token.accountId : undefined;
			const account = id && accounts[id];
			return account ? claimsOf(id, account) : {};
		},
		features: {
			devInteractions: { enabled: true },
			registration: { enabled: true },
			clientIdMetadataDocument: { enabled: true, ack: "draft-02" },
			revocation: { enabled: true },
			rpInitiatedLogout: { enabled: true },
			backchannelLogout: { enabled: true },
			resourceIndicators: {
				enabled: true,
				// A token for a resource is not accepted by the userinfo endpoint.
				defaultResource: () =>
					(tellsOnlyUserinfo ? undefined : AUDIENCE) as string,
				useGrantedResource: () => true,
				getResourceServerInfo: (_context, resource) => ({
					scope: ["openid profile email offline_access", ...SCOPES].join(" "),
					audience: resource,
					accessTokenFormat: "jwt",
					accessTokenTTL: 600,
					jwt: { sign: { alg: "ES256" } },
				}),
			},
		},
		// Public clients that register themselves, as Claude Code does, get refresh tokens too.
		issueRefreshToken: async (_context, client, code) =>
			client.grantTypeAllowed("refresh_token") &&
			code.scopes.has("offline_access"),
		// The one site with documents is not a real machine.
		fetch: async (url, options) => {
			const document = documents.get(String(url));
			if (document) return Response.json(document);
			// It refuses to send requests to this machine, where the service is.
			const { dispatcher: _, ...plain } = options as Record<string, unknown>;
			return fetch(url, plain);
		},
		cookies: { keys: ["a key for the tests' own cookies"] },
		pkce: { required: () => true },
	});
	server.on("request", provider.callback());
	const close = async () => {
		server.closeAllConnections();
		server.close();
	};
	atEnd(close);
	const sign = (claims: JWTPayload, header = {}) =>
		signWith(privateKey, claims, { kid: "first", ...header });
	return {
		issuer,
		accounts,
		audience: AUDIENCE,
		clientId: "go-live-pages",
		clientSecret,
		settings: (PUBLIC_URL) => ({
			AUTH: "oidc",
			OIDC_ISSUER: [issuer],
			OIDC_AUDIENCE: [AUDIENCE],
			OIDC_CLIENT_ID: "go-live-pages",
			OIDC_CLIENT_SECRET: clientSecret,
			OIDC_APPROVING_CLIENTS: [APPROVING_CLIENT],
			PUBLIC_URL,
		}),
		clientDocument(redirectUri) {
			const client_id = "https://client.example.com/oauth/client.json";
			documents.set(client_id, {
				client_id,
				client_name: "A client of the tests",
				redirect_uris: [redirectUri],
				grant_types: ["authorization_code", "refresh_token"],
				response_types: ["code"],
				token_endpoint_auth_method: "none",
				id_token_signed_response_alg: "ES256",
			});
			return client_id;
		},
		sign,
		mint(id, changes = {}) {
			const account = accounts[id];
			if (!account) throw new Error(`there is no account ${id}`);
			const now = Math.floor(Date.now() / 1000);
			const claims = {
				...claimsOf(id, account),
				iss: issuer,
				aud: AUDIENCE,
				client_id: APPROVING_CLIENT,
				scope: ["openid", "email", ...SCOPES].join(" "),
			};
			return sign({ ...claims, iat: now, exp: now + 600, ...changes });
		},
		close,
	};
}

/** Returns a JWT signed with a key of the caller's choice. */
export function signWith(
	key: CryptoKey,
	claims: JWTPayload,
	header: TokenHeader = {},
): Promise<string> {
	return new SignJWT(claims)
		.setProtectedHeader({
			alg: "ES256",
			typ: "at+jwt",
			...header,
		} as JWTHeaderParameters)
		.sign(key);
}

function person(id: string, roles: string[]): Account {
	return { email: `${id}@example.com`, name: `The ${id}`, roles };
}

function claimsOf(sub: string, account: Account) {
	return { sub, email_verified: true, ...account };
}
