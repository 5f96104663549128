import { sql } from "kysely";
import { recordEvent } from "../audit/queries.ts";
import { originOf } from "../audit/rules.ts";
import type { Config } from "../core/config.ts";
import { anybody } from "../identity/identity.ts";
import type { Database } from "../platform/postgres/database.ts";
import {
	applyRekeying,
	describeClashes,
	findStaleKey,
	planRekeying,
	type Rekeying,
} from "../platform/postgres/rekey.ts";
import type { Context } from "../procedure.ts";
import { localContext } from "./local-context.ts";
import { withStorage } from "./with-storage.ts";

/**
 * Runs the command `rekey`.
 *
 * @param options `dry-run`: only prints what would change, also for a database of an older version
 */
export async function run({
	"dry-run": isDry = false,
}: {
	"dry-run"?: boolean;
}): Promise<void> {
	const opening = { logTo: 2, mustExist: true, mayBeOlder: isDry } as const;
	await withStorage(opening, async ({ db, config, log, workers }) => {
		const context = localContext(db, config, log, workers, "command_line");
		process.stdout.write(await runRekeyCommand(context, { isDry }));
	});
}

/**
 * Gives every repository the key that its address has under the current rules and `FORGE_ALIASES`.
 *
 * @param options `isDry`: only reports what would change, for a database of any version
 * @returns a readable list of what was done, or would be done
 * @throws Error with a list when two live reports would share one server; nothing is changed then
 */
export async function runRekeyCommand(
	context: Omit<Context, "identity">,
	{ isDry }: { isDry: boolean },
): Promise<string> {
	const aliases = context.settings.FORGE_ALIASES;
	return context.db.transaction().execute(async (tx) => {
		if (!isDry) {
			// Blocks submissions and decisions meanwhile; reads continue.
			await sql`lock table mcp_server_reports, mcp_servers in share row exclusive mode`.execute(
				tx,
			);
		}
		const plan = await planRekeying(tx, { aliases });
		const changes = plan.keys.filter(({ present, key }) => present !== key);
		if (plan.clashes.length > 0) throw new Error(describeClashes(plan.clashes));
		if (isDry) return describeChanges(changes, "would get");
		if (changes.length > 0) {
			await applyRekeying(tx, plan);
			await sql`select rebuild_servers()`.execute(tx);
			await recordEvent(tx, originOf({ ...context, identity: anybody }), {
				action: "repositories_rekeyed",
				after: { addresses: String(changes.length) },
			});
		}
		return describeChanges(changes, "got");
	});
}

function describeChanges(changes: Rekeying["keys"], verb: string): string {
	const count = `${changes.length} ${changes.length === 1 ? "address" : "addresses"} ${verb} another key.`;
	const lines = changes.map(
		({ repository_url, present, key }) =>
			`${present} -> ${key}  (${repository_url})`,
	);
	return `${[...lines, count].join("\n")}\n`;
}

/**
 * Makes sure that every repository is stored under the key that its address has under the current
 * rules and `FORGE_ALIASES`; otherwise two of its reports could be live.
 *
 * @throws Error with a message that says what to do
 */
export async function refuseStaleKeys(
	db: Database,
	{ FORGE_ALIASES }: Pick<Config, "FORGE_ALIASES">,
): Promise<void> {
	const stale = await findStaleKey(db, { aliases: FORGE_ALIASES });
	if (!stale) return;
	throw new Error(
		`${stale.repository_url} is stored as ${stale.present}, but its key is ${stale.key} under the current rules and FORGE_ALIASES. Run mcp-go-live rekey once with the same settings; with --dry-run it only prints what would change.`,
	);
}
