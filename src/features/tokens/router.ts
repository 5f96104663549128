import { z } from "zod";
import { originOf } from "../../audit/rules.ts";
import { canonicalAddress } from "../../core/canonical-address.ts";
import { Refusal } from "../../core/errors.ts";
import { DEFAULT_PAGE_SIZE, refuseUnknownStart } from "../../core/paging.ts";
import { personOf } from "../../core/person-of.ts";
import { type Identity, may, notPermitted } from "../../identity/identity.ts";
import {
	findTokenById,
	listTokens,
} from "../../identity/tokens/list-queries.ts";
import { revokeTokens } from "../../identity/tokens/queries.ts";
import {
	type Context,
	procedure,
	procedureForPeople,
	router,
} from "../../procedure.ts";
import { createToken } from "./create.ts";
import { unknownToken } from "./rules.ts";
import {
	AccessToken,
	AccessTokenFilter,
	AccessTokenId,
	CreatedAccessToken,
	MAX_LIVING_TOKENS,
	NewAccessToken,
	NewServiceToken,
} from "./schema.ts";

const tags = ["Access tokens"];

/** Only signed-in people have tokens, and a token cannot create tokens. */
const personProcedure = procedureForPeople(
	() =>
		new Refusal(
			"BAD_REQUEST",
			"This service runs without authentication, so it needs no access tokens. Set AUTH=oidc to have people sign in.",
		),
).use(({ ctx: { identity }, next }) => {
	if (identity.method === "access_token") {
		throw new Refusal(
			"FORBIDDEN",
			"An access token cannot create or revoke access tokens. Sign in yourself.",
		);
	}
	return next();
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
				summary: "Create an access token",
				description:
					"For CI, and for clients that cannot sign in. It acts for the person who creates it, within its scopes and that person's roles. The token is shown only in this answer.",
			},
			rest: {
				success: 201,
				errors: {
					400: "The input is not valid; `issues` names every problem.",
					403: "A scope is one that you do not have yourself.",
					409: `You have ${MAX_LIVING_TOKENS} valid access tokens, which is the maximum.`,
				},
			},
		})
		.input(NewAccessToken)
		.output(CreatedAccessToken)
		.mutation(({ ctx, input }) => createToken(ctx, input, ctx.identity)),

	createService: personProcedure
		.meta({
			access: "tokens:manage",
			openapi: {
				method: "POST",
				path: "/api/v1/service-tokens",
				operationId: "createServiceToken",
				tags,
				summary: "Create a service token",
				description:
					"For CI and other programs that must not depend on one person's account: it acts for no person, a group is responsible for it, and any admin can revoke it. It cannot submit or decide reports. The token is shown only in this answer.",
			},
			rest: {
				success: 201,
				createdIn: "/api/v1/tokens",
				errors: {
					400: "The input is not valid; `issues` names every problem.",
					403: "A scope is one that you do not have yourself.",
					409: `The group has ${MAX_LIVING_TOKENS} valid service tokens, which is the maximum.`,
				},
			},
		})
		.input(NewServiceToken)
		.output(CreatedAccessToken)
		.mutation(({ ctx, input: { owner, ...token } }) =>
			createToken(ctx, token, {
				// In the form in which it is compared.
				service_owner: canonicalAddress(owner) ?? owner,
			}),
		),

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
					"Your own; with the role admin, also everybody's, including service tokens, or another person's; newest first. A full page has a `Link` to the next one.",
			},
			rest: {
				success: 200,
				errors: {
					400: "A filter is not valid; `issues` names every problem.",
				},
				pageSize: DEFAULT_PAGE_SIZE,
			},
		})
		.input(AccessTokenFilter.prefault({}))
		.output(z.array(AccessToken))
		.query(async ({ ctx, input }) => {
			const { db, settings } = ctx;
			const identity = personOf(ctx.identity);
			// Where nobody signs in, there are none.
			if (!identity) return [];
			if (input.owner !== "me" && !may(identity, "tokens:manage")) {
				throw notPermitted(identity, "tokens:manage");
			}
			const owner =
				input.owner === "me"
					? identity
					: input.owner === "everybody"
						? undefined
						: { email: input.owner };
			const page = await listTokens(
				db,
				{ ...input, owner },
				settings.TOKEN_OWNER_DAYS,
			);
			const isKnown = (id: string) => findVisible(ctx, id);
			await refuseUnknownStart(page, input.after, isKnown, {
				missing: "There is no access token with the id",
				give: "the id of the last token you have seen",
			});
			return page;
		}),

	get: procedure
		.meta({
			access: "tokens:own",
			openapi: {
				method: "GET",
				path: "/api/v1/tokens/{id}",
				operationId: "getAccessToken",
				tags,
				summary: "See an access token",
				description:
					"One of your own, or with the role admin anybody's, without the token itself.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such token among those that you may see.",
				},
			},
		})
		.input(AccessTokenId)
		.output(AccessToken)
		.query(async ({ ctx, input: { id } }) => {
			const found = await findVisible(ctx, id);
			if (!found) throw unknownToken(id);
			return found;
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
					"Revokes it immediately and permanently. Its owner may do so, and the role admin for everybody's tokens and for service tokens.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such token among those that you may see.",
				},
			},
		})
		.input(AccessTokenId)
		.output(AccessToken)
		.mutation(async ({ ctx, input: { id } }) => {
			const { db, identity, settings } = ctx;
			const owner = may(identity, "tokens:manage") ? undefined : identity;
			const [revoked] = await revokeTokens(
				db,
				{ ids: [id], owner },
				identity.email,
				originOf(ctx),
				settings.TOKEN_OWNER_DAYS,
			);
			if (!revoked) throw unknownToken(id);
			return revoked;
		}),
});

/** Finds a token that the caller may see: their own, or anybody's for those who manage all. */
async function findVisible(
	{
		db,
		identity,
		settings,
	}: Pick<Context, "db" | "settings"> & { identity: Identity },
	id: string,
): Promise<AccessToken | undefined> {
	const person = personOf(identity);
	if (!person) return undefined;
	const owner = may(person, "tokens:manage") ? undefined : person;
	return findTokenById(db, id, owner, settings.TOKEN_OWNER_DAYS);
}
