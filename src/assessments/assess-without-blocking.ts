import type { Piscina } from "piscina";
import type { Assessment } from "../checklist/assessment-schema.ts";
import { openThreads } from "../open-threads.ts";
import { assess } from "./rules.ts";

/**
 * Characters above which a report is assessed on a thread of its own. Measured:
 * 64 KiB take 5 to 15 ms, for which everybody else may wait; 1 MiB takes a
 * quarter of a second.
 */
const LARGE = 64 * 1024;

/**
 * Assesses a report as `assess` does; a large one while the service answers
 * others.
 */
export async function assessWithoutBlocking(
	report: Parameters<typeof assess>[0],
): Promise<Assessment> {
	if (report.report_data.length < LARGE) return assess(report);
	threads ??= openThreads(import.meta.url, {
		// Without limits a thread keeps what it once took. The hungriest text of 1 MiB takes under 256.
		resourceLimits: {
			maxOldGenerationSizeMb: 384,
			maxYoungGenerationSizeMb: 32,
		},
	});
	const { server_name, repository_url, developer_email } = report;
	const { report_data, report_json } = report;
	return threads.run({
		report_data,
		report_json,
		server_name,
		repository_url,
		developer_email,
	});
}

/** They end with the process: nothing needs closing. */
let threads: Piscina | undefined;
