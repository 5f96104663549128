import { originOf } from "../../audit/rules.ts";
import type { Permission } from "../../core/words.ts";
import {
	may,
	notPermitted,
	type ProvenIdentity,
} from "../../identity/identity.ts";
import { hashSecret, makeToken } from "../../identity/own-tokens.ts";
import type { TokenOwner } from "../../identity/tokens/list-queries.ts";
import { countLivingTokens } from "../../identity/tokens/living-queries.ts";
import { insertToken } from "../../identity/tokens/queries.ts";
import type { Context } from "../../procedure.ts";
import { tooManyTokens } from "./rules.ts";
import {
	type CreatedAccessToken,
	MAX_LIVING_TOKENS,
	type NewAccessToken,
} from "./schema.ts";

/**
 * Creates a token with scopes that its creator has.
 *
 * @throws TRPCError FORBIDDEN for a scope that the creator lacks; CONFLICT when the owner has the
 * maximum number of tokens
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
