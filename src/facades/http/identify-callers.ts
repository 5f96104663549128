import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { recordRefusal } from "../../audit/refusals.ts";
import type { Config } from "../../core/config.ts";
import { factsOf, recordedWords } from "../../core/errors.ts";
import { openAuthenticator } from "../../identity/auth.ts";
import { anybody, type Identity } from "../../identity/identity.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { ContextFor } from "../../procedure.ts";
import { facadeOf } from "./facade-of.ts";
import { rememberCredentials } from "./known-credentials.ts";
import { mountRateLimits, type RateLimits } from "./limits/rate-limit.ts";

declare module "fastify" {
	interface FastifyRequest {
		/** Who is asking; `null` when nobody is signed in. */
		identity: Identity | null;
		/** Why what was shown proves nothing, when something was. */
		refusal: TRPCError | undefined;
	}
}

/** What is known of those who ask. */
export interface Callers {
	/** For what counts further: the people whom the pages recognise, and the calls of a batch. */
	limits: RateLimits;
	/** Whether the credentials of a request would still be accepted now. */
	isStillKnown(request: FastifyRequest): Promise<boolean>;
}

/**
 * Tells who asks, before anything else is done, and counts the request as
 * theirs; the procedures decide what they may.
 *
 * @param contextFor names the asker of a refused request in the audit log
 */
export function identifyCallers(
	app: FastifyInstance,
	db: Database,
	config: Config,
	contextFor: ContextFor,
): Callers {
	const asksWho = config.AUTH === "oidc";
	const limits = mountRateLimits(app, {
		perMinute: config.RATE_LIMIT,
		...(config.RATE_LIMIT_SHARED && { shared: db }),
		isIdentifiedLater: (request) =>
			asksWho &&
			(facadeOf(request) === "web"
				? request.routeOptions.config.isPersonal === true
				: credentialsOf(request) !== undefined),
	});
	app.decorateRequest("refusal", undefined);
	if (!asksWho) {
		app.decorateRequest("identity", { getter: () => anybody });
		return { limits, isStillKnown: async () => true };
	}
	app.decorateRequest("identity", null);
	const authenticator = openAuthenticator(db, config);
	const known = rememberCredentials();
	app.after(() => {
		app.addHook("onRequest", async (request, reply) => {
			const facade = facadeOf(request);
			// The pages know people by their session, and take no tokens.
			if (facade === "web") return;
			const credentials = credentialsOf(request);
			if (credentials === undefined) return;
			// Before any cryptography, and whatever it costs to look up a key.
			if (!known.has(credentials)) await limits.refuseGuesser(request);
			try {
				request.identity = await authenticator.identify(credentials, facade);
				known.add(credentials);
			} catch (error) {
				if (!(error instanceof TRPCError)) throw error;
				request.refusal = error;
				// The provider may be out of reach: then nothing was refused.
				if (error.code !== "UNAUTHORIZED") return;
				if (factsOf(error).isOfClaims) {
					const { message: detail } = error;
					request.log.warn({ detail }, "the claims of a token are refused");
				}
				await limits.countFailure(request);
				await recordRefusal(
					contextFor(request, facade),
					{ action: "credential_refused" },
					{ detail: recordedWords(error) },
				);
			}
			if (request.identity && request.identity.method !== "none") {
				await limits.countIdentity(request, reply, request.identity.subject);
			}
		});
	});
	return {
		limits,
		async isStillKnown(request) {
			const { identity } = request;
			if (!identity || identity.method === "none") return false;
			const { subject, expiresAt = Infinity } = identity;
			// No new request may be late, but a stream can always be opened again.
			if (Date.now() >= expiresAt * 1000) return false;
			try {
				const credentials = credentialsOf(request);
				const now = await authenticator.identify(
					credentials,
					facadeOf(request),
				);
				return now?.method !== "none" && now?.subject === subject;
			} catch (error) {
				// The provider or the database may be out of reach: then nothing was refused.
				return !(error instanceof TRPCError && error.code === "UNAUTHORIZED");
			}
		},
	};
}

/**
 * What a client shows. On MCP, the plugin sends its access token in a header of
 * our own, which is empty without one: Claude Code signs nobody in where
 * `Authorization` is configured, even when there is nothing in it.
 */
function credentialsOf(request: FastifyRequest): string | undefined {
	const { authorization, "x-go-live-token": token } = request.headers;
	if (authorization !== undefined || !token) return authorization;
	return facadeOf(request) === "mcp" ? `Bearer ${token}` : undefined;
}
