import { sql } from "kysely";
import { expect, test } from "vitest";
import {
	makeDatabase,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";

const overview = async (service: TestService, days = 90) => {
	const { status, body } = await service.ask({
		url: `/api/v1/reports/analytics/overview?days=${days}`,
	});
	expect(status).toBe(200);
	return body;
};

interface Past {
	/** Days ago, at noon UTC. */
	submitted: number;
	/** Status, and hours after the submission. */
	decisions?: [status: string, hours: number][];
	risk?: string;
	rules?: string[];
}

/** A report as it would be, had it been submitted and decided in the past. */
async function writePast({ db }: TestService, past: Past) {
	const noon = sql`(date_trunc('day', now(), 'UTC') + interval '12 hours' - make_interval(days => ${past.submitted}))`;
	const decisions = past.decisions ?? [];
	const [status, hours] = decisions.at(-1) ?? ["pending_review", 0];
	const isOpen = status === "pending_review";
	const key = `github.com/example/${crypto.randomUUID()}`;
	const assessment = JSON.stringify({
		risk_level: past.risk ?? "low",
		findings: (past.rules ?? []).map((rule) => ({ rule })),
	});
	const { rows } = await sql<{ id: string }>`
		insert into mcp_server_reports (server_name, repository_url, repository_key, revision, developer_email,
			report_data, content_sha256, submitted_at, status, reviewed_at, reviewed_by, assessment)
		values ('mcp-past', ${`https://${key}`}, ${key}, 1, 'alex@example.com', '# Report', repeat('0', 64),
			${noon}, ${status}, ${isOpen ? null : sql`${noon} + make_interval(hours => ${hours})`},
			${isOpen ? null : "Morgan"}, ${assessment})
		returning id`.execute(db);
	let from = "pending_review";
	for (const [to, after] of decisions) {
		await sql`
			insert into report_decisions (report_id, from_status, to_status, decided_by, decided_at)
			values (${rows[0]?.id}, ${from}, ${to}, 'Morgan', ${noon} + make_interval(hours => ${after}))`.execute(
			db,
		);
		from = to;
	}
}

test("the overview of an empty service is zeros, with every day and month there", async () => {
	const service = await startService();
	const body = await overview(service, 30);
	expect(body).toMatchObject({
		step: "day",
		time_to_decision: { decided: 0, median_hours: null, p90_hours: null },
		risk_distribution: { low: 0, medium: 0, high: 0, critical: 0, unknown: 0 },
		frequent_findings: [],
	});
	const today = new Date().toISOString().slice(0, 10);
	expect(body.pending_over_time).toHaveLength(30);
	expect(body.pending_over_time.at(-1)).toEqual({
		day: today,
		pending_review: 0,
	});
	expect(body.outcomes_by_month.at(-1)).toEqual({
		month: today.slice(0, 7),
		approved: 0,
		rejected: 0,
		reopened: 0,
	});
});

test("pending over time counts, at each day's end, what had come and not been decided", async () => {
	const service = await startService();
	// Before the window, and still waiting.
	await writePast(service, { submitted: 100 });
	await writePast(service, { submitted: 100, decisions: [["approved", 1]] });
	await writePast(service, {
		submitted: 100,
		decisions: [["rejected", 24 * 96]],
	});
	await writePast(service, { submitted: 5, decisions: [["approved", 1]] });
	await writePast(service, { submitted: 5, decisions: [["rejected", 48]] });
	await writePast(service, {
		submitted: 5,
		decisions: [
			["rejected", 24],
			["pending_review", 72],
		],
	});
	const { pending_over_time } = await overview(service, 7);
	expect(
		pending_over_time.map(
			({ pending_review }: { pending_review: number }) => pending_review,
		),
		// 6 days ago … today
	).toEqual([2, 4, 2, 1, 2, 2, 2]);
});

test("time to decision is that of the first decision, whatever came after", async () => {
	const service = await startService();
	for (let hours = 1; hours <= 11; hours++) {
		await writePast(service, {
			submitted: 20,
			decisions: [
				["rejected", hours],
				["pending_review", 100],
				["approved", 200],
			],
		});
	}
	// First decided before the window.
	await writePast(service, {
		submitted: 60,
		decisions: [
			["rejected", 1],
			["pending_review", 24 * 59],
		],
	});
	const { time_to_decision } = await overview(service, 30);
	expect(time_to_decision).toEqual({
		decided: 11,
		median_hours: 6,
		p90_hours: 10,
	});
});

test("outcomes are the decisions of each month", async () => {
	const service = await startService();
	for (let n = 0; n < 4; n++) {
		await writePast(service, {
			submitted: 70,
			decisions: [[n ? "approved" : "rejected", 1]],
		});
	}
	await writePast(service, {
		submitted: 70,
		decisions: [
			["approved", 1],
			["pending_review", 2],
		],
	});
	const { outcomes_by_month } = await overview(service, 80);
	const month = new Date(Date.now() - 70 * 24 * 3_600_000)
		.toISOString()
		.slice(0, 7);
	const [, ...others] = outcomes_by_month.toSorted(
		(a: { approved: number }, b: { approved: number }) =>
			b.approved - a.approved,
	);
	expect(outcomes_by_month).toContainEqual({
		month,
		approved: 4,
		rejected: 1,
		reopened: 1,
	});
	for (const { approved, rejected, reopened } of others) {
		expect([approved, rejected, reopened]).toEqual([0, 0, 0]);
	}
});

test("the time zone, the language and the date style of the database change no day, month or time", async () => {
	const databaseUrl = await makeDatabase();
	const elsewhere = await startService(undefined, { databaseUrl });
	const name = sql.id(new URL(databaseUrl).pathname.slice(1));
	await sql`alter database ${name} set timezone = 'Europe/Oslo'`.execute(
		elsewhere.db,
	);
	await sql`alter database ${name} set datestyle = 'German'`.execute(
		elsewhere.db,
	);
	// Only what connects from now on is told.
	await elsewhere.app.close();
	const service = await startService(undefined, { databaseUrl });
	for (let submitted = 28; submitted <= 12 * 28; submitted += 28) {
		await writePast(service, { submitted, decisions: [["approved", 1]] });
	}
	const { outcomes_by_month, pending_over_time } = await overview(service, 366);
	const months = outcomes_by_month.map(({ month }: { month: string }) => month);
	expect(months).toEqual([...new Set(months)]);
	expect(
		outcomes_by_month.reduce(
			(sum: number, { approved }: { approved: number }) => sum + approved,
			0,
		),
	).toBe(12);
	expect(pending_over_time.length).toBeLessThanOrEqual(54);
	const days = (await overview(service)).pending_over_time;
	expect(days).toHaveLength(
		new Set(days.map(({ day }: { day: string }) => day)).size,
	);
	expect(days.length).toBeLessThanOrEqual(92);
	const { submitted_at } = await submit(service);
	expect(submitted_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{4,6}Z$/);
});

test("risks and findings are those of the reports submitted in the window, each rule once a report", async () => {
	const service = await startService();
	const missing = "check-missing";
	await writePast(service, {
		submitted: 3,
		risk: "high",
		rules: [missing, missing, missing, "raw-html"],
	});
	await writePast(service, {
		submitted: 3,
		risk: "critical",
		rules: ["trifecta-complete", missing],
	});
	await writePast(service, { submitted: 3, risk: "high" });
	await writePast(service, { submitted: 40, risk: "low", rules: ["raw-html"] });
	const body = await overview(service, 30);
	expect(body.risk_distribution).toEqual({
		low: 0,
		medium: 0,
		high: 2,
		critical: 1,
		unknown: 0,
	});
	expect(body.frequent_findings).toEqual([
		{ rule: missing, reports: 2 },
		{ rule: "raw-html", reports: 1 },
		{ rule: "trifecta-complete", reports: 1 },
	]);
});

test.each([
	[1, "day", 1],
	[92, "day", 92],
	[366, "week", 53],
])(
	"a window of %i days is shown by %s, in about %i points",
	async (days, step, points) => {
		const service = await startService();
		const body = await overview(service, days);
		expect(body.step).toBe(step);
		expect(body.pending_over_time.length).toBeGreaterThanOrEqual(points);
		expect(body.pending_over_time.length).toBeLessThanOrEqual(points + 1);
	},
);

test.each(["0", "367", "1.5", "all"])(
	"a window of %s days is refused",
	async (days) => {
		const service = await startService();
		const { status, body } = await service.ask({
			url: `/api/v1/reports/analytics/overview?days=${days}`,
		});
		expect([status, body.issues[0].path]).toEqual([400, "days"]);
	},
);

test("figures that cannot be are the service's fault: 500, and the cause in the log", async () => {
	const service = await startService();
	const { id } = await submit(service);
	// As nobody can through the service: decided, and no decision.
	await service.db
		.updateTable("mcp_server_reports")
		.set({
			status: "approved",
			reviewed_at: "2025-01-01T00:00:00Z",
			reviewed_by: "Morgan",
		})
		.where("id", "=", id)
		.execute();
	await sql`insert into report_decisions (report_id, from_status, to_status, decided_by)
		values (${id}, 'approved', 'pending_review', 'Morgan')`.execute(service.db);
	const { status, body } = await service.ask({
		url: "/api/v1/reports/analytics/overview",
	});
	expect(status).toBe(500);
	expect(body.detail).toBe("Internal server error");
	expect(service.logs.join()).toContain("outputValidatorMiddleware");
});
