/** Peer: Express 5, zod for what comes in, `pg`. */
import express from "express";
import { NewReport, ReportId } from "../../src/features/reports/schema.ts";
import { listenOn, pool } from "./pool.ts";
import { getReport, insertReport, listReports } from "./statements.ts";

const app = express();
app.use(express.json({ limit: "8mb" }));

app.get("/api/v1/reports/:id", async (request, response) => {
	const { id } = ReportId.parse(request.params);
	const { rows } = await pool.query(getReport(id));
	response.json(rows[0]);
});

app.get("/api/v1/reports", async (request, response) => {
	const { rows } = await pool.query(listReports(Number(request.query.limit)));
	response.json(rows);
});

app.post("/api/v1/reports", async (request, response) => {
	const report = NewReport.required({ developer_email: true }).parse(
		request.body,
	);
	const { rows } = await pool.query(insertReport(report));
	response.status(201).json(rows[0]);
});

app.listen(listenOn.port, listenOn.host);
