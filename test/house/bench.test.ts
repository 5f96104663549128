import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, onTestFinished, test } from "vitest";

const run = promisify(execFile);

/** Runs a benchmark for so short a time that its figures mean nothing. */
async function runQuickly(script: string) {
	const folder = await mkdtemp(join(tmpdir(), "bench-"));
	onTestFinished(() => rm(folder, { recursive: true }));
	const output = join(folder, "results.json");
	const { stdout } = await run(
		process.execPath,
		[script, "--quick", "--output", output],
		{ env: { ...process.env, BENCH_DATABASE_URL: inject("serverUrl") } },
	);
	return { stdout, results: JSON.parse(await readFile(output, "utf8")) };
}

test("the benchmark measures every operation of the floor, ours and the peers, and holds them to the bars", async () => {
	const { stdout, results } = await runQuickly("bench/run.ts");
	const { lines, bars } = results;
	for (const operation of ["get", "list 50", "submit 8 KiB"]) {
		const names = lines
			.filter((line: { operation: string }) => line.operation === operation)
			.map((line: { contestant: string }) => line.contestant);
		expect(names).toEqual(
			expect.arrayContaining([
				"floor: Fastify + pg",
				"ours",
				"trpc-to-openapi's plugin",
				"Express 5 + zod",
				"NestJS 11 on Fastify",
			]),
		);
	}
	for (const line of lines) {
		expect(line.cpuMs, line.operation).toBeGreaterThan(0);
		expect(line.toFloor, line.operation).toBeGreaterThan(0);
	}
	expect(bars[0]).toMatchObject({ bar: "get ÷ floor", asked: "≤ 1.15" });
	expect(stdout).toContain("| get ÷ floor");
}, 180_000);

test("the benchmark of processes asks one and then two of them, on one database", async () => {
	const { stdout, results } = await runQuickly("bench/processes.ts");
	for (const operation of ["get", "list 50", "submit 8 KiB"]) {
		for (const processes of [1, 2]) {
			const line = results.lines.find(
				(line: { operation: string; processes: number }) =>
					line.operation === operation && line.processes === processes,
			);
			expect(line.requestsPerSecond, operation).toBeGreaterThan(0);
			expect(line.cpuMs, operation).toBeGreaterThan(0);
		}
	}
	expect(stdout).toContain("| submit 8 KiB | 2");
}, 180_000);
