import { type Expression, type SqlBool, sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import { prepareStatement } from "../../platform/postgres/prepared.ts";
import { choosePiece } from "./rules.ts";

/** One way to find the reports that hold a text. */
export interface Finding {
	/** The text, in small letters as search_text is. */
	text: string;
	/** What the index is asked for. Without it reports are read in their order, until there are enough. */
	piece?: string;
	/** How many are read in their order, at the most; what is behind them is not found. */
	within?: number;
}

/** Reports that are looked at to know how common a text is: by id, which is by chance. */
const SAMPLE_SIZE = 200;

/** Of the sample: from here on a page is probably full before a hundred pages are read. */
const OFTEN = 4;

/** Of the sample: from here on reading in order beats finding and sorting, wherever they are. */
const MOSTLY = 20;

/**
 * How to find the reports that hold a text, the quickest way first. PostgreSQL
 * knows too little about texts to choose between reading in order, which is at
 * once done for what is common and takes all reports for what is rare, and the
 * index, with which it is the other way round.
 *
 * @param rows as many as are wanted
 * @returns the ways to try until one gives all the rows; the last one always finds
 *   what there is
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
		// In small letters as the column's are.
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
 * Reads what holds a text, if one is looked for, in the first way that is complete.
 *
 * @param rows as many as are wanted
 * @param isComplete whether more cannot be found another way
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

/** The condition that a report's search_text holds a text. */
export function holdsText({ text, piece }: Finding): Expression<SqlBool> {
	// No index knows of this condition: what is asked of one is said below.
	const holds = sql<boolean>`strpos(search_text, ${text}) > 0`;
	if (piece === undefined) return holds;
	const pattern = `%${piece.replaceAll(/[\\%_]/g, "\\$&")}%`;
	return sql<boolean>`(search_text like ${pattern} and ${holds})`;
}
