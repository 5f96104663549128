import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import autocannon, { type Request, type Result } from "autocannon";

/** What one round of load showed. */
export interface Round {
	/** CPU milliseconds of the server's process for each request. */
	cpuMs: number;
	/** Requests answered per second. */
	rate: number;
	/** Latency in milliseconds, as the client sees it. */
	p50: number;
	p99: number;
	requests: number;
}

/**
 * Puts a server under load for a time.
 *
 * @param options `seconds` of load, on 32 `connections` unless told; `verify`
 *   looks at answers before and after, which are not measured: what looks at all
 *   of them takes more time than some servers do
 * @throws Error when one of these is not a good one, or any status is an error
 */
export async function measureLoad(
	server: { url: string; pid: number },
	requests: Request[],
	options: {
		seconds: number;
		verify: (body: string) => boolean;
		name: string;
		connections?: number;
	},
): Promise<Round> {
	const connections = options.connections ?? 32;
	const load = {
		url: server.url,
		connections,
		sampleInt: 100,
		requests: requests as Request[],
		timeout: 20,
	};
	const verify = async () => {
		let refused = "";
		const verified = await autocannon({
			...load,
			amount: connections * 2,
			verifyBody: (body) => {
				const isGood = options.verify(String(body));
				if (!isGood) refused = String(body).slice(0, 300);
				return isGood;
			},
		});
		refuseBad(verified, options.name, refused);
	};
	await verify();
	const before = cpuSeconds(server.pid);
	const result = await autocannon({ ...load, duration: options.seconds });
	const seconds = cpuSeconds(server.pid) - before;
	refuseBad(result, options.name);
	await verify();
	return {
		cpuMs: (1000 * seconds) / result.requests.total,
		rate: result.requests.total / result.duration,
		p50: result.latency.p50,
		p99: result.latency.p99,
		requests: result.requests.total,
	};
}

function refuseBad(result: Result, name: string, example = ""): void {
	const { non2xx, errors, mismatches, requests } = result;
	const bad = non2xx + errors + mismatches;
	if (bad === 0 && requests.total > 0) return;
	throw new Error(
		`${name}: ${bad} of ${requests.total} answers are not good. ${example}`,
	);
}

/** CPU time, user and system, that a process with all its threads has taken. */
function cpuSeconds(pid: number): number {
	if (process.platform !== "linux") {
		const time = execFileSync("ps", ["-o", "time=", "-p", String(pid)], {
			encoding: "utf8",
		});
		return time
			.trim()
			.split(":")
			.reduce((sum, part) => sum * 60 + Number(part), 0);
	}
	// Behind the name, which may hold anything: proc_pid_stat(5), fields 14 and 15.
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
		.split(") ")
		.at(-1)
		?.split(" ");
	const ticks = Number(fields?.[11]) + Number(fields?.[12]);
	return ticks / 100;
}

/** The value in the middle. */
export function median(values: number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1
		? (sorted[middle] ?? Number.NaN)
		: ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
