/**
 * Whether a server keeps what it has served: `node bench/memory.ts --minutes 30`.
 * One service under mixed load; its memory after the first tenth of the time is
 * compared with what it holds at the end. What counts is what a collection
 * leaves (`heapUsed` and buffers after `gc()`), beside what the system counts.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import autocannon, { type Request } from "autocannon";
import { contestants, startServer } from "./contestants.ts";
import { ask, startBenchServer } from "./database.ts";
import { median } from "./measure.ts";
import { operations } from "./operations.ts";
import { writeReport } from "./samples.ts";

const { values } = parseArgs({
	options: {
		minutes: { type: "string", default: "30" },
		/** Requests per second: as many as a machine serves that does other work too. */
		rate: { type: "string", default: "200" },
		output: { type: "string", default: "bench/memory.json" },
	},
});
const minutes = Number(values.minutes);
const ours = contestants.find(({ isOurs }) => isOurs);
const command = ours?.command();
if (!ours || !Array.isArray(command)) throw new Error("there is no service");
const file = join(tmpdir(), `memory-${process.pid}.json`);

const server = await startBenchServer();
try {
	const url = await server.makeDatabase("memory", {
		reports: 1000,
		size: 8192,
	});
	const watcher = new URL("memory-watch.ts", import.meta.url).pathname;
	const [node = "node", ...script] = command;
	const running = await startServer(
		[node, "--expose-gc", "--import", watcher, ...script],
		"/readyz",
		{ DATABASE_URL: url, MEMORY_FILE: file },
	);
	try {
		const rows = await ask(url, "SELECT id FROM mcp_server_reports LIMIT 200");
		const ids = rows.map(({ id }) => id as string);
		const load = autocannon({
			url: running.url,
			connections: 16,
			duration: minutes * 60,
			overallRate: Number(values.rate),
			requests: mixedRequests(ids),
			timeout: 30,
		});
		const samples = await takeSamples(running.pid);
		const { requests, non2xx, errors, timeouts, statusCodeStats } = await load;
		const tenth = Math.max(2, Math.floor(samples.length / 10));
		const settled = samples.slice(tenth, 2 * tenth);
		const last = samples.slice(-tenth);
		const grownBy = (what: (sample: Sample) => number) =>
			Number(
				(median(last.map(what)) / median(settled.map(what)) - 1).toFixed(3),
			);
		const held = grownBy(({ heapUsed, external }) => heapUsed + external);
		const resident = grownBy(({ rss }) => rss);
		const result = {
			minutes,
			requests: requests.total,
			failed: non2xx + errors,
			timeouts,
			statuses: statusCodeStats,
			heldGrowth: held,
			residentGrowth: resident,
			samples,
		};
		writeFileSync(values.output, `${JSON.stringify(result, null, "\t")}\n`);
		const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
		console.log(
			`${JSON.stringify(result.statuses)} ${timeouts} timeouts. ${requests.total} requests in ${minutes} minutes, ${result.failed} failed: what is held grew by ${percent(held)}, what is resident by ${percent(resident)} (< 10 %: ${held < 0.1 && resident < 0.1 ? "yes" : "no"})`,
		);
	} finally {
		await running.stop();
	}
} finally {
	await server.stop();
	rmSync(file, { force: true });
}

interface Sample {
	minute: number;
	rss: number;
	heapUsed: number;
	external: number;
}

async function takeSamples(pid: number): Promise<Sample[]> {
	const samples: Sample[] = [];
	const started = performance.now();
	// A hundred looks, however long it takes, but for the last second.
	const pause = Math.max(1000, (minutes * 60_000) / 100);
	while (performance.now() - started + pause < minutes * 60_000 - 1000) {
		await wait(pause);
		process.kill(pid, "SIGUSR2");
		await wait(500);
		const minute = Number(((performance.now() - started) / 60_000).toFixed(2));
		samples.push({ minute, ...JSON.parse(readFileSync(file, "utf8")) });
		const { rss, heapUsed } = samples.at(-1) as Sample;
		const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
		process.stderr.write(
			`${minute} min: ${mebibytes(rss)} MiB resident, ${mebibytes(heapUsed)} MiB heap\n`,
		);
	}
	return samples;
}

/** A day of a platform team, shortened: reading, listing, submitting, pages, MCP, and what is wrong. */
function mixedRequests(ids: string[]): Request[] {
	const of = (name: string): Request[] =>
		operations
			.find((operation) => operation.name === name)
			?.requests(ours as NonNullable<typeof ours>, ids) ?? [];
	const get = (path: string, headers = {}): Request => ({
		method: "GET",
		path,
		headers,
	});
	const html = { accept: "text/html" };
	const some = ids.slice(0, 20);
	return [
		...of("get").slice(0, 40),
		...of("list 50"),
		...of("tRPC get").slice(0, 20),
		...of("submit 8 KiB"),
		...of("MCP list_servers"),
		...of("MCP submit_report"),
		...some.map((id) => get(`/reports/${id}`, html)),
		...some.map((id) => get(`/api/v1/reports/${id}/assessment`)),
		get("/", html),
		get("/api/v1/servers"),
		get("/api/v1/reports?search=mcp-service-3"),
		get("/api/v1/reports/analytics/overview"),
		{
			method: "POST",
			path: "/api/v1/reports/check",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ report_data: writeReport(256 * 1024) }),
		},
	];
}
