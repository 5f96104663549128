import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { drawSchema } from "../../db/draw-schema.ts";
import { openDatabase } from "../../src/platform/postgres/database.ts";
import { makeDatabase } from "../support/helpers.ts";

test("db/schema.sql is the picture of the database after all migrations", async () => {
	const db = openDatabase(await makeDatabase(), { poolSize: 2 });
	onTestFinished(() => db.destroy());
	const file = new URL("../../db/schema.sql", import.meta.url);
	expect(
		await drawSchema(db),
		"db/schema.sql is stale: npm run generate draws it again",
	).toBe(await readFile(file, "utf8"));
});
