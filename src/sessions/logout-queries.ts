import { sql } from "kysely";
import type { Database } from "../database.ts";
import { CLOCK_TOLERANCE } from "../oidc.ts";
import { MAX_AGE } from "./logout-token.ts";

/**
 * Remembers that a logout token is used, for as long as it would be accepted;
 * and forgets those that would be no more.
 *
 * @returns whether it is the first time
 */
export async function keepLogoutToken(
	tx: Database,
	tokenSha256: string,
): Promise<boolean> {
	await tx
		.deleteFrom("used_logout_tokens")
		.where("token_sha256", "in", (eb) =>
			eb
				.selectFrom("used_logout_tokens")
				.where("expires_at", "<=", sql<string>`now()`)
				.select("token_sha256")
				.forUpdate()
				.skipLocked(),
		)
		.execute();
	const kept = await tx
		.insertInto("used_logout_tokens")
		.values({
			token_sha256: tokenSha256,
			// Issued by a clock that may be ahead, and read by one that may be behind.
			expires_at: sql<string>`now() + make_interval(secs => ${MAX_AGE + 3 * CLOCK_TOLERANCE})`,
		})
		.onConflict((conflict) => conflict.doNothing())
		.returning("token_sha256")
		.executeTakeFirst();
	return kept !== undefined;
}
