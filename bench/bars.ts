import type { Line } from "./table.ts";

/** A figure that a run is held to. */
export interface Bar {
	bar: string;
	/** Such as `≤ 1.15`. */
	asked: string;
	measured: number | null;
	isMet: boolean | null;
}

/** Holds the lines of a run to the bars; what did not take part is not judged. */
export function judge(lines: Line[]): Bar[] {
	const find = (operation: string, contestant = "ours") =>
		lines.find(
			(line) =>
				line.operation === operation && line.contestant.startsWith(contestant),
		);
	const toFloor = (bar: string, operation: string, most: number) =>
		atMost(bar, most, find(operation)?.toFloor);
	const rate = (operation: string, peer: string, least: number) =>
		atLeast(
			`${operation}: requests/s ÷ ${peer}`,
			least,
			divide(
				find(operation)?.requestsPerSecond,
				find(operation, peer)?.requestsPerSecond,
			),
		);
	return [
		toFloor("get ÷ floor", "get", 1.15),
		toFloor(
			"get, one after the other ÷ floor",
			"get, one after the other",
			1.15,
		),
		toFloor("list 50 ÷ floor", "list 50", 1.15),
		toFloor(
			"list 50, one after the other ÷ floor",
			"list 50, one after the other",
			1.15,
		),
		toFloor("submit with assessment ÷ floor", "submit 8 KiB", 1.25),
		toFloor("tRPC get ÷ floor", "tRPC get", 2.5),
		atMost(
			"MCP list_servers ÷ our REST list",
			2.5,
			divide(find("MCP list_servers")?.cpuMs, find("list 50")?.cpuMs),
		),
		rate("get", "Express", 2),
		rate("list 50", "Express", 2),
		rate("get", "FastAPI", 3),
		rate("list 50", "FastAPI", 3),
	];
}

function atMost(bar: string, most: number, value?: number | null): Bar {
	const measured = value ?? null;
	const isMet = measured === null ? null : measured <= most;
	return { bar, asked: `≤ ${most}`, measured, isMet };
}

function atLeast(bar: string, least: number, value?: number | null): Bar {
	const measured = value ?? null;
	const isMet = measured === null ? null : measured >= least;
	return { bar, asked: `≥ ${least}`, measured, isMet };
}

function divide(a: number | undefined, b: number | undefined) {
	return a === undefined || b === undefined ? null : Number((a / b).toFixed(2));
}
