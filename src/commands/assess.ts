import { reassessReports } from "../features/assessments/reassess.ts";
import { showProgress, withStorage } from "./with-storage.ts";

/**
 * Assesses stored reports; exits with 1 when some could not be assessed.
 *
 * @param options `all`: every report, not only those that this checklist version has not assessed
 * yet
 */
export async function run({ all = false }: { all?: boolean }): Promise<void> {
	await withStorage(
		{ mustExist: true },
		async ({ db, config, log, workers }) => {
			const { count, refused } = await reassessReports(db, {
				all,
				runTask: workers.runnerFor("local"),
				settings: config,
				onProgress: showProgress,
				onRefusal: (report_id, { message }) =>
					log.warn({ report_id, reason: message }, "report not assessed"),
				...(config.AUTH === "oidc" && { quorum: config }),
			});
			log.info({ count, refused }, "reports assessed");
			if (refused > 0) process.exitCode = 1;
		},
	);
}
