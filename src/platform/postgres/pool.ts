import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";

/** Options of the connection pool. */
export interface PoolOptions {
	/** Maximum number of connections. */
	poolSize: number;
	/** Called when an idle connection breaks, which must not end the process. */
	onLost?: (error: Error) => void;
	/** Whether statements may run without a time limit: for migrations. */
	isPatient?: boolean;
}

/** Milliseconds after which PostgreSQL itself cancels a statement, and rolls it back. */
const STATEMENT_TIMEOUT = 10_000;

/** Milliseconds after which a server that did not even do that counts as gone. */
const ANSWER_TIMEOUT = 12_000;

/**
 * Opens a pool of connections, for Kysely. It connects at the first query.
 *
 * @param url `postgresql://…`
 */
export function openPool(url: string, options: PoolOptions): PostgresPool {
	const pool = new pg.Pool({
		connectionString: url,
		max: options.poolSize,
		connectionTimeoutMillis: 5_000,
		keepAlive: true,
		application_name: "mcp-go-live",
		types: { getTypeParser: typeParser },
		async onConnect(client) {
			// An error of a connection in use without a running query would otherwise end the process;
			// its next query reports what happened.
			client.on("error", () => {});
			const timeout = options.isPatient ? 0 : STATEMENT_TIMEOUT;
			// Not as startup parameters, which connection poolers refuse. PostgreSQL computes months and
			// days in the session's time zone, by default its machine's.
			await client.query(
				`SET statement_timeout = ${timeout}; SET timezone = 'UTC'; SET datestyle = 'ISO'`,
			);
		},
	});
	pool.on("error", (error) => options.onLost?.(error));
	return discardSilent(pool, options);
}

/**
 * Wraps the pool so that a connection that did not answer is closed and not used again: behind a
 * network that drops packets it would block one request after the other, long after the database is
 * back.
 */
function discardSilent(pool: pg.Pool, options: PoolOptions): PostgresPool {
	// One for each connection: Kysely caches the objects it is given.
	const guarded = new WeakMap<pg.PoolClient, PostgresPoolClient>();
	return {
		options: pool.options,
		end: () => pool.end(),
		async connect() {
			const client = await pool.connect();
			const known = guarded.get(client);
			if (known) return known;
			const added = guardClient(client, options);
			guarded.set(client, added);
			return added;
		},
	};
}

function guardClient(
	client: pg.PoolClient,
	{ isPatient = false }: PoolOptions,
): PostgresPoolClient {
	let isSilent = false;
	let giveUp = () => {};
	// One timer for all queries, and callbacks: with a timer or a promise of pg's own for each, query
	// results would survive several garbage collections.
	const timer = setTimeout(() => giveUp(), ANSWER_TIMEOUT).unref();
	return {
		// biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature, for queries and cursors
		query(text: any, values?: any): any {
			const name = names.get(text);
			return new Promise((resolve, reject) => {
				if (!isPatient) {
					giveUp = () => {
						isSilent = true;
						reject(new Error("Query read timeout"));
					};
					timer.refresh();
				}
				client.query(
					{ name, text, values },
					(error: Error, result: pg.QueryResult) => {
						giveUp = () => {};
						if (error) reject(error);
						else resolve(result);
					},
				);
			});
		},
		release: (destroy) => client.release(destroy || isSilent),
	};
}

const names = new Map<string, string>();

/**
 * Keeps a statement parsed and planned on every connection, under a name. Only for statements whose
 * plan is right for all values: after some runs PostgreSQL plans without looking at them.
 */
export function keepPrepared(text: string): void {
	if (!names.has(text)) names.set(text, `go_live_${names.size + 1}`);
}

/**
 * Reads `timestamptz` as ISO 8601 with all its microseconds, which `Date` would lose. Every session
 * writes it in UTC: see `onConnect`.
 */
function typeParser(oid: number, format?: "text" | "binary") {
	if (oid === pg.types.builtins.TIMESTAMPTZ) return isoTime;
	return pg.types.getTypeParser(oid, format as "text");
}

function isoTime(text: string): string {
	return `${text.replace(" ", "T").slice(0, -"+00".length)}Z`;
}
