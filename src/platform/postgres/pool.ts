import type { PostgresPool, PostgresPoolClient } from "kysely";
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
		async onConnect(client) {
			// A connection that breaks while it is in use but runs no query would end
			// the process; its next query says what happened.
			client.on("error", () => {});
			const timeout = options.isPatient ? 0 : STATEMENT_TIMEOUT;
			// Not as startup parameters, which connection poolers refuse. Of months and
			// days PostgreSQL thinks in the session's zone, which is else its machine's.
			await client.query(
				`SET statement_timeout = ${timeout}; SET timezone = 'UTC'; SET datestyle = 'ISO'`,
			);
		},
	});
	pool.on("error", (error) => options.onLost?.(error));
	return discardSilent(pool, options);
}

/**
 * The same pool, except that a connection which did not answer is closed and
 * not used again: behind a network that swallows packets it would hold up one
 * request after the other, long after the database is back.
 */
function discardSilent(pool: pg.Pool, options: PoolOptions): PostgresPool {
	// One for each connection: Kysely remembers whatever it is handed.
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
	// One timer for all queries, and callbacks: with a timer or a promise of pg's
	// own for each, what was read outlives one collection of garbage after the other.
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
 * Has every connection keep this statement parsed and planned, under a name.
 * Only for one whose plan is right whatever its values: after some runs
 * PostgreSQL plans it without looking at them.
 */
export function keepPrepared(text: string): void {
	if (!names.has(text)) names.set(text, `go_live_${names.size + 1}`);
}

/**
 * `timestamptz` leaves as ISO 8601 with all its microseconds, which `Date` would
 * lose. Every session writes it in UTC: see `onConnect`.
 */
function typeParser(oid: number, format?: "text" | "binary") {
	if (oid === pg.types.builtins.TIMESTAMPTZ) return isoTime;
	return pg.types.getTypeParser(oid, format as "text");
}

function isoTime(text: string): string {
	return `${text.replace(" ", "T").slice(0, -"+00".length)}Z`;
}
