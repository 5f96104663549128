import {
	type Expression,
	type ExpressionBuilder,
	type SqlBool,
	sql,
} from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import type { Database } from "../database.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { summaryColumns } from "../reports/queries.ts";
import type { Tables } from "../tables.ts";
import type { Approval, Decision, Revision, RevisionFilter } from "./schema.ts";

/** A report's decisions, oldest first; `undefined` of an unknown one. */
export async function listDecisions(
	db: Database,
	reportId: string,
): Promise<Decision[] | undefined> {
	const kept = await db
		.selectFrom("mcp_server_reports as report")
		.where("id", "=", reportId)
		.select("id")
		.select(keptOf)
		.executeTakeFirst();
	return kept && historyOf(kept).decisions;
}

/**
 * A page of the reports for the server of one, oldest first, each
 * with its decisions and approvals; in one query, so that none is half of an
 * older moment. It starts after the one that the caller saw last.
 *
 * @param filter.id any of them; of an unknown one there are none
 * @param owner only this one's, if given
 */
export async function listRevisions(
	db: Database,
	{ id, limit, after }: RevisionFilter,
	owner?: Owner,
): Promise<Revision[]> {
	const rows = await db
		.selectFrom("mcp_server_reports as report")
		.where(
			sql<boolean>`(canonical_key, subfolder_key) = (
				select canonical_key, subfolder_key from mcp_server_reports where id = ${id})`,
		)
		.$if(owner !== undefined, (query) =>
			query.where(isOwnedBy(owner as Owner, "report")),
		)
		.$if(after !== undefined, (query) =>
			query.where(
				sql<boolean>`(report.submitted_at, report.revision, report.id) > (
					select seen.submitted_at, seen.revision, seen.id
					from mcp_server_reports as seen
					where seen.id = ${after} and ${isSameServer("seen")}
						and ${owner ? isOwnedBy(owner, "seen") : sql`true`}
				)`,
			),
		)
		.select(summaryColumns)
		.select(keptOf)
		// Not by revision: of two histories in one, both begin at 1.
		.orderBy("submitted_at")
		.orderBy("revision")
		.orderBy("id")
		.limit(limit)
		.execute();
	return rows.map(({ kept_decisions, kept_approvals, ...report }) => ({
		...report,
		...historyOf({ id: report.id, kept_decisions, kept_approvals }),
	}));
}

/** The condition that another report is for the server of one that is called `report`. */
function isSameServer(other: string): Expression<SqlBool> {
	return sql<boolean>`(${sql.ref(`${other}.canonical_key`)}, ${sql.ref(`${other}.subfolder_key`)})
		= (report.canonical_key, report.subfolder_key)`;
}

/** Whether a report is for the same server as another, and its owner's if one is given. */
export async function isRevisionOf(
	db: Database,
	id: string,
	other: string,
	owner?: Owner,
): Promise<boolean> {
	const found = await db
		.selectFrom("mcp_server_reports as report")
		.innerJoin("mcp_server_reports as other", (join) =>
			join.on(isSameServer("other")),
		)
		.where("report.id", "=", id)
		.where("other.id", "=", other)
		.$if(owner !== undefined, (query) =>
			query.where(isOwnedBy(owner as Owner, "report")),
		)
		.select("report.id")
		.executeTakeFirst();
	return found !== undefined;
}

/**
 * The approvals that a decision ended, oldest first, for a query in which it is
 * called `decision`.
 *
 * @param notes what is shown of the notes of each, which is called `approval`
 */
export function approvalsOfDecision(notes: Expression<string | null>) {
	return sql<Approval[]>`(
		select coalesce(json_agg(json_build_object('approved_by', approved_by,
			'notes', ${notes}, 'approved_at', ${timeInJson("approved_at")}) order by approval.id), '[]')
		from report_approvals as approval
		where approval.report_id = decision.report_id and round = (
			select count(*) from report_decisions as earlier
			where earlier.report_id = decision.report_id and earlier.id < decision.id))`;
}

/** A report's decisions and approvals as they are kept. */
interface Kept {
	id: string;
	kept_decisions: Omit<Decision, "report_id" | "approvals">[];
	kept_approvals: (Approval & { round: number })[];
}

function keptOf(
	eb: ExpressionBuilder<
		Tables & { report: Tables["mcp_server_reports"] },
		"report"
	>,
) {
	return [
		jsonArrayFrom(
			eb
				.selectFrom("report_decisions as decision")
				.whereRef("decision.report_id", "=", "report.id")
				.select(["from_status", "to_status", "decided_by", "notes"])
				.select(timeInJson("decided_at").as("decided_at"))
				.orderBy("decision.id"),
		).as("kept_decisions"),
		jsonArrayFrom(
			eb
				.selectFrom("report_approvals as approval")
				.whereRef("approval.report_id", "=", "report.id")
				.select(["round", "approved_by", "notes"])
				.select(timeInJson("approved_at").as("approved_at"))
				.orderBy("approval.id"),
		).as("kept_approvals"),
	] as const;
}

/** A time as it leaves when it is a column of its own: in UTC, as every session is. */
function timeInJson(column: string) {
	return sql<string>`replace(replace(${sql.ref(column)}::text, ' ', 'T'), '+00', 'Z')`;
}

/** Approvals are of a round, which is how many decisions there were before. */
function historyOf({
	id,
	kept_decisions,
	kept_approvals,
}: Kept): Pick<Revision, "decisions" | "open_approvals"> {
	const rounds = Map.groupBy(kept_approvals, ({ round }) => round);
	const approvalsOf = (wanted: number): Approval[] =>
		(rounds.get(wanted) ?? []).map(({ round, ...approval }) => approval);
	return {
		decisions: kept_decisions.map((decision, round) => ({
			report_id: id,
			...decision,
			approvals: approvalsOf(round),
		})),
		open_approvals: approvalsOf(kept_decisions.length),
	};
}
