import { type Expression, type SqlBool, sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import { prepareStatement } from "../../platform/postgres/prepared.ts";
import { choosePiece } from "./rules.ts";

/** One way to find the reports that contain a text. */
export interface Finding {
	/** The text, in lower case like search_text. */
	text: string;
	/**
	 * The piece to look up in the index. Without it, reports are read in order until there are
	 * enough.
	 */
	piece?: string;
	/** Maximum number of reports read in order; those after them are not found. */
	within?: number;
}

/** Number of reports sampled to estimate how common a text is: by id, which is random. */
const SAMPLE_SIZE = 200;

/** Hits in the sample from which a page is probably full before a hundred pages are read. */
const OFTEN = 4;

/**
 * Hits in the sample from which reading in order is faster than finding and sorting, wherever they
 * are.
 */
const MOSTLY = 20;

/**
 * Returns the ways to find the reports that contain a text, fastest first. PostgreSQL knows too
 * little about texts to choose between reading in order, which is fast for common texts and reads
 * all reports for rare ones, and the index, for which the opposite holds.
 *
 * @param rows how many are wanted
 * @returns the ways to try until one yields all the rows; the last one always finds everything
 */
export async function waysToFind(
	db: Database,
	search: string,
	rows: number,
): Promise<[Finding, ...Finding[]]> {
	const [sampled] = await sampleStatement(db, { search });
	if (!sampled) throw new Error("a select without a table has one row");
	const { text, sample } = sampled;
	const hits = sample.filter((held) => held.includes(text)).length;
	const piece = choosePiece(text, sample);
	if (piece === undefined || hits >= MOSTLY) return [{ text }];
	if (hits < OFTEN) return [{ text, piece }];
	return [
		{ text, within: rows * 100 },
		{ text, piece },
	];
}

const sampleStatement = prepareStatement<
	{ search: string },
	{ text: string; sample: string[] }
>((db, value) =>
	db.selectNoFrom((eb) => [
		// In lower case, like the column.
		sql<string>`lower(${value("search")}::text collate "und-x-icu")`.as("text"),
		eb
			.selectFrom(
				eb
					.selectFrom("mcp_server_reports")
					.select("search_text")
					.orderBy("id")
					.limit(sql.lit(SAMPLE_SIZE))
					.as("some"),
			)
			.select(sql<string[]>`coalesce(json_agg(search_text), '[]')`.as("texts"))
			.as("sample"),
	]),
);

/**
 * Reads the rows that contain a text, if one is given, in the first way that yields a complete
 * result.
 *
 * @param rows how many are wanted
 * @param isComplete whether another way cannot find more
 */
export async function readFound<Found>(
	db: Database,
	search: string | undefined,
	rows: number,
	read: (finding?: Finding) => Promise<Found>,
	isComplete: (found: Found) => boolean,
): Promise<Found> {
	if (!search) return read();
	const [quickest, ...others] = await waysToFind(db, search, rows);
	let found = await read(quickest);
	for (const way of others) {
		if (isComplete(found)) break;
		found = await read(way);
	}
	return found;
}

/** The condition that a report's search_text contains a text. */
export function holdsText({ text, piece }: Finding): Expression<SqlBool> {
	// No index supports this condition; the one below does.
	const holds = sql<boolean>`strpos(search_text, ${text}) > 0`;
	if (piece === undefined) return holds;
	const pattern = `%${piece.replaceAll(/[\\%_]/g, "\\$&")}%`;
	return sql<boolean>`(search_text like ${pattern} and ${holds})`;
}
