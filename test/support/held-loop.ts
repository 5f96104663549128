import { newReport } from "./helpers.ts";
import type { ServiceProcess } from "./service-process.ts";

const MIB = 1024 * 1024;

/** What one of the three façades takes for a report, or for something that is not one. */
export interface HeavyRequest {
	path: string;
	body: string;
}

const rpc = (name: string, args: string) =>
	`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`;

/** Returns the same members of a submission through every façade that accepts reports. */
export function throughEveryWayIn(
	members: Record<string, string>,
): Record<string, HeavyRequest> {
	const write = (markdown: string) => {
		const { report_data, ...report } = newReport();
		const all = Object.fromEntries([
			...Object.entries({ ...report, [markdown]: report_data }).map(
				([name, value]) => [name, JSON.stringify(value)],
			),
			...Object.entries(members).map(([name, json]) => [
				name === "report_data" ? markdown : name,
				json,
			]),
		]);
		return `{${Object.entries(all).map(([name, json]) => `"${name}":${json}`)}}`;
	};
	const mcp = () => rpc("submit_report", write("report_markdown"));
	return {
		REST: { path: "/api/v1/reports", body: write("report_data") },
		tRPC: { path: "/trpc/reports.submit", body: write("report_data") },
		"a batch of tRPC": {
			path: "/trpc/reports.check,reports.submit?batch=1",
			body: `{"0":{"report_data":"# A"},"1":${write("report_data")}}`,
		},
		MCP: { path: "/mcp", body: mcp() },
		"a batch of MCP": {
			path: "/mcp",
			body: `[${mcp()}]`,
		},
	};
}

/** Repeats a text up to a number of bytes. */
export function fill(piece: string, bytes: number): string {
	return piece.repeat(Math.floor(bytes / piece.length));
}

const keys = (count: number, name: (n: number) => string) =>
	`{${Array.from({ length: count }, (_, n) => `"${name(n)}":1`)}}`;

/**
 * Members of a submission that are heavy to read, and whether it can be
 * accepted: through every façade, or through those that ignore unknown members.
 */
export const heavyMembers: Record<
	string,
	{ members: Record<string, string>; isLegal?: true | "unless MCP" }
> = {
	"structured data of 1 MiB of [[],…]": {
		members: { report_json: `{"a":[${fill("[],", MIB)}0]}` },
	},
	"structured data of as many empty lists as there may be": {
		members: { report_json: `{"a":[${fill("[],", 3 * 49_000)}0]}` },
		isLegal: true,
	},
	"structured data of as many names as there may be": {
		members: { report_json: keys(49_000, (n) => n.toString(36)) },
		isLegal: true,
	},
	"structured data of as many whole numbers for names": {
		members: { report_json: keys(49_000, (n) => String(n * 7919)) },
		isLegal: true,
	},
	"structured data of as many different objects as there may be": {
		members: {
			report_json: `{"a":[${Array.from({ length: 33_000 }, (_, n) => `{"b${n}":1}`)}]}`,
		},
		isLegal: true,
	},
	"8 MiB of short keys beside the report": {
		members: { other: keys(700_000, (n) => n.toString(36)) },
	},
	"as many keys as there may be beside the report": {
		members: { other: keys(49_000, (n) => n.toString(36)) },
		isLegal: "unless MCP",
	},
	"a list of 8 MiB in place of a name": {
		members: { server_name: `[${fill("[],", 7 * MIB)}0]` },
	},
	"a name of 7 MiB": {
		members: { server_name: `"${fill("a ", 7 * MIB)}"` },
	},
	"a repository of 7 MiB": {
		members: { repository_url: `"https://x.no/a${fill(".git", 7 * MIB)}x"` },
	},
	"an e-mail address of 7 MiB": {
		members: { developer_email: `"${fill("a\u0301@", 7 * MIB)}"` },
	},
	"1 MiB of Markdown, escaped to 6": {
		members: { report_data: `"# A\\u000a${fill("\\u0061", 6 * (MIB - 8))}"` },
		isLegal: true,
	},
	"1 MiB of Markdown, all quotes": {
		members: { report_data: `"# A\\n${fill('\\"', 2 * (MIB - 8))}"` },
		isLegal: true,
	},
	"8 MiB of Markdown": {
		members: { report_data: `"${fill("æ", 7 * MIB)}"` },
	},
};

/** Returns the CPU time of a watched service's longest turn since the last call, in milliseconds. */
export async function longestTurn(service: ServiceProcess): Promise<number> {
	const said = () => service.logs().filter((line) => "held" in line);
	const before = said().length;
	service.child.kill("SIGUSR2");
	for (;;) {
		const now = said();
		if (now.length > before) return Number(now.at(-1)?.held);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
