import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { recordRefusal } from "../../audit/refusals.ts";
import type { Config } from "../../core/config.ts";
import { factsOf, recordedWords } from "../../core/errors.ts";
import { personOf } from "../../core/person-of.ts";
import { openAuthenticator } from "../../identity/auth.ts";
import { anybody, type Identity } from "../../identity/identity.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { ContextFor } from "../../procedure.ts";
import { facadeOf } from "./facade-of.ts";
import { rememberCredentials } from "./known-credentials.ts";
import { mountRateLimits, type RateLimits } from "./limits/rate-limit.ts";

declare module "fastify" {
	interface FastifyRequest {
		/** The caller; `null` when nobody is signed in. */
		identity: Identity | null;
		/** Why the credentials were not accepted, if there were any. */
		refusal: TRPCError | undefined;
	}
}

/** What is known about the callers of requests. */
export interface Callers {
	/** For what is counted later: the people the pages recognise, and the calls of a batch. */
	limits: RateLimits;
	/** Returns whether the credentials of a request would still be accepted now. */
	isStillKnown(request: FastifyRequest): Promise<boolean>;
}

/**
 * Identifies the caller before anything else is done, and counts the request as
 * theirs; the procedures decide what they may do.
 *
 * @param contextFor names the caller of a refused request in the audit log
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
			// The pages identify people by their session and accept no tokens.
			if (facade === "web") return;
			const credentials = credentialsOf(request);
			if (credentials === undefined) return;
			// Before any cryptography and before a key is looked up.
			if (!known.has(credentials)) await limits.refuseGuesser(request);
			try {
				request.identity = await authenticator.identify(credentials, facade);
				known.add(credentials);
			} catch (error) {
				if (!(error instanceof TRPCError)) throw error;
				request.refusal = error;
				// The identity provider may be unreachable; then nothing was refused.
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
			const person = personOf(request.identity);
			if (person) await limits.countIdentity(request, reply, person.subject);
		});
	});
	return {
		limits,
		async isStillKnown(request) {
			const person = personOf(request.identity);
			if (!person) return false;
			const { subject, expiresAt = Infinity } = person;
			// A new request must never be late, but a stream can always be reopened.
			if (Date.now() >= expiresAt * 1000) return false;
			try {
				const credentials = credentialsOf(request);
				const now = await authenticator.identify(
					credentials,
					facadeOf(request),
				);
				return personOf(now)?.subject === subject;
			} catch (error) {
				// The identity provider or the database may be unreachable; then nothing was refused.
				return !(error instanceof TRPCError && error.code === "UNAUTHORIZED");
			}
		},
	};
}

/**
 * Returns the credentials a client sent. On MCP, the plugin sends its access
 * token in a header of our own, which is empty when there is none: Claude Code
 * does not sign anybody in where `Authorization` is configured, even if its
 * value is empty.
 */
function credentialsOf(request: FastifyRequest): string | undefined {
	const { authorization, "x-go-live-token": token } = request.headers;
	if (authorization !== undefined || !token) return authorization;
	return facadeOf(request) === "mcp" ? `Bearer ${token}` : undefined;
}
