import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../../src/platform/postgres/database.ts";
import { startEmbedded } from "../../src/platform/postgres/embedded.ts";
import { migrateDatabase } from "../../src/platform/postgres/migrations.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** A PostgreSQL server on which the tests may create databases. */
		serverUrl: string;
		/** The migrated, empty database that every test database is copied from. */
		templateName: string;
		/** Whether everything is repeated as often as it can be: `npm run test:long`. */
		isLong: boolean;
	}
}

/**
 * Provides one PostgreSQL for the whole run: `TEST_DATABASE_URL`, or one
 * started for it. It contains a migrated template, which each test file copies.
 */
export default async function setup(project: TestProject) {
	const dataDir = join(tmpdir(), `go-live-test-${process.pid}`);
	const given = process.env.TEST_DATABASE_URL;
	const embedded = given
		? undefined
		: await startEmbedded({
				dataDir,
				isExplicit: true,
				settings: { fsync: "off", max_connections: "300" },
			});
	const serverUrl = given ?? embedded?.url ?? "";
	const templateName = `go_live_template_${process.pid}`;
	await onServer(serverUrl, `CREATE DATABASE ${templateName}`);
	const template = openDatabase(databaseUrl(serverUrl, templateName), {
		poolSize: 2,
	});
	await migrateDatabase(template);
	await template.destroy();
	project.provide("serverUrl", serverUrl);
	project.provide("templateName", templateName);

	return async () => {
		await onServer(serverUrl, `DROP DATABASE ${templateName} WITH (FORCE)`);
		await embedded?.stop();
		await rm(dataDir, { recursive: true, force: true });
	};
}

/** Runs one statement on the server's default database. */
export async function onServer(url: string, statement: string): Promise<void> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		await client.query(statement);
	} finally {
		await client.end();
	}
}

/** Returns the address of another database on the same server. */
export function databaseUrl(serverUrl: string, name: string): string {
	const url = new URL(serverUrl);
	url.pathname = `/${name}`;
	return url.href;
}
