import { type Kysely, sql } from "kysely";
import { canonicalAddress } from "../../core/canonical-address.ts";
import { applyRekeying, describeClashes, planRekeying } from "./rekey.ts";

/** The part of a migration that requires TypeScript. */
export type MigrationStep = (tx: Kysely<unknown>) => Promise<void>;

/**
 * Steps by the name of their migration; each runs after the SQL, in the same transaction.
 */
export const migrationSteps: Readonly<Record<string, MigrationStep>> = {
	"0009_persons": canonicaliseAddresses,
	"0013_canonical_keys": canonicaliseRepositories,
};

/** Gives every report its repository's key; fails if two live reports would share one. */
async function canonicaliseRepositories(tx: Kysely<unknown>): Promise<void> {
	const plan = await planRekeying(tx);
	if (plan.clashes.length > 0) throw new Error(describeClashes(plan.clashes));
	await applyRekeying(tx, plan);
}

/** Stores the canonical form of every existing address; invalid addresses get none. */
async function canonicaliseAddresses(tx: Kysely<unknown>): Promise<void> {
	await canonicalise(tx, "people", "email", "email_canonical");
	await canonicalise(
		tx,
		"report_approvals",
		"approved_by",
		"approver_canonical",
	);
	await canonicalise(
		tx,
		"mcp_server_reports",
		"developer_email",
		"submitter_canonical",
	);
}

async function canonicalise(
	tx: Kysely<unknown>,
	table: string,
	shown: string,
	canonical: string,
): Promise<void> {
	const { rows } = await sql<{ address: string }>`
		select distinct ${sql.ref(shown)} as address from ${sql.table(table)}`.execute(
		tx,
	);
	const known = rows.flatMap(({ address }) => {
		const form = canonicalAddress(address);
		return form === undefined ? [] : [{ address, form }];
	});
	// The columns are new, so filling them does not rewrite what was recorded.
	await sql`alter table ${sql.table(table)} disable trigger user`.execute(tx);
	await sql`
		update ${sql.table(table)} set ${sql.ref(canonical)} = known.form
		from unnest(
			${known.map(({ address }) => address)}::text[],
			${known.map(({ form }) => form)}::text[]
		) as known (address, form)
		where ${sql.ref(shown)} = known.address`.execute(tx);
	await sql`alter table ${sql.table(table)} enable trigger user`.execute(tx);
}
