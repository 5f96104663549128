/**
 * What a second process adds: `npm run bench:processes`. Two services share one
 * database; in each round one of them is asked with all connections, and then
 * both at once with half of them each. `--quick` measures too little to compare by.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { contestants, startServer } from "./contestants.ts";
import { ask, startBenchServer } from "./database.ts";
import { describeMachine } from "./machine.ts";
import { toMarkdown } from "./markdown.ts";
import { measureLoad, median } from "./measure.ts";
import { operations } from "./operations.ts";
import { readRounds, roundOptions } from "./options.ts";
import { round } from "./table.ts";

const { rounds, seconds, reports, output, first } = readRounds(
	parseArgs({ options: roundOptions }).values,
	{ rounds: 7, seconds: 3, output: "bench/processes.json" },
	1,
);
const CONNECTIONS = 32;
const asked = ["get", "list 50", "submit 8 KiB"];
const ours = contestants.find(({ isOurs }) => isOurs);
const command = ours?.command();
if (!ours || !Array.isArray(command)) throw new Error("there is no service");

type Server = Awaited<ReturnType<typeof startServer>>;

/** What some processes did together in one round. */
interface Together {
	rate: number;
	/** CPU milliseconds for each request, of the services alone. */
	cpuMs: number;
	/** How much of the machine was at work, from 0 to 1, by whatever. */
	busy: number;
}

const database = await startBenchServer();
const services: Server[] = [];
try {
	const url = await database.makeDatabase("processes", { reports, size: 8192 });
	for (let count = 0; count < 2; count += 1) {
		services.push(await startServer(command, "/readyz", { DATABASE_URL: url }));
	}
	const rows = await ask(
		url,
		"SELECT id FROM mcp_server_reports TABLESAMPLE SYSTEM (50) LIMIT 200",
	);
	const lines = await measureAll(rows.map(({ id }) => id));
	const results = {
		machine: describeMachine(),
		database: database.version,
		node: process.version,
		rounds,
		seconds,
		reports,
		connections: CONNECTIONS,
		lines,
	};
	printLines(results);
	if (output) {
		writeFileSync(output, `${JSON.stringify(results, null, "\t")}\n`);
	}
} finally {
	await Promise.all(services.map(({ stop }) => stop()));
	await database.stop();
}

async function measureAll(ids: string[]) {
	const measured = asked.map((name) => ({
		name,
		byCount: [[], []] as [Together[], Together[]],
	}));
	// The first round warms up, and does not count.
	for (let turn = first; turn <= rounds; turn += 1) {
		process.stderr.write(turn === 0 ? "warming up\n" : `round ${turn}\n`);
		for (const { name, byCount } of measured) {
			for (const [index, taken] of byCount.entries()) {
				const together = await measureTogether(
					services.slice(0, index + 1),
					name,
					ids,
				);
				if (turn > 0) taken.push(together);
			}
		}
	}
	return measured.flatMap(({ name, byCount }) =>
		byCount.map((taken, index) => {
			const rates = taken.map(({ rate }) => rate);
			return {
				operation: name,
				processes: index + 1,
				requestsPerSecond: Math.round(median(rates)),
				rateSpread: [Math.min(...rates), Math.max(...rates)].map(Math.round),
				/** By the rate of one process in the same round. */
				toOne: round(
					median(
						rates.map(
							(rate, turn) => rate / (byCount[0][turn]?.rate ?? Number.NaN),
						),
					),
					2,
				),
				cpuMs: round(median(taken.map(({ cpuMs }) => cpuMs)), 3),
				busy: round(median(taken.map(({ busy }) => busy)), 2),
			};
		}),
	);
}

async function measureTogether(
	servers: Server[],
	name: string,
	ids: string[],
): Promise<Together> {
	const operation = operations.find((operation) => operation.name === name);
	if (!operation || !ours) throw new Error(`there is no operation ${name}`);
	const before = machineTimes();
	const loads = await Promise.all(
		servers.map((server) =>
			measureLoad(server, operation.requests(ours, ids), {
				seconds,
				connections: CONNECTIONS / servers.length,
				verify: operation.verify,
				name,
			}),
		),
	);
	const after = machineTimes();
	const requests = sum(loads.map(({ requests }) => requests));
	return {
		rate: sum(loads.map(({ rate }) => rate)),
		cpuMs: sum(loads.map((load) => load.cpuMs * load.requests)) / requests,
		busy: (after.busy - before.busy) / (after.all - before.all),
	};
}

/** Milliseconds since the start that the machine's processors worked, and had. */
function machineTimes(): { busy: number; all: number } {
	const times = cpus().map(({ times }) => times);
	const all = sum(times.flatMap((time) => Object.values(time)));
	return { busy: all - sum(times.map(({ idle }) => idle)), all };
}

function sum(values: number[]): number {
	return values.reduce((total, value) => total + value, 0);
}

function printLines(results: {
	machine: string;
	database: string;
	node: string;
	lines: Awaited<ReturnType<typeof measureAll>>;
}): void {
	const { machine, database, node, lines } = results;
	const out = [
		`${machine}, ${database}, Node ${node}: ${reports} reports of 8 KiB, ${CONNECTIONS} connections, median of ${rounds} rounds of ${seconds} s. The services share the machine with the database and with what asks them, a single thread: where one of these is busy already, a second process can add little.`,
		"",
		...toMarkdown(
			[
				"operation",
				"processes",
				"requests/s (spread)",
				"÷ one process",
				"CPU ms per request",
				"machine busy",
			],
			lines.map((line) => [
				line.operation,
				String(line.processes),
				`${line.requestsPerSecond} (${line.rateSpread.join("–")})`,
				line.toOne.toFixed(2),
				line.cpuMs.toFixed(3),
				`${Math.round(100 * line.busy)} %`,
			]),
		),
	];
	console.log(out.join("\n"));
}
