import { TRPCError } from "@trpc/server";
import { checklist } from "../../checklist/checklist.ts";
import type { Config } from "../../core/config.ts";
import { forgesOf } from "../../core/forge-aliases.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { RunTask } from "../../platform/workers/pool.ts";
import {
	approvalsRequired,
	gravityOf,
	type Quorum,
} from "../reports/quorum.ts";
import { countToAssess, listToAssess, storeAssessment } from "./queries.ts";

/** Reports read per query: up to 2 MiB each. */
const BATCH = 20;

/**
 * Assesses stored reports again after rules have changed. It may be interrupted and restarted, and
 * may run while the service uses the same DATABASE_URL.
 *
 * @param options without `all`, only reports without an assessment or with one by another version
 * of the checklist; `onProgress` is called after every report, `onRefusal` for each report that is
 * too complex to read and keeps its previous assessment; `quorum` where people sign in
 * @returns how many reports were assessed, and how many could not be
 */
export async function reassessReports(
	db: Database,
	options: {
		all: boolean;
		runTask: RunTask;
		settings: Pick<Config, "FORGE_ALIASES">;
		onProgress(done: number, total: number): void;
		onRefusal(reportId: string, refusal: TRPCError): void;
		quorum?: Quorum;
	},
): Promise<{ count: number; refused: number }> {
	const { all, runTask, onProgress, onRefusal, quorum } = options;
	const forges = forgesOf(options.settings);
	const { version } = checklist;
	const total = await countToAssess(db, { all, version });
	let done = 0;
	let refused = 0;
	let after: string | undefined;
	for (;;) {
		const batch = await listToAssess(db, {
			all,
			version,
			limit: BATCH,
			...(after !== undefined && { after }),
		});
		for (const report of batch) {
			try {
				const assessment = await runTask("assess", report, forges);
				await storeAssessment(
					db,
					report.id,
					assessment,
					quorum
						? Math.max(
								approvalsRequired(report, quorum),
								approvalsRequired(gravityOf(assessment), quorum),
							)
						: null,
				);
			} catch (error) {
				if (!(error instanceof TRPCError)) throw error;
				onRefusal(report.id, error);
				refused += 1;
			}
			done += 1;
			// A report may have been submitted in the meantime.
			onProgress(done, Math.max(done, total));
		}
		after = batch.at(-1)?.id;
		if (after === undefined) return { count: done - refused, refused };
	}
}
