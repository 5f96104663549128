import type { CompiledQuery } from "kysely";
import type pg from "pg";
import { expect } from "vitest";
import type { Database } from "../../src/platform/postgres/database.ts";

/**
 * Creates a database that records every query sent to it.
 *
 * @param issued where they are recorded
 */
export function recordQueries(
	plain: Database,
	issued: CompiledQuery[],
): Database {
	const built = new WeakMap<object, CompiledQuery>();
	const db = plain.withPlugin({
		transformQuery({ node, queryId }) {
			built.set(queryId, plain.getExecutor().compileQuery(node, queryId));
			return node;
		},
		// Parts of a query are built, too, but only the whole is answered.
		async transformResult({ result, queryId }) {
			const query = built.get(queryId);
			if (query) issued.push(query);
			return result;
		},
	});
	// Prepared statements are not built again.
	const { executeQuery } = db;
	db.executeQuery = (query, ...rest) => {
		issued.push(query as CompiledQuery);
		return executeQuery.call(db, query, ...rest) as never;
	};
	return db;
}

interface PlanNode {
	"Node Type": string;
	"Actual Rows": number;
	"Actual Loops": number;
	"Rows Removed by Filter"?: number;
	"Rows Removed by Index Recheck"?: number;
	"Relation Name"?: string;
	Output?: string[];
	Plans?: PlanNode[];
}

/**
 * Fails the test unless a query reads its tables by indexes, reads little of
 * them, and reads no report's text.
 *
 * @param most rows that one scan may read
 */
export async function expectIndexScans(
	pool: pg.Pool,
	query: CompiledQuery,
	most: number,
): Promise<void> {
	const nodes = await planOf(pool, query);
	const scans = nodes.filter(
		(node) => / Scan$/.test(node["Node Type"]) && node["Relation Name"],
	);
	expect(scans.length).toBeGreaterThan(0);
	// A scan passes on its rows unchanged; the nodes above show which columns are read.
	for (const node of nodes.filter((node) => !scans.includes(node))) {
		expect(node.Output?.join() ?? "").not.toContain("report_data");
	}
	for (const scan of scans) {
		expect(scan["Node Type"], JSON.stringify(scan)).toMatch(
			/^(Index|Index Only|Bitmap Heap) Scan$/,
		);
		const read =
			(scan["Actual Rows"] +
				(scan["Rows Removed by Filter"] ?? 0) +
				(scan["Rows Removed by Index Recheck"] ?? 0)) *
			scan["Actual Loops"];
		expect(read, JSON.stringify(scan)).toBeLessThanOrEqual(most);
	}
}

async function planOf(
	pool: pg.Pool,
	query: CompiledQuery,
): Promise<PlanNode[]> {
	const { rows } = await pool.query(
		`explain (analyze, verbose, format json) ${query.sql}`,
		[...query.parameters],
	);
	const flatten = (node: PlanNode): PlanNode[] => [
		node,
		...(node.Plans ?? []).flatMap(flatten),
	];
	return flatten(rows[0]["QUERY PLAN"][0].Plan);
}
