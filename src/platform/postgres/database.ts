import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { openPool, type PoolOptions } from "./pool.ts";
import type { Tables } from "./tables.ts";

/** A database or a transaction on it: queries take either as their first argument. */
export type Database = Kysely<Tables>;

/**
 * Opens a database. Nothing is connected before the first query.
 *
 * @param url `postgresql://…`
 * @returns the database; `destroy()` closes it
 */
export function openDatabase(url: string, options: PoolOptions): Database {
	const dialect = new PostgresDialect({ pool: openPool(url, options) });
	return new Kysely<Tables>({ dialect });
}

/** SQLSTATE unique_violation. */
const UNIQUE_VIOLATION = "23505";

/** Returns whether an error is the violation of this unique constraint or index. */
export function violates(error: unknown, constraint: string): boolean {
	return (
		error instanceof pg.DatabaseError &&
		error.code === UNIQUE_VIOLATION &&
		error.constraint === constraint
	);
}
