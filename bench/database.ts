import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openDatabase } from "../src/platform/postgres/database.ts";
import { startEmbedded } from "../src/platform/postgres/embedded.ts";
import { migrateDatabase } from "../src/platform/postgres/migrations.ts";
import { type SeedOptions, seedReports } from "./seed.ts";

/** A server for a run; `makeDatabase` gives seeded databases on it. */
export interface BenchServer {
	/** PostgreSQL's version, for people. */
	version: string;
	/** A new database with reports. Its URL. */
	makeDatabase(name: string, options: SeedOptions): Promise<string>;
	stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL with the service's own settings on a temporary folder,
 * or takes BENCH_DATABASE_URL's server.
 */
export async function startBenchServer(): Promise<BenchServer> {
	const folder = mkdtempSync(join(tmpdir(), "go-live-bench-"));
	// Started by root, PostgreSQL runs as another user, who must pass through.
	chmodSync(folder, 0o711);
	const given = process.env.BENCH_DATABASE_URL;
	const embedded = given
		? undefined
		: await startEmbedded({ dataDir: join(folder, "data"), isExplicit: true });
	const serverUrl = given ?? embedded?.url ?? "";
	const [row] = await ask(serverUrl, "SHOW server_version");
	const made: string[] = [];
	return {
		version: `PostgreSQL ${row?.server_version}`,
		async makeDatabase(name, options) {
			const unique = `go_live_bench_${name}_${process.pid}`;
			await ask(serverUrl, `CREATE DATABASE ${unique}`);
			made.push(unique);
			const url = new URL(serverUrl);
			url.pathname = `/${unique}`;
			const db = openDatabase(url.href, { poolSize: 1, isPatient: true });
			await migrateDatabase(db);
			await db.destroy();
			await seedReports(url.href, options);
			return url.href;
		},
		async stop() {
			for (const name of made) {
				await ask(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`);
			}
			await embedded?.stop();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** Runs one statement on a connection of its own. */
export async function ask(
	url: string,
	statement: string,
	// biome-ignore lint/suspicious/noExplicitAny: rows of any statement
): Promise<any[]> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		return (await client.query(statement)).rows;
	} finally {
		await client.end();
	}
}
