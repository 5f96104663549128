import { domainToUnicode } from "node:url";
import { type Expression, type SqlBool, sql } from "kysely";
import { canonicalAddress } from "../core/canonical-address.ts";
import type {
	AuditAction,
	AuditEntry,
	AuditFilter,
} from "../features/audit/schema.ts";
import type { Database } from "../platform/postgres/database.ts";
import type { AuditLogTable } from "../platform/postgres/tables.ts";
import { formatTime, type Origin } from "./rules.ts";

/** The columns of an `Origin`, in the order in which statements insert them. */
export const originColumns = [
	"actor",
	"actor_subject",
	"method",
	"facade",
	"client",
	"request_id",
	"service_request_id",
	"address",
] as const satisfies (keyof Origin & keyof AuditLogTable)[];

/** An event to record. */
export interface AuditEvent {
	action: AuditAction;
	report_id?: string | null;
	target?: string | null;
	before?: Record<string, string> | null;
	after?: Record<string, string> | null;
}

/**
 * Appends an event to the audit log. Inside a transaction this must be the last statement: every
 * other writer waits from here until the commit, and would deadlock with us if it held a lock that
 * we still need.
 */
export async function recordEvent(
	db: Database,
	origin: Origin,
	{ before = null, after = null, ...event }: AuditEvent,
): Promise<void> {
	await db
		.insertInto("audit_log")
		.values({
			...origin,
			...event,
			before: before && JSON.stringify(before),
			after: after && JSON.stringify(after),
		})
		.execute();
}

const entryColumns = [
	"audit_log.seq",
	"actor",
	"actor_subject",
	"method",
	"facade",
	"client",
	"action",
	"report_id",
	"target",
	"before",
	"after",
	"request_id",
	"service_request_id",
	"audit_log.address",
	"address_hash",
	"previous_hash",
	"hash",
] as const;

/** Lists a page of the audit log, newest first, starting after the last row the caller has seen. */
export async function listEntries(
	db: Database,
	filter: AuditFilter,
): Promise<AuditEntry[]> {
	let query = selectEntries(db)
		.where(isWanted(filter))
		.orderBy("audit_log.time", "desc")
		.orderBy("audit_log.seq", "desc")
		.limit(filter.limit);
	if (filter.after !== undefined) {
		query = query.where(
			sql<boolean>`(audit_log.time, audit_log.seq) < (
				select seen.time, seen.seq from audit_log as seen where seen.seq = ${filter.after}
			)`,
		);
	}
	const read = (await query.execute()).map(readEntry);
	return read.map(({ entry, beside }) =>
		entry.address_hash === null ? entry : { ...entry, address: beside },
	);
}

/** Returns whether a row with this number exists. */
export async function hasEntry(db: Database, seq: number): Promise<boolean> {
	const found = await db
		.selectFrom("audit_log")
		.select("seq")
		.where("seq", "=", String(seq))
		.executeTakeFirst();
	return found !== undefined;
}

/** A row of the chain, and the address stored beside it until it is erased. */
export interface RecordedEntry {
	entry: AuditEntry;
	beside: string | null;
}

/** Returns the rows with these numbers in order, both ends included. */
export async function readEntries(
	db: Database,
	from: number,
	to: number,
	filter: Pick<AuditFilter, "since" | "until"> = {},
): Promise<RecordedEntry[]> {
	const rows = await selectEntries(db)
		.where("audit_log.seq", ">=", String(from))
		.where("audit_log.seq", "<=", String(to))
		.where(isWanted(filter))
		.orderBy("audit_log.seq")
		.execute();
	return rows.map(readEntry);
}

/**
 * Returns the number and hash of the last row according to the head; `undefined` when the head has
 * been removed.
 */
export async function readHead(
	db: Database,
): Promise<{ seq: number; hash: string } | undefined> {
	const head = await db
		.selectFrom("audit_head")
		.select(["seq", "hash"])
		.executeTakeFirst();
	return head && { seq: Number(head.seq), hash: head.hash };
}

/** Returns the number of a row that the head does not count, if there is one. */
export async function findUncounted(db: Database): Promise<number | undefined> {
	const found = await db
		.selectFrom("audit_log")
		.select("seq")
		.where((eb) =>
			eb.or([
				eb("seq", "<", "1"),
				eb("seq", ">", eb.selectFrom("audit_head").select("seq")),
			]),
		)
		.orderBy("seq")
		.limit(1)
		.executeTakeFirst();
	return found && Number(found.seq);
}

/**
 * Lists the lower-case spellings of an address, so that a search matches every way in which rows
 * may store it: composed and decomposed letters, and the domain in Unicode and in ASCII.
 */
function spellingsOf(actor: string): string[] {
	const [name, domain] = canonicalAddress(actor)?.split("@") ?? [];
	const addresses =
		domain === undefined
			? []
			: [`${name}@${domain}`, `${name}@${domainToUnicode(domain)}`];
	const spellings = [actor.toLowerCase(), ...addresses].flatMap((one) => [
		one.normalize("NFC"),
		one.normalize("NFD"),
	]);
	// Without duplicates: the planner's estimate depends on their number.
	return [...new Set(spellings)];
}

function selectEntries(db: Database) {
	return db
		.selectFrom("audit_log")
		.leftJoin("audit_addresses as beside", "beside.seq", "audit_log.seq")
		.select(entryColumns)
		.select([
			"beside.address as beside",
			// As a number, whose format no database setting changes.
			sql<string>`extract(epoch from audit_log.time)::text`.as("seconds"),
		]);
}

type Row = Awaited<
	ReturnType<ReturnType<typeof selectEntries>["execute"]>
>[number];

function readEntry({ seconds, seq, beside, ...row }: Row): RecordedEntry {
	const entry = { ...row, seq: Number(seq), time: formatTime(seconds) };
	return { entry, beside };
}

function isWanted({
	actor,
	action,
	report_id,
	method,
	facade,
	since,
	until,
}: Partial<AuditFilter>): Expression<SqlBool> {
	const conditions: Expression<SqlBool>[] = [sql<boolean>`true`];
	if (actor) {
		// As in the index, whatever lower case means in this database's locale.
		conditions.push(
			sql`lower(actor collate "und-x-icu") collate "C" = any(${spellingsOf(actor)})`,
		);
	}
	if (action) conditions.push(sql`action = ${action}`);
	if (report_id) conditions.push(sql`report_id = ${report_id}`);
	if (method) conditions.push(sql`method = ${method}`);
	if (facade) conditions.push(sql`facade = ${facade}`);
	if (since) conditions.push(sql`audit_log.time >= ${since}`);
	if (until) conditions.push(sql`audit_log.time < ${until}`);
	return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}
