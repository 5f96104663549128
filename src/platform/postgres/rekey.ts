import { type Expression, type Kysely, sql } from "kysely";
import {
	type RepositoryOptions,
	repositoryKey,
} from "../../core/repository.ts";
import type { Tables } from "./tables.ts";

/** A database of this version or an older one. */
type AnyVersion = Kysely<unknown> | Kysely<Tables>;

/** The result of applying the current rules to the addresses of all reports. */
export interface Rekeying {
	/** Addresses, each with its current and its new key. */
	keys: {
		repository_url: string;
		repository_key: string;
		present: string;
		key: string;
	}[];
	/** Live reports that would share one server, which may have only one. */
	clashes: Clash[];
}

/** Live reports for one server, the one to keep first. */
export interface Clash {
	key: string;
	reports: LiveReport[];
}

interface LiveReport {
	id: string;
	status: "pending_review" | "approved";
	revision: number;
	repository_url: string;
	repository_key: string;
	present: string;
	submitted_at: string;
	/** The key by which folders are compared; empty for none. */
	subfolder_key: string;
}

/**
 * Determines what would change if every repository had the key that its address has under the
 * current rules. An address that the rules refuse keeps its key, except for the name of its host.
 *
 * @param tx of any version of the database, even one without these keys
 */
export async function planRekeying(
	tx: AnyVersion,
	options: RepositoryOptions = {},
): Promise<Rekeying> {
	const hasKeys = await hasCanonicalKeys(tx);
	const present = hasKeys
		? // In the migration that adds it, the column is still empty.
			sql`coalesce(canonical_key, repository_key)`
		: sql.ref("repository_key");
	const folder = hasKeys ? sql.ref("subfolder_key") : sql.lit("");
	const { rows: live } = await sql<LiveReport>`
		select id, status, revision, repository_url, repository_key,
			${present} as present, submitted_at, ${folder} as subfolder_key
		from mcp_server_reports
		where status in ('pending_review', 'approved')
		order by status = 'approved' desc, submitted_at desc, id`.execute(tx);
	const servers = Map.groupBy(
		live,
		(report) => `${keyOf(report, options)}\n${report.subfolder_key}`,
	);
	return {
		keys: await listKeys(tx, present, options),
		clashes: [...servers]
			.filter(([, reports]) => reports.length > 1)
			.map(([server, reports]) => ({
				key: server.trimEnd().replace("\n", " in "),
				reports,
			})),
	};
}

/**
 * Finds a server stored under another key than the one that its newest report's address has under
 * the current rules. Its older addresses are not checked, since this runs at every start of the
 * service.
 *
 * @param db of this version
 */
export async function findStaleKey(
	db: Kysely<Tables>,
	options: RepositoryOptions,
): Promise<Rekeying["keys"][number] | undefined> {
	const addresses = await db
		.selectFrom("mcp_servers as server")
		.innerJoin(
			"mcp_server_reports as report",
			"report.id",
			"server.newest_report_id",
		)
		.select([
			"report.repository_url",
			"report.repository_key",
			"server.canonical_key as present",
		])
		.execute();
	return addresses
		.map((address) => ({ ...address, key: keyOf(address, options) }))
		.find(({ present, key }) => present !== key);
}

/** Lists all addresses of reports, each with its keys. */
async function listKeys(
	tx: AnyVersion,
	present: Expression<unknown>,
	options: RepositoryOptions,
): Promise<Rekeying["keys"]> {
	const { rows } = await sql<Omit<Rekeying["keys"][number], "key">>`
		select distinct repository_url, repository_key, ${present} as present
		from mcp_server_reports
		order by repository_url, repository_key, present`.execute(tx);
	return rows.map((address) => ({ ...address, key: keyOf(address, options) }));
}

function keyOf(
	{ repository_url, present }: { repository_url: string; present: string },
	options: RepositoryOptions,
): string {
	const key = repositoryKey(repository_url, options);
	if (key !== undefined) return key;
	const [host = "", ...path] = present.split("/");
	return [options.aliases?.get(host) ?? host, ...path].join("/");
}

/**
 * Gives every report the key planned for its address.
 *
 * @param tx a transaction; the caller updates what depends on the keys, such as `mcp_servers`
 */
export async function applyRekeying(
	tx: AnyVersion,
	{ keys }: Pick<Rekeying, "keys">,
): Promise<void> {
	// The columns are new or derived, so what was submitted does not change.
	await sql`alter table mcp_server_reports disable trigger user`.execute(tx);
	await sql`
		update mcp_server_reports as report set canonical_key = known.key
		from unnest(
			${keys.map(({ repository_url }) => repository_url)}::text[],
			${keys.map(({ repository_key }) => repository_key)}::text[],
			${keys.map(({ present }) => present)}::text[],
			${keys.map(({ key }) => key)}::text[]
		) as known (repository_url, repository_key, present, key)
		where report.repository_url = known.repository_url
			and report.repository_key = known.repository_key
			and coalesce(report.canonical_key, report.repository_key) = known.present
			and report.canonical_key is distinct from known.key`.execute(tx);
	await sql`alter table mcp_server_reports enable trigger user`.execute(tx);
}

/** Describes which live reports conflict, and how to resolve each conflict. */
export function describeClashes(clashes: Clash[]): string {
	return [
		`${clashes.length === 1 ? "One server has" : `${clashes.length} servers have`} more than one live report, under several spellings of one repository. Keep one of each, and reject or withdraw the others with the previous version of the service: on their pages, or with the commands below. Then try again; mcp-go-live rekey --dry-run shows whether all are settled, and changes nothing.`,
		...clashes.map(({ key, reports: [kept, ...others] }) =>
			[
				`\n${key}`,
				kept && `  keep   ${describe(kept)}`,
				...others.map((report) => `  settle ${describe(report)}`),
				...others.flatMap(settle),
			].join("\n"),
		),
	].join("\n");
}

function describe(report: LiveReport): string {
	const { id, status, revision, repository_url, submitted_at } = report;
	return `${id}  ${status}, revision ${revision}, ${submitted_at}, ${repository_url}`;
}

/** Lists the steps that settle a report: an approved one is reopened before it is rejected. */
function settle({ id, status }: LiveReport): string[] {
	const steps =
		status === "approved" ? ["pending_review", "rejected"] : ["rejected"];
	return steps.map((step) => {
		const decision = {
			status: step,
			reviewed_by: "you@example.com",
			review_notes: "Another report of this repository is live.",
		};
		return `    curl -X PATCH "$GO_LIVE_URL/api/v1/reports/${id}/status" -H 'content-type: application/json' -d '${JSON.stringify(decision)}'`;
	});
}

async function hasCanonicalKeys(db: AnyVersion): Promise<boolean> {
	const { rows } = await sql<{ isThere: boolean }>`
		select exists (
			select from pg_attribute
			where attrelid = 'mcp_server_reports'::regclass
				and attname = 'canonical_key' and not attisdropped
		) as "isThere"`.execute(db);
	return rows[0]?.isThere === true;
}
