/**
 * Whether cost stays flat as reports add up: `node bench/scale.ts --reports 1000000`.
 * Two services of the same code, one on 1,000 reports and one on many, are
 * asked in turns; and while one assesses reports of 1 MiB, how long others wait,
 * and how long the event loop is held. `--seeded <url>` names a database that
 * `bench:seed` filled before, instead of filling one anew; `--only text` asks what
 * has the text in its name.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import autocannon, { type Request } from "autocannon";
import { contestants, startServer } from "./contestants.ts";
import { ask, startBenchServer } from "./database.ts";
import { toMarkdown } from "./markdown.ts";
import { median } from "./measure.ts";
import { operations } from "./operations.ts";
import { showProgress } from "./progress.ts";
import { writeReport } from "./samples.ts";
import { round } from "./table.ts";

const { values } = parseArgs({
	options: {
		reports: { type: "string", default: "1000000" },
		size: { type: "string", default: "2048" },
		rounds: { type: "string", default: "5" },
		seeded: { type: "string" },
		only: { type: "string", default: "" },
		output: { type: "string", default: "bench/scale.json" },
	},
});
const many = Number(values.reports);
const few = 1000;
const size = Number(values.size);
const loopDelay = new URL("loop-delay.ts", import.meta.url).pathname;
const delayFile = join(tmpdir(), `loop-delay-${process.pid}.json`);
const ours = contestants.find(({ isOurs }) => isOurs);
const command = ours?.command();
if (!ours || !Array.isArray(command)) throw new Error("there is no service");

const server = await startBenchServer();
const stops: (() => Promise<void>)[] = [];
try {
	const sides = [];
	for (const reports of [few, many]) {
		const url = (reports === many && values.seeded) || (await seed(reports));
		const running = await startServer(
			[command[0] ?? "node", "--import", loopDelay, ...command.slice(1)],
			"/readyz",
			{ DATABASE_URL: url, LOOP_DELAY_FILE: delayFile },
		);
		stops.push(running.stop);
		const rows = await ask(
			url,
			`SELECT id, server_name FROM mcp_server_reports ORDER BY submitted_at LIMIT 200 OFFSET ${reports / 2}`,
		);
		sides.push({
			url: running.url,
			pid: running.pid,
			requests: requestsFor(rows),
		});
	}
	const results = [];
	for (const name of Object.keys(sides[0]?.requests ?? {})) {
		if (!name.includes(values.only)) continue;
		const times: number[][] = [[], []];
		for (let round = 0; round <= Number(values.rounds); round += 1) {
			for (const [index, side] of sides.entries()) {
				const time = await timeOf(side.url, side.requests[name] ?? [], name);
				if (round > 0) times[index]?.push(time);
			}
		}
		const [atFew = 0, atMany = 0] = times.map((taken) =>
			round(median(taken), 3),
		);
		// Each with its own round: what else the machine did then slowed both.
		const [ofFew = [], ofMany = []] = times;
		const ratio = round(
			median(ofMany.map((time, turn) => time / (ofFew[turn] ?? Number.NaN))),
			2,
		);
		results.push({
			operation: name,
			atFew,
			atMany,
			ratio,
			isMet: ratio <= 1.3,
		});
		process.stderr.write(`${name}: ${atFew} and ${atMany} ms\n`);
	}
	console.log(
		toMarkdown(
			[
				"asked one at a time",
				`ms at ${few.toLocaleString("en")} reports`,
				`ms at ${many.toLocaleString("en")}`,
				"ratio",
				"≤ 1.3",
			],
			results.map(({ operation, atFew, atMany, ratio, isMet }) => [
				operation,
				atFew.toFixed(2),
				atMany.toFixed(2),
				ratio.toFixed(2),
				isMet ? "yes" : "no",
			]),
		).join("\n"),
	);
	const [small] = sides;
	if (!small) throw new Error("there is no service");
	const { loop, ...waits } = await waitDuringAssessment(small);
	console.log(
		`while reports of 1 MiB are assessed, /healthz is answered in ${waits.p50} ms (p50), ${waits.p99} ms (p99); its event loop is held ${loop.p99} ms (p99; < 50: ${loop.p99 < 50 ? "yes" : "no"}), ${loop.max} ms at the most`,
	);
	const written = {
		few,
		many,
		size,
		results,
		waitDuringAssessmentMs: { ...waits, loop },
	};
	writeFileSync(values.output, `${JSON.stringify(written, null, "\t")}\n`);
} finally {
	await Promise.all(stops.map((stop) => stop()));
	await server.stop();
}

async function seed(reports: number): Promise<string> {
	const started = performance.now();
	const url = await server.makeDatabase(`scale_${reports}`, {
		reports,
		size,
		onProgress: showProgress,
	});
	const seconds = Math.round((performance.now() - started) / 1000);
	process.stderr.write(`${reports} reports seeded in ${seconds} s\n`);
	return url;
}

function requestsFor(
	rows: { id: string; server_name: string }[],
): Record<string, Request[]> {
	const get = (path: string): Request[] => [{ method: "GET", path }];
	const list = "/api/v1/reports";
	const html = { accept: "text/html" };
	return {
		get: rows.map(({ id }) => ({ method: "GET", path: `${list}/${id}` })),
		list: get(list),
		"list, page in the middle": rows.map(({ id }) => ({
			method: "GET",
			path: `${list}?after=${id}`,
		})),
		"list, pending": get(`${list}?status=pending_review&limit=20`),
		"list, high risk": get(`${list}?risk_level=high&limit=20`),
		"list by risk": get(`${list}?sort=risk`),
		"search, a server's name": rows.map(({ server_name }) => ({
			method: "GET",
			path: `${list}?search=${server_name}`,
		})),
		"search, what 1 in 700 share": get(
			`${list}?search=mcp-service-321&limit=20`,
		),
		"search, what is nowhere": get(`${list}?search=zebra`),
		counts: get(`${list}/counts`),
		"queue page": [{ method: "GET", path: "/", headers: html }],
		submit:
			operations
				.find(({ name }) => name === "submit 8 KiB")
				?.requests(ours as NonNullable<typeof ours>, []) ?? [],
	};
}

/** Mean milliseconds of an answer, one at a time. */
async function timeOf(
	url: string,
	requests: Request[],
	name: string,
): Promise<number> {
	const result = await autocannon({
		url,
		connections: 1,
		duration: 0.7,
		sampleInt: 100,
		requests,
	});
	const bad = result.non2xx + result.errors;
	if (bad > 0) throw new Error(`${name}: ${bad} answers are not good`);
	return (1000 * result.duration) / result.requests.total;
}

async function waitDuringAssessment({
	url,
	pid,
}: {
	url: string;
	pid: number;
}) {
	const body = JSON.stringify({ report_data: writeReport(1024 * 1024) });
	const headers = { "content-type": "application/json" };
	const load = autocannon({
		url: `${url}/api/v1/reports/check`,
		connections: 2,
		duration: 6,
		method: "POST",
		headers,
		body,
		timeout: 30,
	});
	// The threads start, which is a cost of the first large report only.
	await wait(2000);
	process.kill(pid, "SIGUSR2");
	const probe = await autocannon({
		url: `${url}/healthz`,
		connections: 1,
		overallRate: 100,
		duration: 3,
	});
	process.kill(pid, "SIGUSR2");
	const { requests } = await load;
	const loop = JSON.parse(readFileSync(delayFile, "utf8"));
	rmSync(delayFile);
	return {
		loop: loop as { p50: number; p99: number; max: number },
		p50: probe.latency.p50,
		p99: probe.latency.p99,
		assessed: requests.total,
	};
}
