import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AuditEntry, AuditFilter } from "../features/audit/schema.ts";
import type { Database } from "../platform/postgres/database.ts";
import { readEntries, readHead } from "./queries.ts";
import { canonicalRow } from "./rules.ts";

/** Rows read per query. */
const BATCH = 1000;

/**
 * Writes the audit log as NDJSON, oldest first: each line is a row's canonical JSON with its hash,
 * so it can be verified by itself. Addresses stored beside rows are not exported, since they are
 * erased in time; the line holds their hash.
 *
 * @param output is not closed; backpressure is respected
 * @param range start (inclusive) and end (exclusive) of the time range
 */
export async function exportLog(
	db: Database,
	output: Writable,
	range: Pick<AuditFilter, "since" | "until"> = {},
): Promise<void> {
	const lines = Readable.from(linesOf(db, range), { objectMode: true });
	try {
		await pipeline(lines, output, { end: false });
	} catch (error) {
		// The reader has closed the pipe, as `head` does.
		if ((error as { code?: string }).code !== "EPIPE") throw error;
	}
}

async function* linesOf(
	db: Database,
	range: Pick<AuditFilter, "since" | "until">,
): AsyncGenerator<string> {
	const { seq: end } = (await readHead(db)) ?? { seq: 0 };
	for (let from = 1; from <= end; from += BATCH) {
		const to = Math.min(from + BATCH - 1, end);
		const read = await readEntries(db, from, to, range);
		if (read.length > 0) {
			yield read.map(({ entry }) => lineOf(entry)).join("");
		}
	}
}

/** Some programs treat U+2028 and U+2029 as the end of a line. */
function lineOf(entry: AuditEntry): string {
	const json = canonicalRow(entry).replaceAll(
		/[\u2028\u2029]/g,
		(character) => `\\u${character.charCodeAt(0).toString(16)}`,
	);
	return `${json}\n`;
}
