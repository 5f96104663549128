import { TRPCError } from "@trpc/server";
import { z } from "zod";
import { originOf } from "../audit/rules.ts";
import { may, notPermitted, type ProvenIdentity } from "../identity.ts";
import { procedure, router } from "../trpc.ts";
import { insertToken, listTokens, revokeToken } from "./queries.ts";
import { hashSecret, makeToken, unknownToken } from "./rules.ts";
import {
	AccessToken,
	AccessTokenFilter,
	AccessTokenId,
	CreatedAccessToken,
	NewAccessToken,
} from "./schema.ts";

const tags = ["Access tokens"];

/** Only somebody who is signed in has tokens, and no token makes tokens. */
const personProcedure = procedure.use(({ ctx: { identity }, next }) => {
	if (identity.method === "none") {
		throw new TRPCError({
			code: "BAD_REQUEST",
			message:
				"This service runs without authentication, so it needs no access tokens. Set AUTH=oidc to have people sign in.",
		});
	}
	if (identity.method === "access_token") {
		throw new TRPCError({
			code: "FORBIDDEN",
			message:
				"An access token cannot make or revoke access tokens. Sign in yourself.",
		});
	}
	return next({ ctx: { identity: identity as ProvenIdentity } });
});

/** Access tokens: for CI, and for clients that cannot sign in. */
export const tokensRouter = router({
	create: personProcedure
		.meta({
			access: "tokens:own",
			openapi: {
				method: "POST",
				path: "/api/v1/tokens",
				operationId: "createAccessToken",
				tags,
				summary: "Make an access token",
				description:
					"For CI, and for clients that cannot sign in. It acts for whoever makes it, within its scopes and that person's roles. The token is in this answer and nowhere else.",
			},
			rest: {
				success: 201,
				errors: {
					400: "The input is not valid; `issues` names every problem.",
					403: "A scope is one that you do not have yourself.",
				},
			},
		})
		.input(NewAccessToken)
		.output(CreatedAccessToken)
		.mutation(async ({ ctx, input }) => {
			const { db, identity } = ctx;
			const token = makeToken();
			const beyond = input.scopes.find((scope) => !may(identity, scope));
			if (beyond) throw notPermitted(identity, beyond);
			const kept = { ...input, token_sha256: hashSecret(token) };
			const created = await insertToken(db, identity, kept, originOf(ctx));
			return { ...created, token };
		}),

	list: procedure
		.meta({
			access: "tokens:own",
			openapi: {
				method: "GET",
				path: "/api/v1/tokens",
				operationId: "listAccessTokens",
				tags,
				summary: "List access tokens",
				description:
					"Your own, or everybody's for the role admin; those that still count first, then those that ended, each newest first. At most 200.",
			},
			rest: {
				success: 200,
				errors: {
					400: "A filter is not valid; `issues` names every problem.",
				},
			},
		})
		.input(AccessTokenFilter.prefault({}))
		.output(z.array(AccessToken))
		.query(async ({ ctx: { db, identity }, input: { owner } }) => {
			// Where nobody signs in, there are none.
			if (identity.method === "none") return [];
			if (owner === "me") return listTokens(db, identity);
			if (!may(identity, "tokens:manage")) {
				throw notPermitted(identity, "tokens:manage");
			}
			return listTokens(db, undefined);
		}),

	revoke: personProcedure
		.meta({
			access: "tokens:own",
			openapi: {
				method: "POST",
				path: "/api/v1/tokens/{id}/revoke",
				operationId: "revokeAccessToken",
				tags,
				summary: "Revoke an access token",
				description:
					"Ends it at once and for ever. Its owner may do so, and the role admin for everybody's.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such token among those that you may revoke.",
				},
			},
		})
		.input(AccessTokenId)
		.output(AccessToken)
		.mutation(async ({ ctx, input: { id } }) => {
			const { db, identity } = ctx;
			const owner = may(identity, "tokens:manage") ? undefined : identity;
			const revoked = await revokeToken(
				db,
				id,
				identity.email,
				owner,
				originOf(ctx),
			);
			if (!revoked) throw unknownToken(id);
			return revoked;
		}),
});
