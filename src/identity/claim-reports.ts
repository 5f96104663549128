import { sql } from "kysely";
import { LRUCache } from "lru-cache";
import { originColumns } from "../audit/queries.ts";
import { type Asker, type Origin, originOf } from "../audit/rules.ts";
import type { Database } from "../platform/postgres/database.ts";
import { type Person, splitSubject } from "./identity.ts";

/**
 * Assigns to a person the reports that were submitted under their address where nobody signed in,
 * and that nobody has claimed before. This is permanent, so no other account with this address gets
 * them. Each claim is recorded.
 *
 * @param tx a transaction; only rows of the audit log may follow in it
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
				// Always in the same order, so that concurrent claims cannot deadlock.
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
	// A separate statement: whoever writes the log blocks all others until the commit.
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

/** Milliseconds until a person is looked up again: once a minute is enough. */
const LOOK_AGAIN_AFTER = 60_000;

/** People whom this process has looked up, by their service's database. */
const lookedUp = new WeakMap<Database, LRUCache<string, true>>();

/**
 * Claims the reports of a caller with a token of the identity provider. People who sign in to the
 * pages claim theirs at sign-in; other credentials do not prove a current address.
 *
 * @param context of the request, outside any transaction
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
