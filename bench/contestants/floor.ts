/**
 * The floor: what a hand-written server costs that does nothing but the work.
 * It validates nothing, checks no host, counts no page, logs no line, and
 * assesses no report.
 */
import Fastify from "fastify";
import { listenOn, pool } from "./pool.ts";
import {
	getReport,
	insertReport,
	listReports,
	type Submission,
} from "./statements.ts";

const app = Fastify({ bodyLimit: 8 * 1024 * 1024 });

app.get<{ Params: { id: string } }>("/api/v1/reports/:id", async (request) => {
	const { rows } = await pool.query(getReport(request.params.id));
	return rows[0];
});

app.get<{ Querystring: { limit: string; after?: string } }>(
	"/api/v1/reports",
	async ({ query: { limit, after } }) => {
		const { rows } = await pool.query(listReports(Number(limit), after));
		return rows;
	},
);

app.post<{ Body: Submission }>("/api/v1/reports", async (request, reply) => {
	const { rows } = await pool.query(insertReport(request.body));
	reply.code(201);
	return rows[0];
});

await app.listen(listenOn);
