import { type Expression, type NotNull, type SqlBool, sql } from "kysely";
import type { Config } from "../../core/config.ts";
import type { Session, SessionFilter } from "../../features/sessions/schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { Person } from "../identity.ts";

/** The lifetime of sessions. */
export type Lifetime = Pick<Config, "SESSION_HOURS" | "SESSION_IDLE_MINUTES">;

/** Creates a session for a person in `people`; only the hash of its secret is stored. */
export async function insertSession(
	db: Database,
	session: {
		session_sha256: string;
		subject: string;
		client: string | null;
		/** The provider's id of the session, if given. */
		provider_session: string | null;
	},
	{ SESSION_HOURS }: Lifetime,
): Promise<void> {
	await db
		.insertInto("sessions")
		.values({
			...session,
			expires_at: sql<string>`now() + make_interval(hours => ${SESSION_HOURS})`,
		})
		.execute();
}

/**
 * Finds the owner of a session; `undefined` if it is unknown, has ended or was idle for too long.
 *
 * @returns the owner, and whether they were last seen a minute ago or earlier, which must be stored
 * again
 */
export async function findSessionOwner(
	db: Database,
	sessionSha256: string,
	lifetime: Lifetime,
): Promise<(Person & { session: string; is_stale: boolean }) | undefined> {
	return (
		db
			.selectFrom("sessions as session")
			.innerJoin("people as person", "person.subject", "session.subject")
			.where("session.session_sha256", "=", sessionSha256)
			.where(isLiving(lifetime))
			// People who signed in under an invalid address must sign in again.
			.where("person.email_canonical", "is not", null)
			.select([
				"person.subject",
				"person.email",
				"person.email_canonical",
				"person.name",
				"person.roles",
				"session.id as session",
				sql<boolean>`session.last_seen_at <= now() - interval '1 minute'`.as(
					"is_stale",
				),
			])
			.$narrowType<{ email_canonical: NotNull }>()
			.executeTakeFirst()
	);
}

/** Stores that a session was used; a session that has ended stays ended. */
export async function markSessionSeen(
	db: Database,
	id: string,
	lifetime: Lifetime,
): Promise<void> {
	await db
		.updateTable("sessions as session")
		.set({ last_seen_at: sql<string>`now()` })
		.where("session.id", "=", id)
		.where(isLiving(lifetime))
		.where("last_seen_at", "<=", sql<string>`now() - interval '1 minute'`)
		.execute();
}

/**
 * Lists a page of the sessions that have not ended, newest first, starting after the last one the
 * caller has seen.
 */
export async function listSessions(
	db: Database,
	filter: Omit<SessionFilter, "owner"> & {
		/** The owners; absent for everybody's. */
		subjects: string[] | undefined;
		/** The id of the session that makes the request. */
		current: string | undefined;
	},
	lifetime: Lifetime,
): Promise<Session[]> {
	const { subjects, current, limit, after } = filter;
	let query = selectSessions(db, current)
		.where(isLiving(lifetime))
		.orderBy("session.created_at", "desc")
		.orderBy("session.id", "desc")
		.limit(limit);
	const isTheirs = subjects
		? sql<boolean>`session.subject = any(${subjects})`
		: sql<boolean>`true`;
	query = query.where(isTheirs);
	if (after !== undefined) {
		// The position of another person's session would reveal when it began.
		query = query.where(
			sql<boolean>`(session.created_at, session.id) < (
				select session.created_at, session.id from sessions as session
				where session.id = ${after} and ${isTheirs}
			)`,
		);
	}
	return query.execute();
}

/**
 * Returns whether one of these people, or anybody, has a session with this id, or had it within the
 * last day.
 */
export async function hasSession(
	db: Database,
	id: string,
	subjects: string[] | undefined,
): Promise<boolean> {
	let query = db.selectFrom("sessions").select("id").where("id", "=", id);
	if (subjects) query = query.where("subject", "in", subjects);
	return (await query.executeTakeFirst()) !== undefined;
}

/** Selects the sessions to end. */
export type Which =
	| { secret: string }
	| { id: string; subject?: string }
	| { subjects: string[] }
	/** The provider's id of a session, a person whose sessions are all meant, or both. */
	| {
			issuer: string;
			sid: string | undefined;
			subject: string | undefined;
	  };

/** A session that was ended, and its owner. */
export type EndedSession = Session & { subject: string };

/**
 * Ends sessions permanently.
 *
 * @returns the sessions that had not ended yet
 */
export async function endSessions(
	db: Database,
	which: Which,
	current?: string,
): Promise<EndedSession[]> {
	return db
		.with("ended", (tx) =>
			tx
				.updateTable("sessions as ending")
				.set({ expires_at: sql<string>`now()` })
				.where("ending.session_sha256", "in", (eb) =>
					eb
						.selectFrom("sessions as session")
						.select("session.session_sha256")
						.where("session.expires_at", ">", sql<string>`now()`)
						.where(isMeant(which))
						// Always in the same order, so that concurrent calls cannot deadlock.
						.orderBy("session.session_sha256")
						.forUpdate(),
				)
				.returning("ending.id"),
		)
		.selectFrom("ended")
		.innerJoin(
			selectSessions(db, current).as("session"),
			"session.id",
			"ended.id",
		)
		.selectAll("session")
		.execute();
}

/**
 * Deletes sessions a day after their end: until then, lists can start after them. Rows that another
 * sign-in is deleting are skipped, which avoids deadlocks.
 */
export async function deletePastSessions(db: Database): Promise<void> {
	await db
		.deleteFrom("sessions")
		.where("session_sha256", "in", (eb) =>
			eb
				.selectFrom("sessions")
				.where("expires_at", "<=", sql<string>`now() - interval '1 day'`)
				.select("session_sha256")
				.forUpdate()
				.skipLocked(),
		)
		.execute();
}

function selectSessions(db: Database, current: string | undefined) {
	return db
		.selectFrom("sessions as session")
		.innerJoin("people as person", "person.subject", "session.subject")
		.select([
			"session.id",
			"session.subject",
			"person.email as owner",
			"session.client",
			"session.created_at",
			"session.last_seen_at",
			"session.expires_at",
		])
		.select(
			sql<boolean>`session.id is not distinct from ${current ?? null}::uuid`.as(
				"is_current",
			),
		);
}

/** The condition that a session, called `session`, has not ended. */
function isLiving({ SESSION_IDLE_MINUTES }: Lifetime): Expression<SqlBool> {
	return sql<boolean>`(session.expires_at > now()
		and session.last_seen_at > now() - make_interval(mins => ${SESSION_IDLE_MINUTES}))`;
}

function isMeant(which: Which): Expression<SqlBool> {
	if ("secret" in which) {
		return sql<boolean>`session.session_sha256 = ${which.secret}`;
	}
	if ("subjects" in which) {
		return sql<boolean>`session.subject = any(${which.subjects})`;
	}
	if ("id" in which) {
		const isOf = which.subject ?? null;
		return sql<boolean>`(session.id = ${which.id}
			and (${isOf}::text is null or session.subject = ${isOf}))`;
	}
	const { issuer, sid = null, subject = null } = which;
	// Where the provider gave no session id, it may be this one.
	return sql<boolean>`(session.issuer = ${issuer}
		and (${subject}::text is null or session.subject = ${subject})
		and (${sid}::text is null or session.provider_session = ${sid}
			or (session.provider_session is null and ${subject}::text is not null)))`;
}
