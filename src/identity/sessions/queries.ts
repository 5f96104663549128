import { type Expression, type NotNull, type SqlBool, sql } from "kysely";
import type { Config } from "../../core/config.ts";
import type { Session, SessionFilter } from "../../features/sessions/schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { Person } from "../identity.ts";

/** How long sessions last. */
export type Lifetime = Pick<Config, "SESSION_HOURS" | "SESSION_IDLE_MINUTES">;

/** Begins a session of somebody whom `people` knows; only the hash of its secret is kept. */
export async function insertSession(
	db: Database,
	session: {
		session_sha256: string;
		subject: string;
		client: string | null;
		/** What the identity provider calls it, if it says so. */
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
 * Whose session it is; `undefined` for one that is unknown, ended or was idle for
 * too long.
 *
 * @returns with whether they were seen a minute ago or earlier, so that it is to be kept anew
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
			// Who signed in under what is no address signs in anew.
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

/** Remembers that somebody does something in a session; one that is over stays so. */
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

/** A page of the sessions that are not over, newest first; it starts after the one that the caller saw last. */
export async function listSessions(
	db: Database,
	filter: Omit<SessionFilter, "owner"> & {
		/** Whose; absent: everybody's. */
		subjects: string[] | undefined;
		/** The id of the session that asks. */
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
		// The place of another's session would tell when it began.
		query = query.where(
			sql<boolean>`(session.created_at, session.id) < (
				select session.created_at, session.id from sessions as session
				where session.id = ${after} and ${isTheirs}
			)`,
		);
	}
	return query.execute();
}

/** Whether there is, or was within the last day, a session of one of these people, or of anybody. */
export async function hasSession(
	db: Database,
	id: string,
	subjects: string[] | undefined,
): Promise<boolean> {
	let query = db.selectFrom("sessions").select("id").where("id", "=", id);
	if (subjects) query = query.where("subject", "in", subjects);
	return (await query.executeTakeFirst()) !== undefined;
}

/** Which sessions are ended. */
export type Which =
	| { secret: string }
	| { id: string; subject?: string }
	| { subjects: string[] }
	/** What a provider calls a session, or whose all sessions are meant, or both. */
	| {
			issuer: string;
			sid: string | undefined;
			subject: string | undefined;
	  };

/** A session that was ended, and whose it was. */
export type EndedSession = Session & { subject: string };

/**
 * Ends sessions for good.
 *
 * @returns those that were not over yet
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
						// In one order, or two who end the same ones could wait for each other.
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
 * Forgets sessions a day after their end: until then, lists can start after them.
 * Those that another sign-in is deleting are left to it, or two could wait for
 * each other.
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

/** The condition that a session, called `session`, is not over. */
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
	// Where the provider did not say what it calls a session, it may be the one.
	return sql<boolean>`(session.issuer = ${issuer}
		and (${subject}::text is null or session.subject = ${subject})
		and (${sid}::text is null or session.provider_session = ${sid}
			or (session.provider_session is null and ${subject}::text is not null)))`;
}
