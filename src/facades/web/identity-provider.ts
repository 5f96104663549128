import {
	allowInsecureRequests,
	authorizationCodeGrant,
	buildAuthorizationUrl,
	buildEndSessionUrl,
	type ClientAuth,
	ClientSecretBasic,
	ClientSecretPost,
	type Configuration,
	calculatePKCECodeChallenge,
	discovery,
	enableNonRepudiationChecks,
	fetchUserInfo,
	None,
	randomNonce,
	randomPKCECodeVerifier,
	randomState,
	WWWAuthenticateChallengeError,
} from "openid-client";
import type { Config } from "../../core/config.ts";
import {
	hasClaim,
	readPerson,
	type ShownPerson,
	saysWhetherVerified,
} from "../../identity/claims.ts";
import { providerOutOfReach } from "../../identity/oidc.ts";
import { isName } from "../../identity/sessions/logout-token.ts";
import { explainRefusal } from "./sign-in-refused.ts";

/** Seconds within which the provider must answer. */
const TIMEOUT = 5;

/** What a sign-in started with and must end with. */
export interface Transaction {
	state: string;
	nonce: string;
	/** The PKCE code verifier (RFC 7636). */
	verifier: string;
}

/** The organisation's identity provider, as the pages use it to sign people in. */
export interface IdentityProvider {
	/** @returns where the browser must go, and what must be kept until it comes back */
	begin(): Promise<{ url: URL; transaction: Transaction }>;
	/**
	 * @param query the query with which the browser came back
	 * @throws TRPCError UNAUTHORIZED when this signs nobody in, with the `reason`
	 *   in its cause; SERVICE_UNAVAILABLE when the provider is unreachable
	 */
	finish(
		query: string,
		transaction: Transaction,
	): Promise<{
		shown: ShownPerson;
		/** The provider's id of the new session, if it sends one (`sid`). */
		providerSession: string | null;
	}>;
	/** Returns where the browser must go to be signed out there too, if the provider has such an address. */
	endSessionUrl(returnTo: string): Promise<URL | undefined>;
}

type Settings = Pick<
	Config,
	| "OIDC_ISSUER"
	| "OIDC_CLIENT_ID"
	| "OIDC_CLIENT_SECRET"
	| "OIDC_ROLES_CLAIM"
	| "OIDC_ROLES_ABSENT"
	| "OIDC_EMAIL_CLAIM"
	| "OIDC_EMAIL_VERIFIED"
	| "OIDC_SCOPES"
	| "PUBLIC_URL"
>;

/**
 * Creates the client of the identity provider. It sends nothing before the
 * first sign-in; the provider's metadata is then used until the next start.
 */
export function openIdentityProvider(settings: Settings): IdentityProvider {
	const redirectUri = `${settings.PUBLIC_URL}/sign-in/callback`;
	let pending: Promise<Configuration> | undefined;
	const discovered = () => {
		pending ??= discover(settings).catch((error) => {
			// The next sign-in tries again.
			pending = undefined;
			throw providerOutOfReach(error);
		});
		return pending;
	};
	return {
		async begin() {
			const configuration = await discovered();
			const transaction = {
				state: randomState(),
				nonce: randomNonce(),
				verifier: randomPKCECodeVerifier(),
			};
			const url = buildAuthorizationUrl(configuration, {
				redirect_uri: redirectUri,
				scope: settings.OIDC_SCOPES.join(" "),
				state: transaction.state,
				nonce: transaction.nonce,
				code_challenge: await calculatePKCECodeChallenge(transaction.verifier),
				code_challenge_method: "S256",
			});
			return { url, transaction };
		},

		async finish(query, { state, nonce, verifier }) {
			const configuration = await discovered();
			try {
				const tokens = await authorizationCodeGrant(
					configuration,
					new URL(`${redirectUri}?${query}`),
					{
						expectedState: state,
						expectedNonce: nonce,
						pkceCodeVerifier: verifier,
						idTokenExpected: true,
					},
				);
				const claims: Record<string, unknown> = tokens.claims() ?? {};
				const shown = readPerson(
					await complete(configuration, tokens.access_token, claims, settings),
					settings,
				);
				const { sid } = claims;
				return { shown, providerSession: isName(sid) ? sid : null };
			} catch (error) {
				throw explainRefusal(error);
			}
		},

		async endSessionUrl(returnTo) {
			const configuration = await discovered();
			if (!configuration.serverMetadata().end_session_endpoint) return;
			return buildEndSessionUrl(configuration, {
				post_logout_redirect_uri: returnTo,
			});
		},
	};
}

function discover(settings: Settings): Promise<Configuration> {
	const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET } = settings;
	const issuer = new URL(OIDC_ISSUER[0] ?? "");
	return discovery(
		issuer,
		OIDC_CLIENT_ID ?? "",
		undefined,
		OIDC_CLIENT_SECRET ? clientSecret(OIDC_CLIENT_SECRET) : None(),
		{
			timeout: TIMEOUT,
			execute: [
				// Check the ID token's signature too, not only the connection it came over.
				enableNonRepudiationChecks,
				// The configuration allows http on this machine only.
				...(issuer.protocol === "http:" ? [allowInsecureRequests] : []),
			],
		},
	);
}

/** Returns the authentication method that a registration has by default, if the provider supports it. */
function clientSecret(secret: string): ClientAuth {
	const basic = ClientSecretBasic(secret);
	const post = ClientSecretPost(secret);
	return (server, client, body, headers) => {
		const known = server.token_endpoint_auth_methods_supported;
		const isBasicKnown = known?.includes("client_secret_basic") ?? true;
		return (isBasicKnown ? basic : post)(server, client, body, headers);
	};
}

/**
 * Adds the claims that some providers put only into the user info: the e-mail
 * address, whether it is verified, or the roles.
 */
async function complete(
	configuration: Configuration,
	accessToken: string,
	claims: Record<string, unknown>,
	{ OIDC_ROLES_CLAIM, OIDC_EMAIL_CLAIM, OIDC_EMAIL_VERIFIED }: Settings,
): Promise<Record<string, unknown>> {
	const isComplete =
		hasClaim(claims, OIDC_ROLES_CLAIM) &&
		hasClaim(claims, OIDC_EMAIL_CLAIM) &&
		(OIDC_EMAIL_VERIFIED === "trusted" || saysWhetherVerified(claims));
	if (isComplete || !configuration.serverMetadata().userinfo_endpoint) {
		return claims;
	}
	try {
		const subject = String(claims.sub);
		const told = await fetchUserInfo(configuration, accessToken, subject);
		return { ...told, ...claims };
	} catch (error) {
		// The access token is for something else: then the ID token contains all there is.
		if (error instanceof WWWAuthenticateChallengeError) return claims;
		throw error;
	}
}
