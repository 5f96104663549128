import type { PostgresPool } from "kysely";
import pg from "pg";

/** How connections to the database are kept. */
export interface PoolOptions {
	/** Connections at the most. */
	poolSize: number;
	/** Hears of idle connections that broke, which must not end the process. */
	onLost?: (error: Error) => void;
	/** No limit on how long a statement may take: for migrations. */
	isPatient?: boolean;
}

/** Milliseconds after which PostgreSQL itself gives up a statement, and undoes it. */
const STATEMENT_TIMEOUT = 10_000;

/** Milliseconds after which a server that did not even do that counts as gone. */
const ANSWER_TIMEOUT = 12_000;

/**
 * Opens a pool of connections, for Kysely. Nothing is connected before the
 * first query.
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
		...(!options.isPatient && { query_timeout: ANSWER_TIMEOUT }),
		async onConnect(client) {
			// A connection that breaks while it is in use but runs no query would end
			// the process; its next query says what happened.
			client.on("error", () => {});
			const timeout = options.isPatient ? 0 : STATEMENT_TIMEOUT;
			// Not as a startup parameter, which connection poolers refuse.
			await client.query(`SET statement_timeout = ${timeout}`);
		},
	});
	pool.on("error", (error) => options.onLost?.(error));
	return discardSilent(pool);
}

/**
 * The same pool, except that a connection which did not answer is closed and
 * not used again: behind a network that swallows packets it would hold up one
 * request after the other, long after the database is back.
 */
function discardSilent(pool: pg.Pool): PostgresPool {
	return {
		options: pool.options,
		end: () => pool.end(),
		async connect() {
			const client = await pool.connect();
			let isSilent = false;
			return {
				// biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature, for queries and cursors
				query(text: any, values?: any): any {
					const name = names.get(text);
					const query = name
						? client.query({ name, text, values })
						: client.query(text, values);
					return query.catch((error: Error) => {
						isSilent = error.message === "Query read timeout";
						throw error;
					});
				},
				release: (destroy) => client.release(destroy || isSilent),
			};
		},
	};
}

const names = new Map<string, string>();

/**
 * Has every connection keep this statement parsed and planned, under a name.
 * Only for one whose plan is right whatever its values: after some runs
 * PostgreSQL plans it without looking at them.
 */
export function keepPrepared(text: string): void {
	if (!names.has(text)) names.set(text, `go_live_${names.size + 1}`);
}

/** `timestamptz` leaves as ISO 8601 in UTC with all its microseconds, which `Date` would lose. */
function typeParser(oid: number, format?: "text" | "binary") {
	if (oid === pg.types.builtins.TIMESTAMPTZ) return isoTime;
	return pg.types.getTypeParser(oid, format as "text");
}

function isoTime(text: string): string {
	return text.endsWith("+00")
		? `${text.slice(0, -3).replace(" ", "T")}Z`
		: new Date(text).toISOString();
}
