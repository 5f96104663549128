/**
 * Whether cost stays flat as reports add up: `node bench/scale.ts --reports 1000000`.
 * Two services of the same code, one on 1,000 reports and one on many, are
 * asked in turns; and while one assesses reports of 1 MiB, how long others wait.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import autocannon, { type Request } from "autocannon";
import { contestants, startServer } from "./contestants.ts";
import { ask, startBenchServer } from "./database.ts";
import { median } from "./measure.ts";
import { operations } from "./operations.ts";
import { showProgress } from "./progress.ts";
import { writeReport } from "./samples.ts";

const { values } = parseArgs({
	options: {
		reports: { type: "string", default: "1000000" },
		size: { type: "string", default: "2048" },
		rounds: { type: "string", default: "5" },
		output: { type: "string", default: "bench/scale.json" },
	},
});
const many = Number(values.reports);
const few = 1000;
const size = Number(values.size);
const ours = contestants.find(({ isOurs }) => isOurs);
const command = ours?.command();
if (!ours || !Array.isArray(command)) throw new Error("there is no service");

const server = await startBenchServer();
const stops: (() => Promise<void>)[] = [];
try {
	const sides = [];
	for (const reports of [few, many]) {
		const started = performance.now();
		const url = await server.makeDatabase(`scale_${reports}`, {
			reports,
			size,
			onProgress: showProgress,
		});
		const seconds = Math.round((performance.now() - started) / 1000);
		process.stderr.write(`${reports} reports seeded in ${seconds} s\n`);
		const running = await startServer(command, "/readyz", {
			DATABASE_URL: url,
		});
		stops.push(running.stop);
		const rows = await ask(
			url,
			`SELECT id FROM mcp_server_reports ORDER BY submitted_at LIMIT 200 OFFSET ${reports / 2}`,
		);
		sides.push({ url: running.url, requests: requestsFor(rows) });
	}
	const results = [];
	for (const name of Object.keys(sides[0]?.requests ?? {})) {
		const times: number[][] = [[], []];
		for (let round = 0; round <= Number(values.rounds); round += 1) {
			for (const [index, side] of sides.entries()) {
				const time = await timeOf(side.url, side.requests[name] ?? [], name);
				if (round > 0) times[index]?.push(time);
			}
		}
		const [atFew = 0, atMany = 0] = times.map(median);
		const ratio = Number((atMany / atFew).toFixed(2));
		results.push({
			operation: name,
			atFew,
			atMany,
			ratio,
			isMet: ratio <= 1.3,
		});
		console.log(
			`${name.padEnd(28)} ${atFew.toFixed(2)} ms at ${few}, ${atMany.toFixed(2)} ms at ${many}: ${ratio} (≤ 1.3: ${ratio <= 1.3 ? "yes" : "no"})`,
		);
	}
	const wait = await waitDuringAssessment(sides[0]?.url ?? "");
	console.log(
		`while reports of 1 MiB are assessed, /healthz is answered in ${wait.p50} ms (p50), ${wait.p99} ms (p99)`,
	);
	const written = { few, many, size, results, waitDuringAssessmentMs: wait };
	writeFileSync(values.output, `${JSON.stringify(written, null, "\t")}\n`);
} finally {
	await Promise.all(stops.map((stop) => stop()));
	await server.stop();
}

function requestsFor(rows: { id: string }[]): Record<string, Request[]> {
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
		"search, a name": get(`${list}?search=mcp-service-321&limit=20`),
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

async function waitDuringAssessment(url: string) {
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
	await new Promise((resolve) => setTimeout(resolve, 2000));
	const probe = await autocannon({
		url: `${url}/healthz`,
		connections: 1,
		overallRate: 100,
		duration: 3,
	});
	const { requests } = await load;
	return {
		p50: probe.latency.p50,
		p99: probe.latency.p99,
		assessed: requests.total,
	};
}
