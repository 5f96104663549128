import type { Contestant } from "./contestants.ts";
import { toMarkdown } from "./markdown.ts";
import { median, type Round } from "./measure.ts";
import type { Operation } from "./operations.ts";
import type { Results } from "./run.ts";

/** One contestant at one operation: medians over the rounds. */
export interface Line {
	operation: string;
	contestant: string;
	/** CPU milliseconds per request, and the least and most of a round. */
	cpuMs: number;
	cpuSpread: [least: number, most: number];
	/** CPU per request by that of the floor in the same round; per report in a batch. */
	toFloor: number | null;
	requestsPerSecond: number;
	p50: number;
	p99: number;
}

/** Medians and spreads; the floor's line of the same operation, or else of the like one, is what ratios refer to. */
export function summarise(
	entries: { operation: Operation; contestant: Contestant; rounds: Round[] }[],
): Line[] {
	const floors = entries.filter(({ contestant }) =>
		contestant.name.startsWith("floor"),
	);
	const floorOf = ({ name, like }: Operation) =>
		floors.find(({ operation }) => operation.name === name) ??
		floors.find(({ operation }) => operation.like === like);
	return entries.map(({ operation, contestant, rounds }) => {
		const floor = floorOf(operation);
		const cpu = rounds.map(({ cpuMs }) => cpuMs);
		const { times = 1 } = operation;
		const ratios = rounds.map(
			({ cpuMs }, index) =>
				cpuMs / times / (floor?.rounds[index]?.cpuMs ?? Number.NaN),
		);
		return {
			operation: operation.name,
			contestant: contestant.name,
			cpuMs: round(median(cpu), 3),
			cpuSpread: [round(Math.min(...cpu), 3), round(Math.max(...cpu), 3)],
			toFloor: floor ? round(median(ratios), 2) : null,
			requestsPerSecond: Math.round(median(rounds.map(({ rate }) => rate))),
			p50: round(median(rounds.map(({ p50 }) => p50)), 1),
			p99: round(median(rounds.map(({ p99 }) => p99)), 1),
		};
	});
}

/** The table and the bars, as Markdown on standard output. */
export function printTable(results: Results): void {
	const { machine, database, node, rounds, seconds, reports } = results;
	const rows = results.lines.map((line) => [
		line.operation,
		line.contestant,
		`${line.cpuMs.toFixed(3)} (${line.cpuSpread[0].toFixed(3)}–${line.cpuSpread[1].toFixed(3)})`,
		line.toFloor === null ? "" : line.toFloor.toFixed(2),
		String(line.requestsPerSecond),
		String(line.p50),
		String(line.p99),
	]);
	const out = [
		`${machine}, ${database}, Node ${node}: ${reports} reports of 8 KiB, 32 connections, median of ${rounds} rounds of ${seconds} s`,
		"",
		...toMarkdown(
			[
				"operation",
				"contestant",
				"CPU ms per request (spread)",
				"÷ floor",
				"requests/s",
				"p50 ms",
				"p99 ms",
			],
			rows,
		),
		"",
		...results.absent.map(
			({ contestant, why }) => `${contestant} did not take part: ${why}.`,
		),
		"",
		...toMarkdown(
			["bar", "asked", "measured", "met"],
			results.bars.map(({ bar, asked, measured, isMet }) => [
				bar,
				asked,
				measured === null ? "not measured" : measured.toFixed(2),
				isMet === null ? "" : isMet ? "yes" : "no",
			]),
		),
	];
	console.log(out.join("\n"));
}

/** A number as it is written. */
export function round(value: number, digits: number): number {
	return Number(value.toFixed(digits));
}
