import { sql } from "kysely";
import { LRUCache } from "lru-cache";
import { originColumns } from "../audit/queries.ts";
import { type Asker, type Origin, originOf } from "../audit/rules.ts";
import type { Database } from "../platform/postgres/database.ts";
import { type Person, splitSubject } from "./identity.ts";

/**
 * Gives somebody the reports that were submitted under their address where
 * nobody signed in, and that nobody has claimed before: once and for ever, so
 * that no other account with this address gets them. Each is recorded.
 *
 * @param tx a transaction; nothing but rows of the audit log may follow in it
 * @param person whose address the identity provider vouches for now
 */
export async function claimReports(
	tx: Database,
	person: Pick<Person, "subject" | "email_canonical">,
	origin: Origin,
): Promise<void> {
	const { issuer, sub } = splitSubject(person.subject);
	const claimed = await tx
		.updateTable("mcp_server_reports as report")
		.from(
			unclaimed(tx, person)
				// In one order, so that two who claim at once cannot block each other.
				.orderBy("id")
				.forNoKeyUpdate()
				.as("unclaimed"),
		)
		.set({
			owner_issuer: issuer,
			owner_sub: sub,
			claimed_at: sql<string>`now()`,
		})
		.whereRef("report.id", "=", "unclaimed.id")
		.returning("report.id")
		.execute();
	if (claimed.length === 0) return;
	// A statement of its own: whoever writes the log holds up all others until the commit.
	await tx
		.insertInto("audit_log")
		.columns([...originColumns, "action", "report_id", "after"])
		.expression((eb) =>
			eb
				.selectFrom("mcp_server_reports")
				.where(
					"id",
					"=",
					sql<string>`any(${claimed.map(({ id }) => id)}::uuid[])`,
				)
				.orderBy("submitted_at")
				.orderBy("id")
				.select(
					originColumns.map((column) => eb.val(origin[column]).as(column)),
				)
				.select([
					sql.lit("report_claimed").as("action"),
					"id as report_id",
					sql<string>`jsonb_build_object('developer_email', developer_email,
						'repository_url', repository_url, 'revision', revision::text)`.as(
						"after",
					),
				]),
		)
		.execute();
}

/** Milliseconds for which nobody is looked up again: one request in a minute is enough. */
const LOOK_AGAIN_AFTER = 60_000;

/** Whom this process has looked up, by the database of its service. */
const lookedUp = new WeakMap<Database, LRUCache<string, true>>();

/**
 * Claims the reports of whoever asks with a token of the identity provider; who
 * signs in to the pages claims them there, and other proofs say nothing of an
 * address now.
 *
 * @param context of the request, outside of any transaction
 */
export async function claimOwnReports(
	context: Asker & { db: Database },
): Promise<void> {
	const { db, identity } = context;
	if (identity?.method !== "oidc" || identity.kind !== "person") return;
	const key = `${identity.subject} ${identity.email_canonical}`;
	const known = knownPeople(db);
	if (known.has(key)) return;
	const found = await unclaimed(db, identity).limit(1).executeTakeFirst();
	if (found) {
		await db
			.transaction()
			.execute((tx) => claimReports(tx, identity, originOf(context)));
	}
	known.set(key, true);
}

function unclaimed(
	db: Database,
	{ email_canonical }: Pick<Person, "email_canonical">,
) {
	return db
		.selectFrom("mcp_server_reports")
		.select("id")
		.where("submitter_canonical", "=", email_canonical)
		.where("owner_sub", "is", null);
}

function knownPeople(db: Database): LRUCache<string, true> {
	const known = lookedUp.get(db);
	if (known) return known;
	const people = new LRUCache<string, true>({
		max: 10_000,
		ttl: LOOK_AGAIN_AFTER,
	});
	lookedUp.set(db, people);
	return people;
}
