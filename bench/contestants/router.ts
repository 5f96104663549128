/**
 * The three operations as a tRPC router with the service's own schemas, for
 * the contestants that differ only in how a router is mounted. The handlers
 * do what the floor's do.
 */
import { initTRPC } from "@trpc/server";
import type pg from "pg";
import type { OpenApiMeta } from "trpc-to-openapi";
import { z } from "zod";
import {
	NewReport,
	Report,
	ReportId,
	ReportSummary,
} from "../../src/features/reports/schema.ts";
import { pool } from "./pool.ts";
import { getReport, insertReport, listReports } from "./statements.ts";

const t = initTRPC.meta<OpenApiMeta>().create({ isDev: false });

/** Times leave the database as `Date` and the schemas want text. */
async function ask(query: pg.QueryConfig) {
	const { rows } = await pool.query(query);
	for (const row of rows) {
		row.submitted_at = row.submitted_at.toISOString();
		row.reviewed_at = row.reviewed_at?.toISOString() ?? null;
	}
	return rows;
}

/** As the database client gives it: structured data is built, and checked, with the rest. */
const Answer = Report.extend({
	report_json: z.record(z.string(), z.unknown()).nullable(),
});

export const router = t.router({
	get: t.procedure
		.meta({ openapi: { method: "GET", path: "/reports/{id}" } })
		.input(ReportId)
		.output(Answer)
		.query(async ({ input }) => (await ask(getReport(input.id)))[0]),

	list: t.procedure
		.meta({ openapi: { method: "GET", path: "/reports" } })
		.input(z.object({ limit: z.coerce.number().int().min(1).max(200) }))
		.output(z.array(ReportSummary))
		.query(({ input }) => ask(listReports(input.limit))),

	submit: t.procedure
		.meta({ openapi: { method: "POST", path: "/reports" } })
		.input(NewReport.required({ developer_email: true }))
		.output(Answer)
		.mutation(async ({ input }) => (await ask(insertReport(input)))[0]),
});
