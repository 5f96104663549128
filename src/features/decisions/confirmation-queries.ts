import { sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import type { ReportStatus } from "../reports/schema.ts";
import type { Confirmation } from "./confirmation-schema.ts";

/** An approval to be confirmed, as it is stored. */
export interface NewConfirmation {
	token_sha256: string;
	report_id: string;
	status: ReportStatus;
	notes: string | null;
	requested_by_subject: string;
	client: string | null;
}

/**
 * Locks the requester until this transaction ends, so that concurrent requests cannot make more
 * links than may be open.
 *
 * @returns how many are open, and the seconds until the first one expires
 */
export async function lockRequester(
	tx: Database,
	subject: string,
): Promise<{ open: number; seconds: number }> {
	await tx
		.selectFrom("people")
		.where("subject", "=", subject)
		.select("subject")
		.forNoKeyUpdate()
		.execute();
	return tx
		.selectFrom("decision_confirmations")
		.where("requested_by_subject", "=", subject)
		.where("used_at", "is", null)
		.where("expires_at", ">", sql<string>`now()`)
		.select([
			sql<number>`count(*)::integer`.as("open"),
			sql<number>`coalesce(ceil(extract(epoch from min(expires_at) - now())), 0)::integer`.as(
				"seconds",
			),
		])
		.executeTakeFirstOrThrow();
}

/**
 * Stores an approval to be confirmed.
 *
 * @returns when it expires
 */
export async function insertConfirmation(
	db: Database,
	confirmation: NewConfirmation,
	lifetimeMinutes: number,
): Promise<string> {
	const { expires_at } = await db
		// Links that expired a day ago: until then, people are told that they have expired.
		.with("swept", (tx) =>
			tx
				.deleteFrom("decision_confirmations")
				.where("expires_at", "<", sql<string>`now() - interval '1 day'`),
		)
		.insertInto("decision_confirmations")
		.values({
			...confirmation,
			expires_at: sql<string>`now() + make_interval(mins => ${lifetimeMinutes})`,
		})
		.returning("expires_at")
		.executeTakeFirstOrThrow();
	return expires_at;
}

/** Finds a confirmation and its requester; `undefined` when no link has this secret. */
export async function findConfirmation(
	db: Database,
	tokenSha256: string,
): Promise<
	| (Omit<Confirmation, "reviewed_by"> & { requested_by_subject: string })
	| undefined
> {
	return db
		.selectFrom("decision_confirmations as confirmation")
		.innerJoin("mcp_server_reports as report", "report.id", "report_id")
		.where("token_sha256", "=", tokenSha256)
		.select([
			"report_id",
			"notes as review_notes",
			"client",
			"requested_at",
			"expires_at",
			"used_at",
			"requested_by_subject",
		])
		.select((eb) =>
			eb
				.case()
				.when("used_at", "is not", null)
				.then("used")
				.when("expires_at", "<=", sql<string>`now()`)
				.then("expired")
				.when(
					eb.or([
						eb("report.status", "!=", "pending_review"),
						// Rejected and reopened: pending again, but in another round.
						eb.exists(
							eb
								.selectFrom("report_decisions as decision")
								.whereRef("decision.report_id", "=", "report.id")
								.whereRef("decided_at", ">", "requested_at"),
						),
					]),
				)
				.then("outdated")
				.else("open")
				.end()
				.$castTo<Confirmation["state"]>()
				.as("state"),
		)
		.executeTakeFirst();
}

/** Marks a confirmation as used. */
export async function markConfirmationUsed(
	tx: Database,
	tokenSha256: string,
): Promise<void> {
	await tx
		.updateTable("decision_confirmations")
		.set({ used_at: sql<string>`now()` })
		.where("token_sha256", "=", tokenSha256)
		.execute();
}
