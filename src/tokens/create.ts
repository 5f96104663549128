import { originOf } from "../audit/rules.ts";
import { may, notPermitted, type ProvenIdentity } from "../identity.ts";
import { hashSecret, makeToken } from "../own-tokens.ts";
import type { Context } from "../trpc.ts";
import type { Permission } from "../words.ts";
import type { TokenOwner } from "./list-queries.ts";
import { countLivingTokens } from "./living-queries.ts";
import { insertToken } from "./queries.ts";
import { tooManyTokens } from "./rules.ts";
import {
	type CreatedAccessToken,
	MAX_LIVING_TOKENS,
	type NewAccessToken,
} from "./schema.ts";

/**
 * Makes a token with scopes that its maker has.
 *
 * @throws TRPCError FORBIDDEN for a scope beyond; CONFLICT when its owner has
 *   as many tokens as one may have
 */
export async function createToken(
	ctx: Context & { identity: ProvenIdentity },
	wanted: Omit<NewAccessToken, "scopes"> & { scopes: Permission[] },
	owner: TokenOwner & { email?: string },
): Promise<CreatedAccessToken> {
	const { db, identity, settings } = ctx;
	const beyond = wanted.scopes.find((scope) => !may(identity, scope));
	if (beyond) throw notPermitted(identity, beyond);
	const token = makeToken();
	const created = await db.transaction().execute(async (tx) => {
		const living = await countLivingTokens(tx, owner);
		if (living >= MAX_LIVING_TOKENS) {
			throw tooManyTokens(
				"service_owner" in owner ? owner.service_owner : identity.email,
			);
		}
		const kept = { ...wanted, token_sha256: hashSecret(token) };
		return insertToken(
			tx,
			owner,
			kept,
			originOf(ctx),
			settings.TOKEN_OWNER_DAYS,
		);
	});
	return { ...created, token };
}
