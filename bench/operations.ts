import type { Request } from "autocannon";
import type { Contestant } from "./contestants.ts";
import { writeReport } from "./samples.ts";

/** One thing that contestants are asked to do. */
export interface Operation {
	name: string;
	/** The operation of the floor that it is compared with. */
	like: "get" | "list" | "submit";
	/** How many of the floor's operations one request holds, when several. */
	times?: number;
	takesPart: (contestant: Contestant) => boolean;
	/** @param ids of reports that exist, in no order */
	requests: (contestant: Contestant, ids: string[]) => Request[];
	/** Whether an answer is a good one. */
	verify: (body: string) => boolean;
}

const isOurs = ({ isOurs }: Contestant) => isOurs === true;
const isTrpc = (contestant: Contestant) =>
	isOurs(contestant) || contestant.api === "trpc";
const isFloor = ({ name }: Contestant) => name.startsWith("floor");
const isRest = ({ api }: Contestant) => api === "rest";
const isFloorOrPeer = (contestant: Contestant) => isRest(contestant);

/** Every operation, in the order of the table. */
export const operations: Operation[] = [
	{
		name: "get",
		like: "get",
		takesPart: isFloorOrPeer,
		requests: (_, ids) =>
			few(ids).map((id) => ({ method: "GET", path: `/api/v1/reports/${id}` })),
		verify: isReport,
	},
	{
		// The service keeps what it sent last: of so many, it has none.
		name: "get, one after the other",
		like: "get",
		takesPart: isFloorOrPeer,
		requests: (_, ids) => [forEach(ids, (id) => `/api/v1/reports/${id}`)],
		verify: isReport,
	},
	{
		name: "list 50",
		like: "list",
		takesPart: isFloorOrPeer,
		requests: () => [{ method: "GET", path: "/api/v1/reports?limit=50" }],
		verify: (body) => body.split('"submitted_at"').length === 51,
	},
	{
		// The service reads a page once that several ask for in one moment: here nobody does.
		name: "list 50, one after the other",
		like: "list",
		takesPart: (contestant) => isOurs(contestant) || isFloor(contestant),
		requests: (_, ids) => [
			forEach(ids, (id) => `/api/v1/reports?limit=50&after=${id}`),
		],
		// The last page of all is shorter.
		verify: (body) => body.includes('"submitted_at"'),
	},
	{
		name: "submit 8 KiB",
		like: "submit",
		takesPart: isFloorOrPeer,
		requests: () => submissions("/api/v1/reports", (report) => report),
		verify: isReport,
	},
	{
		name: "tRPC get",
		like: "get",
		takesPart: isTrpc,
		requests: (contestant, ids) =>
			few(ids).map((id) => ({
				method: "GET",
				path: trpcPath([procedure(contestant, "get")], [{ id }]),
			})),
		verify: isReport,
	},
	{
		name: "tRPC list 50",
		like: "list",
		takesPart: isTrpc,
		requests: (contestant) => [
			{
				method: "GET",
				path: trpcPath([procedure(contestant, "list")], [{ limit: 50 }]),
			},
		],
		verify: (body) => body.split('"submitted_at"').length === 51,
	},
	{
		name: "tRPC submit 8 KiB",
		like: "submit",
		takesPart: isTrpc,
		requests: (contestant) =>
			submissions(
				`/trpc/${procedure(contestant, "submit")}?batch=1`,
				(report) => ({ 0: report }),
			),
		verify: isReport,
	},
	{
		name: "tRPC batch of 10 gets",
		like: "get",
		times: 10,
		takesPart: isTrpc,
		requests: (contestant, ids) =>
			Array.from({ length: few(ids).length / 10 }, (_, index) => {
				const ten = ids.slice(index * 10, index * 10 + 10);
				const names = ten.map(() => procedure(contestant, "get"));
				return {
					method: "GET",
					path: trpcPath(
						names,
						ten.map((id) => ({ id })),
					),
				};
			}),
		verify: (body) => body.split('"report_data"').length === 11,
	},
	{
		name: "MCP list_servers",
		like: "list",
		takesPart: isOurs,
		requests: () => [
			toolCall({ name: "list_servers", arguments: { limit: 50 } }),
		],
		verify: (body) => body.includes("## MCP Servers (all)"),
	},
	{
		name: "MCP submit_report",
		like: "submit",
		takesPart: isOurs,
		requests: () =>
			submissions("/mcp", ({ report_data, ...report }) =>
				toolCallBody({
					name: "submit_report",
					arguments: { ...report, report_markdown: report_data },
				}),
			),
		verify: (body) => body.includes("Report submitted successfully!"),
	},
];

/** What is asked for again and again. */
function few(ids: string[]): string[] {
	return ids.slice(0, 200);
}

let asked = 0;

/** A request that asks about another report each time. */
function forEach(ids: string[], pathOf: (id: string) => string): Request {
	return {
		method: "GET",
		path: "/",
		setupRequest(request) {
			asked += 1;
			return { ...request, path: pathOf(ids[asked % ids.length] ?? "") };
		},
	};
}

function isReport(body: string): boolean {
	return body.includes('"report_data":"# MCP Go-Live Production Readiness');
}

function procedure({ isOurs }: Contestant, name: string): string {
	return isOurs ? `reports.${name}` : name;
}

/** As `httpBatchLink` asks, of one procedure or several. */
function trpcPath(procedures: string[], inputs: object[]): string {
	const input = encodeURIComponent(JSON.stringify({ ...inputs }));
	return `/trpc/${procedures.join(",")}?batch=1&input=${input}`;
}

const headers = {
	"content-type": "application/json",
	accept: "application/json, text/event-stream",
};

const markdown = writeReport(8192);
let submitted = 0;

/** Submissions that never repeat a repository. */
function submissions(
	path: string,
	bodyOf: (report: Record<string, string>) => object,
): Request[] {
	return [
		{
			method: "POST",
			path,
			headers,
			setupRequest(request) {
				submitted += 1;
				const body = bodyOf({
					server_name: "mcp-bench",
					repository_url: `https://github.com/bench/${process.pid}-${Date.now()}-${submitted}`,
					developer_email: "alex@example.com",
					report_data: markdown,
				});
				return { ...request, body: JSON.stringify(body) };
			},
		},
	];
}

function toolCallBody(params: object): object {
	return { jsonrpc: "2.0", id: 1, method: "tools/call", params };
}

function toolCall(params: object): Request {
	return {
		method: "POST",
		path: "/mcp",
		headers,
		body: JSON.stringify(toolCallBody(params)),
	};
}
