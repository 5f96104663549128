/**
 * The benchmark: `npm run bench`. Every contestant serves from one database on
 * this machine; each round asks all of them, one after the other, so that what
 * else the machine does falls on all alike. `--quick` takes half a minute and
 * measures too little to compare by; `--only text` takes what holds the text.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Bar, judge } from "./bars.ts";
import {
	type Contestant,
	contestants,
	type Running,
	startServer,
} from "./contestants.ts";
import { ask, startBenchServer } from "./database.ts";
import { describeMachine } from "./machine.ts";
import { measureLoad, type Round } from "./measure.ts";
import { type Operation, operations } from "./operations.ts";
import { readRounds, roundOptions } from "./options.ts";
import { type Line, printTable, summarise } from "./table.ts";

/** What is written to `bench/results.json`. */
export interface Results {
	machine: string;
	database: string;
	node: string;
	rounds: number;
	seconds: number;
	reports: number;
	absent: { contestant: string; why: string }[];
	lines: Line[];
	bars: Bar[];
}

const { values } = parseArgs({
	options: {
		...roundOptions,
		only: { type: "string" },
		with: { type: "string" },
	},
});
const { rounds, seconds, reports, output, first } = readRounds(
	values,
	{ rounds: 5, seconds: 1.4, output: "bench/results.json" },
	0.5,
);
const say = (text: string) => process.stderr.write(`${text}\n`);

const server = await startBenchServer();
const running: Running[] = [];
const absent: Results["absent"] = [];
try {
	say(`${server.version}; seeding ${reports} reports of 8 KiB`);
	const url = await server.makeDatabase("run", { reports, size: 8192 });
	for (const contestant of contestants.filter(takesPart)) {
		const command = contestant.command();
		if (!Array.isArray(command)) {
			absent.push({ contestant: contestant.name, why: command.absent });
			continue;
		}
		const list = contestant.isOurs || contestant.api === "rest";
		const path = list
			? "/api/v1/reports?limit=1"
			: `/trpc/list?input=${encodeURIComponent('{"limit":1}')}`;
		const started = await startServer(command, path, { DATABASE_URL: url });
		running.push({ contestant, ...started });
	}
	const ids = await ask(
		url,
		// Not the oldest of all, after which there is no page.
		"SELECT id FROM (SELECT id FROM mcp_server_reports ORDER BY submitted_at, id OFFSET 1) AS followed ORDER BY md5(id::text)",
	);
	const lines = await measureAll(ids.map(({ id }) => id));
	const results: Results = {
		machine: describeMachine(),
		database: server.version,
		node: process.version,
		rounds,
		seconds,
		reports,
		absent,
		lines,
		bars: judge(lines),
	};
	printTable(results);
	if (output) {
		writeFileSync(output, `${JSON.stringify(results, null, "\t")}\n`);
	}
} finally {
	await Promise.all(running.map(({ stop }) => stop()));
	await server.stop();
}

async function measureAll(ids: string[]): Promise<Line[]> {
	const entries = operations
		.filter(({ name }) => !values.only || name.includes(values.only))
		.flatMap((operation) =>
			running
				.filter(({ contestant }) => operation.takesPart(contestant))
				.map((server) => ({ operation, server, rounds: [] as Round[] })),
		);
	// The first round warms up, for longer, and does not count: what a service
	// that runs for days compiled in its first seconds is compiled here, too.
	for (let round = first; round <= rounds; round += 1) {
		say(round === 0 ? "warming up" : `round ${round} of ${rounds}`);
		for (const entry of entries) {
			const time = round === 0 ? seconds * 3 : seconds;
			const measured = await measureEntry(entry, ids, time);
			if (round > 0) entry.rounds.push(measured);
		}
	}
	return summarise(
		entries.map(({ operation, server, rounds }) => ({
			operation,
			contestant: server.contestant,
			rounds,
		})),
	);
}

function measureEntry(
	{ operation, server }: { operation: Operation; server: Running },
	ids: string[],
	seconds: number,
): Promise<Round> {
	return measureLoad(server, operation.requests(server.contestant, ids), {
		seconds,
		verify: operation.verify,
		name: `${operation.name} of ${server.contestant.name}`,
	});
}

/** `--with` narrows the field to the floor, ours, and those it names. */
function takesPart({ name, isOurs }: Contestant): boolean {
	const isNeeded = isOurs || name.startsWith("floor");
	return values.with === undefined || isNeeded || values.with.includes(name);
}
