import { sql } from "kysely";
import type { PlusAddresses } from "../../core/canonical-address.ts";
import type { Person } from "../../identity/identity.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { lastRequired, standingColumns } from "../reports/queries.ts";
import type { Gravity } from "../reports/quorum.ts";
import type {
	ChangeableReport,
	ServerKey,
	StandingReport,
} from "../reports/rules.ts";
import { countPeople, isSamePerson, type Somebody } from "./rules.ts";
import type { Approvals } from "./schema.ts";

/** A report that may be decided, with what its decision depends on. */
export type Candidate = StandingReport &
	ChangeableReport &
	Gravity &
	ServerKey & {
		approvals_required: number | null;
	};

/** Reads the facts that a decision depends on. */
export async function findCandidate(
	db: Database,
	id: string,
): Promise<Candidate | undefined> {
	return selectCandidate(db, id).executeTakeFirst();
}

/** Reads the same and locks the report until the transaction ends. */
export async function lockReport(
	tx: Database,
	id: string,
): Promise<Candidate | undefined> {
	return selectCandidate(tx, id).forUpdate().executeTakeFirst();
}

function selectCandidate(db: Database, id: string) {
	return db
		.selectFrom("mcp_server_reports")
		.select([
			...standingColumns,
			"decision_count",
			"approvals",
			"risk_level",
			"trifecta",
			"completeness",
			"error_count",
			"critical_failures",
			"critical_unanswered",
		])
		.select(
			// A pending report also requires as many reviewers as the repository's other reports do by
			// now.
			sql<number | null>`case when status = 'pending_review'
				then greatest(approvals_required, ${lastRequired(sql.ref("mcp_server_reports.canonical_key"))})
				else approvals_required end`.as("approvals_required"),
		)
		.where("id", "=", id);
}

/**
 * Returns whether a person has ever submitted or owns a report for this repository, in any folder.
 */
export async function hasSubmitted(
	db: Database,
	person: Person,
	canonicalKey: string,
	plusAddresses: PlusAddresses,
): Promise<boolean> {
	const submitters = await db
		.selectFrom("mcp_server_reports")
		.select([
			"submitter_canonical as address",
			// An issuer and its "sub", as in `people.subject`.
			sql<string | null>`owner_issuer || ' ' || owner_sub`.as("subject"),
		])
		.distinct()
		.where("canonical_key", "=", canonicalKey)
		.execute();
	return isAmong(person, submitters, plusAddresses);
}

/**
 * Appends an approval.
 *
 * @param options `required`: how many reviewers this round requires, which is stored
 * @returns the number of approvals in this round; `undefined` when this reviewer has already
 * approved in it
 */
export async function appendApproval(
	tx: Database,
	{ id, decision_count: round }: Pick<Candidate, "id" | "decision_count">,
	reviewer: Person,
	notes: string | null,
	{
		required,
		plusAddresses,
	}: { required: number; plusAddresses: PlusAddresses },
): Promise<number | undefined> {
	// The constraint compares subjects only; the lock keeps others from approving in the meantime.
	const before = await listApprovers(tx, id);
	if (isAmong(reviewer, before, plusAddresses)) return undefined;
	const appended = await tx
		.insertInto("report_approvals")
		.values({
			report_id: id,
			round,
			approved_by: reviewer.email,
			approver_subject: reviewer.subject,
			approver_canonical: reviewer.email_canonical,
			notes,
		})
		.onConflict((conflict) => conflict.doNothing())
		.returning("id")
		.executeTakeFirst();
	if (!appended) return undefined;
	// Counted again: two people of the past may be known as one by now.
	const approvals = countPeople(before, plusAddresses) + 1;
	await tx
		.updateTable("mcp_server_reports")
		.set({ approvals, approvals_required: required })
		.where("id", "=", id)
		.execute();
	return approvals;
}

/**
 * Lists the approvals of a pending report since its last decision, or those before the decision of
 * a decided one; oldest first.
 */
export async function listApprovals(
	db: Database,
	id: string,
): Promise<Approvals["recorded"]> {
	return db
		.selectFrom("report_approvals as approval")
		.where("report_id", "=", id)
		.where("round", "=", (eb) =>
			eb
				.selectFrom("mcp_server_reports")
				// Without the decision that ended the round.
				.select(
					sql<number>`decision_count - (status <> 'pending_review')::integer`.as(
						"round",
					),
				)
				.where("id", "=", id),
		)
		.select(["approved_by", "notes", "approved_at"])
		.orderBy("approval.id")
		.execute();
}

/** Returns whether a person has approved a pending report since its last decision. */
export async function hasApproved(
	db: Database,
	id: string,
	person: Person,
	plusAddresses: PlusAddresses,
): Promise<boolean> {
	return isAmong(person, await listApprovers(db, id), plusAddresses);
}

/** Lists who has approved a pending report since its last decision. */
function listApprovers(db: Database, id: string): Promise<Somebody[]> {
	return db
		.selectFrom("report_approvals")
		.where("report_id", "=", id)
		.where("round", "=", (eb) =>
			eb
				.selectFrom("mcp_server_reports")
				.select("decision_count")
				.where("id", "=", id),
		)
		.select(["approver_subject as subject", "approver_canonical as address"])
		.execute();
}

function isAmong(
	{ subject, email_canonical }: Person,
	people: readonly Somebody[],
	plusAddresses: PlusAddresses,
): boolean {
	const person = { subject, address: email_canonical };
	return people.some((other) => isSamePerson(person, other, plusAddresses));
}
