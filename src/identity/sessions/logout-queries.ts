import { sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import { CLOCK_TOLERANCE } from "../oidc.ts";
import { MAX_AGE } from "./logout-token.ts";

/**
 * Stores that a logout token was used, for as long as it would be accepted; and deletes those that
 * have expired.
 *
 * @returns whether this is its first use
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
			// Allows for an issuing clock that is ahead, and a reading one that is behind.
			expires_at: sql<string>`now() + make_interval(secs => ${MAX_AGE + 3 * CLOCK_TOLERANCE})`,
		})
		.onConflict((conflict) => conflict.doNothing())
		.returning("token_sha256")
		.executeTakeFirst();
	return kept !== undefined;
}

/** Days after which a logout is deleted: no provider's access token lasts that long. */
const REMEMBERED = 90;

/** A sign-out: whose, and of which session. */
export interface Logout {
	issuer: string;
	/** As in `people`; absent where only a session was named. */
	subject?: string | undefined;
	/** The provider's id of the session; absent for all of that person's. */
	sid?: string | undefined;
	/** In seconds since 1970, by the provider's clock. */
	at: number;
}

/** Stores logouts, so that earlier tokens are no longer valid; and deletes old ones. */
export async function keepLogouts(
	tx: Database,
	logouts: Logout[],
): Promise<void> {
	await tx
		.deleteFrom("provider_logouts")
		.where("id", "in", (eb) =>
			eb
				.selectFrom("provider_logouts")
				.where(
					"logged_out_at",
					"<",
					sql<string>`now() - make_interval(days => ${REMEMBERED})`,
				)
				.select("id")
				.forUpdate()
				.skipLocked(),
		)
		.execute();
	await tx
		.insertInto("provider_logouts")
		.values(
			logouts.map(({ issuer, subject = null, sid = null, at }) => ({
				...{ issuer, subject, sid },
				logged_out_at: sql<string>`to_timestamp(${at})`,
			})),
		)
		.execute();
}

/**
 * Finds whose session has this id at the provider, including sessions that ended within the last
 * day.
 */
export async function findProviderSession(
	tx: Database,
	issuer: string,
	sid: string,
): Promise<string[]> {
	const found = await tx
		.selectFrom("sessions")
		.where("issuer", "=", issuer)
		.where("provider_session", "=", sid)
		.select("subject")
		.distinct()
		.execute();
	return found.map(({ subject }) => subject);
}

/**
 * Returns whether a person was signed out since a token of the provider was issued: of the token's
 * session, of all sessions, or, if the token names none, of any. The same second counts as since.
 *
 * @param at when the token was issued, in seconds since 1970
 */
export async function wasLoggedOut(
	db: Database,
	{ issuer, subject, sid, at }: Logout & { subject: string },
): Promise<boolean> {
	const named = sid ?? null;
	const { rows } = await sql`
		select from provider_logouts
		where subject = ${subject} and logged_out_at >= to_timestamp(${at})
			and (sid is null or ${named}::text is null)
		union all
		select from provider_logouts
		where issuer = ${issuer} and sid = ${named}
			and coalesce(subject, ${subject}) = ${subject}
		limit 1`.execute(db);
	return rows.length > 0;
}
