import { type Expression, type RawBuilder, sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import {
	DECISIONS_SHOWN,
	NOTES_PER_PAGE,
	NOTES_SHOWN,
} from "./history-limits.ts";
import type { Approval, Decision, DecisionPage, Revision } from "./schema.ts";

/**
 * Lists a page of a report's decisions, oldest first, with full notes. The page ends early when the
 * notes are large, but contains at least one decision.
 *
 * @param page.after how many decisions the caller has already seen
 * @returns an empty list for an unknown report
 */
export async function listDecisions(
	db: Database,
	{ id, limit, after }: DecisionPage,
): Promise<Decision[]> {
	const page = db
		.selectFrom("report_decisions as decision")
		.where("decision.report_id", "=", id)
		.orderBy("decision.id")
		.offset(after)
		.limit(limit)
		.selectAll()
		.select(
			// The length can be computed without reading the text.
			sql<number>`coalesce(octet_length(decision.notes), 0) + coalesce((
				select sum(octet_length(approval.notes))::integer ${approvalsBehind}), 0)`.as(
				"bytes",
			),
		);
	const measured = db
		.selectFrom(page.as("decision"))
		.selectAll()
		.select(sql<number>`sum(bytes) over (order by id) - bytes`.as("before"));
	return db
		.selectFrom(measured.as("decision"))
		.where("before", "<", NOTES_PER_PAGE)
		.select(["report_id", "from_status", "to_status", "decided_by", "notes"])
		.select([
			"decided_at",
			approvalsOfDecision({
				notes: sql`approval.notes`,
				isShortened: sql`false`,
			}).as("approvals"),
		])
		.orderBy("id")
		.execute();
}

/** The approvals that a decision ended, for a query that calls the decision `decision`. */
const approvalsBehind = sql`
	from report_approvals as approval
	where approval.report_id = decision.report_id and round = (
		select count(*) from report_decisions as earlier
		where earlier.report_id = decision.report_id and earlier.id < decision.id)`;

/** How a query selects notes. */
export interface ShownNotes {
	notes: RawBuilder<string | null>;
	isShortened: RawBuilder<boolean>;
}

/** Selects those approvals, oldest first, with their notes; the query calls them `approval`. */
export function approvalsOfDecision({ notes, isShortened }: ShownNotes) {
	const members = {
		approved_by: sql`approved_by`,
		notes,
		approved_at: timeInJson("approved_at"),
	};
	return sql<Approval[]>`(
		select coalesce(jsonb_agg(${notedRow(members, isShortened)} order by approval.id), '[]')
		${approvalsBehind})`;
}

/** Selects notes as a history shows them, shortened by the database, which may hold very many. */
export function shortNotes(notes: Expression<string | null>): ShownNotes {
	const isLong = sql<boolean>`coalesce(char_length(${notes}) > ${sql.lit(NOTES_SHOWN)}, false)`;
	return {
		notes: sql`case when ${isLong}
			then left(${notes}, ${sql.lit(NOTES_SHOWN)}) || '…' else ${notes} end`,
		isShortened: isLong,
	};
}

/**
 * For a query's `report`: the number of decisions, and how many of them and of their approvals a
 * history shows.
 */
export const countColumns = [
	sql<number>`(select count(*)::integer from report_decisions
		where report_id = report.id)`.as("decision_count"),
	sql<number>`(
		select (1 + least(count(*), ${sql.lit(DECISIONS_SHOWN)}) + (
			select count(*) from report_approvals
			where report_id = report.id
				and round >= count(decision.id) - ${sql.lit(DECISIONS_SHOWN)}))::integer
		from report_decisions as decision where decision.report_id = report.id)`.as(
		"records",
	),
] as const;

/** A report's latest decisions and approvals as they are stored. */
export interface Kept {
	id: string;
	decision_count: number;
	kept_decisions: Omit<Decision, "report_id" | "approvals">[];
	kept_approvals: (Approval & { round: number })[];
}

/**
 * Returns the columns of a query's `report`, which must have a `decision_count`.
 *
 * @param latest whether the notes of the latest decision are complete
 */
export function keptColumns(latest: "whole" | "short") {
	const isWhole =
		latest === "whole"
			? sql<boolean>`id = (select max(last.id) from report_decisions as last
				where last.report_id = report.id)`
			: sql<boolean>`false`;
	const { notes, isShortened } = shortNotes(sql.ref("notes"));
	return [
		jsonRows<Kept["kept_decisions"]>(
			{
				from_status: sql.ref("from_status"),
				to_status: sql.ref("to_status"),
				decided_by: sql.ref("decided_by"),
				notes: sql`case when ${isWhole} then notes else ${notes} end`,
				decided_at: timeInJson("decided_at"),
			},
			sql`not ${isWhole} and ${isShortened}`,
			sql`select * from report_decisions where report_id = report.id
				order by id desc limit ${sql.lit(DECISIONS_SHOWN)}`,
		).as("kept_decisions"),
		jsonRows<Kept["kept_approvals"]>(
			{
				round: sql.ref("round"),
				approved_by: sql.ref("approved_by"),
				notes,
				approved_at: timeInJson("approved_at"),
			},
			isShortened,
			sql`select * from report_approvals where report_id = report.id
				and round >= report.decision_count - ${sql.lit(DECISIONS_SHOWN)}`,
		).as("kept_approvals"),
	] as const;
}

/** Selects the rows of a query as JSON, in the order of their ids. */
function jsonRows<Rows>(
	members: Record<string, Expression<unknown>>,
	isShortened: Expression<boolean>,
	rows: Expression<unknown>,
): RawBuilder<Rows> {
	return sql<Rows>`(
		select coalesce(jsonb_agg(${notedRow(members, isShortened)} order by id), '[]')
		from (${rows}) as kept)`;
}

/** Selects a row as JSON, with `notes_shortened` only if its notes are shortened. */
function notedRow(
	members: Record<string, Expression<unknown>>,
	isShortened: Expression<boolean>,
): RawBuilder<unknown> {
	const pairs = Object.entries(members).map(
		([name, value]) => sql`${sql.lit(name)}, ${value}`,
	);
	return sql`jsonb_build_object(${sql.join(pairs)}) || case when ${isShortened}
		then '{"notes_shortened": true}'::jsonb else '{}'::jsonb end`;
}

/** Formats a time in JSON as in a column of its own: in UTC, like every session. */
function timeInJson(column: string) {
	return sql<string>`replace(replace(${sql.ref(column)}::text, ' ', 'T'), '+00', 'Z')`;
}

/** Assembles a history. Approvals belong to a round, which is the number of decisions before it. */
export function historyOf({
	id,
	decision_count,
	kept_decisions,
	kept_approvals,
}: Kept): Pick<Revision, "decision_count" | "decisions" | "open_approvals"> {
	const rounds = Map.groupBy(kept_approvals, ({ round }) => round);
	const approvalsOf = (wanted: number): Approval[] =>
		(rounds.get(wanted) ?? []).map(({ round, ...approval }) => approval);
	const earlier = decision_count - kept_decisions.length;
	return {
		decision_count,
		decisions: kept_decisions.map((decision, index) => ({
			report_id: id,
			...decision,
			approvals: approvalsOf(earlier + index),
		})),
		open_approvals: approvalsOf(decision_count),
	};
}
