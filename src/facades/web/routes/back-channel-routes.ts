import type { FastifyInstance } from "fastify";
import { recordRefusal } from "../../../audit/refusals.ts";
import type { Config } from "../../../core/config.ts";
import { Refusal } from "../../../core/errors.ts";
import { reportError } from "../../../core/public-error.ts";
import { logOut } from "../../../identity/sessions/back-channel.ts";
import { openLogoutVerifier } from "../../../identity/sessions/logout-token.ts";
import type { RateLimits } from "../../http/limits/rate-limit.ts";

import type { Site } from "../site.ts";

/**
 * Mounts the endpoint at which the identity provider reports that a session has
 * ended (OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8). The
 * token alone authenticates the provider: there is no cookie and no form token,
 * and the request comes from no page.
 */
export function mountBackChannelLogout(
	scope: FastifyInstance,
	site: Site,
	config: Config,
	limits: RateLimits,
): void {
	const verify = openLogoutVerifier(config);
	scope.post(
		"/sign-out/back-channel",
		{ config: { isOpen: true, isForAnyOrigin: true } },
		async (request, reply) => {
			const context = site.contextFor(request);
			try {
				const { logout_token } = (request.body ?? {}) as Record<
					string,
					unknown
				>;
				if (typeof logout_token !== "string") {
					throw new Refusal("BAD_REQUEST", "Send one logout_token, as a form.");
				}
				await logOut(context, await verify(logout_token));
				return reply.send();
			} catch (error) {
				const { code, detail } = reportError(error, request.log);
				if (code === "UNAUTHORIZED") {
					await limits.countFailure(request);
					await recordRefusal(
						context,
						{ action: "credential_refused" },
						{ detail },
					);
				}
				// The standard has only this status, also for faults of our own.
				return reply.code(400).send({
					error:
						code === "UNAUTHORIZED" || code === "BAD_REQUEST"
							? "invalid_request"
							: "server_error",
					error_description: detail,
				});
			}
		},
	);
}
