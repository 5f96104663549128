import { sql } from "kysely";
import type { PlusAddresses } from "../canonical-address.ts";
import type { Database } from "../database.ts";
import type { Person } from "../identity.ts";
import { standingColumns } from "../reports/queries.ts";
import type { StandingReport } from "../reports/rules.ts";
import type { Report } from "../reports/schema.ts";
import { countPeople, isSamePerson, type Somebody } from "./rules.ts";
import type { Approvals } from "./schema.ts";

/** A report that is about to be approved. */
export type CandidateReport = StandingReport &
	Pick<Report, "trifecta" | "critical_failures"> & {
		repository_key: string;
		/** Which round of approvals this is: decisions that there have been. */
		round: number;
	};

/** Reads a report for its approval; nobody else changes it before the transaction ends. */
export async function lockCandidate(
	tx: Database,
	id: string,
): Promise<CandidateReport | undefined> {
	// Two statements: what a sub-select counts may be older than the lock.
	const report = await tx
		.selectFrom("mcp_server_reports")
		.select([...standingColumns, "trifecta", "critical_failures"])
		.where("id", "=", id)
		.forUpdate()
		.executeTakeFirst();
	if (!report) return undefined;
	const { round } = await roundOf(tx, id).executeTakeFirstOrThrow();
	return { ...report, round };
}

/** Whether somebody ever submitted a report for this repository, or owns one of it. */
export async function hasSubmitted(
	db: Database,
	person: Person,
	repositoryKey: string,
	plusAddresses: PlusAddresses,
): Promise<boolean> {
	const submitters = await db
		.selectFrom("mcp_server_reports")
		.select([
			"submitter_canonical as address",
			// An issuer and its "sub", as people are known.
			sql<string | null>`owner_issuer || ' ' || owner_sub`.as("subject"),
		])
		.distinct()
		.where("repository_key", "=", repositoryKey)
		.execute();
	return isAmong(person, submitters, plusAddresses);
}

/**
 * Appends an approval.
 *
 * @returns how many there are in this round now; `undefined` when this reviewer
 *   has approved in it before
 */
export async function appendApproval(
	tx: Database,
	{ id, round }: Pick<CandidateReport, "id" | "round">,
	reviewer: Person,
	notes: string | null,
	plusAddresses: PlusAddresses,
): Promise<number | undefined> {
	// The constraint knows subjects alone; nobody else approves before the transaction ends.
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
	// Counted anew: two that were two people once may be known as one by now.
	const approvals = countPeople(before, plusAddresses) + 1;
	await tx
		.updateTable("mcp_server_reports")
		.set({ approvals })
		.where("id", "=", id)
		.execute();
	return approvals;
}

/** The approvals of a pending report since its last decision, of a decided one before it; oldest first. */
export async function listApprovals(
	db: Database,
	id: string,
): Promise<Approvals["recorded"]> {
	return db
		.selectFrom("report_approvals as approval")
		.where("report_id", "=", id)
		.where("round", "=", (eb) =>
			eb(
				roundOf(db, id),
				"-",
				eb
					.selectFrom("mcp_server_reports")
					// The decision that ended the round.
					.select(sql<number>`(status <> 'pending_review')::integer`.as("one"))
					.where("id", "=", id),
			),
		)
		.select(["approved_by", "notes", "approved_at"])
		.orderBy("approval.id")
		.execute();
}

/** Whether somebody has approved a pending report since its last decision. */
export async function hasApproved(
	db: Database,
	id: string,
	person: Person,
	plusAddresses: PlusAddresses,
): Promise<boolean> {
	return isAmong(person, await listApprovers(db, id), plusAddresses);
}

/** Who has approved a pending report since its last decision. */
function listApprovers(db: Database, id: string): Promise<Somebody[]> {
	return db
		.selectFrom("report_approvals")
		.where("report_id", "=", id)
		.where("round", "=", roundOf(db, id))
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

/** How many decisions there have been about a report. */
function roundOf(db: Database, id: string) {
	return db
		.selectFrom("report_decisions")
		.select(sql<number>`count(*)::integer`.as("round"))
		.where("report_id", "=", id);
}
