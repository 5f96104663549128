import { sql } from "kysely";
import { z } from "zod";
import { publicProcedure, router } from "../../procedure.ts";

const Health = z
	.object({ status: z.literal("ok") })
	.meta({ id: "Health", examples: [{ status: "ok" }] });

const tags = ["Health"];

/** For load balancers and orchestrators: is the process alive, can it serve? */
export const healthRouter = router({
	live: publicProcedure
		.meta({
			openapi: {
				method: "GET",
				path: "/healthz",
				operationId: "getLiveness",
				tags,
				summary: "Is the process alive?",
				description: "Answers without checking anything else.",
			},
			rest: { success: 200, errors: {} },
		})
		.output(Health)
		.query(() => ({ status: "ok" as const })),

	ready: publicProcedure
		.meta({
			openapi: {
				method: "GET",
				path: "/readyz",
				operationId: "getReadiness",
				tags,
				summary: "Can the service answer requests?",
				description: "Queries the database.",
			},
			rest: {
				success: 200,
				errors: { 503: "The database does not answer." },
			},
		})
		.output(Health)
		.query(async ({ ctx: { db } }) => {
			await sql`select 1`.execute(db);
			return { status: "ok" as const };
		}),
});
