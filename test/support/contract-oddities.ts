import { gzipSync } from "node:zlib";
import type { Memory, PlannedRequest } from "./contract-requests.ts";
import { newReport } from "./helpers.ts";
import type { Operation } from "./openapi-document.ts";

/** What is odd about a request, the request itself, and the allowed answers; absent: any that are described. */
type Oddity = [title: string, request: PlannedRequest, statuses?: number[]];

const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };

/** Refused for the oddity itself, however valid the rest of the request is. */
const REFUSED = [400];
/** Read as if nothing were odd: the answer then depends on the state. */
const READ = [200, 201, 304, 400, 403, 404, 409];

/** Returns odd requests to an operation that clients have stumbled over, with one oddity each. */
export function odditiesOf(operation: Operation): Oddity[] {
	const { method, path } = operation;
	const isOpen = !path.startsWith("/api/");
	const ask = (
		changes: {
			path?: string;
			headers?: Record<string, string>;
			payload?: string | Buffer;
		} = {},
	): PlannedRequest => {
		const sent = changes.payload ?? bodyOf(operation);
		return {
			operation,
			method,
			url: ({ ids }: Memory) =>
				(changes.path ?? path).replace("{id}", String(ids[0])),
			headers: () => ({ ...(sent !== undefined && json), ...changes.headers }),
			...(sent !== undefined && { payload: () => sent }),
		};
	};
	const accepts: Oddity[] = [
		...["", "*/*", "application/*", "text/html", "APPLICATION/JSON;Q=0.5"],
		...["application/json;q=0", ";;,", "*/*;q=0"],
	].map((accept) => [`Accept: ${accept}`, ask({ headers: { accept } }), READ]);
	const escapes: Oddity[] = ["%00", "%2500", "%E2%80%AE", "%ED%A0%80"].map(
		(text) => [
			`${text} in the query`,
			ask({
				path: `${path}?search=${text}&repository_url=https://x.no/${text}`,
			}),
		],
	);
	return [
		["nothing odd", ask(), READ],
		["a slash at the end", ask({ path: `${path}/` }), READ],
		["a slash and an empty query", ask({ path: `${path}/?` }), READ],
		...accepts,
		...escapes,
		[
			"an unknown parameter",
			ask({ path: `${path}?statsu=approved` }),
			isOpen ? [200] : REFUSED,
		],
		[
			"__proto__",
			ask({ path: `${path}?__proto__=1` }),
			isOpen ? [200] : REFUSED,
		],
		...(path.includes("{id}")
			? ([
					[
						"%00 for an id",
						ask({ path: path.replace("{id}", "%00") }),
						REFUSED,
					],
					["%2500", ask({ path: path.replace("{id}", "%2500") }), REFUSED],
				] satisfies Oddity[])
			: []),
		...(method === "GET" ? [] : odditiesOfBody(operation, ask)),
	];
}

function odditiesOfBody(
	operation: Operation,
	ask: (changes: {
		headers?: Record<string, string>;
		payload?: string | Buffer;
	}) => PlannedRequest,
): Oddity[] {
	const body = bodyOf(operation);
	if (body === undefined) return [];
	const { properties = {}, required = [] } = (operation.requestBody?.content[
		"application/json"
	]?.schema ?? {}) as {
		properties?: Record<string, unknown>;
		required?: string[];
	};
	const nulls = Object.keys(properties)
		.filter((name) => !required.includes(name))
		.map((name) => [name, null]);
	const withNulls = { ...Object.fromEntries(nulls), ...JSON.parse(body) };
	const unlabelled = operation.method === "PATCH" ? READ : [415];
	return [
		[
			"null for what may be left out",
			ask({ payload: JSON.stringify(withNulls) }),
			READ,
		],
		[
			"more than is known",
			ask({ payload: `${body.slice(0, -1)},"more":1}` }),
			READ,
		],
		["labelled as a form", ask({ payload: body, headers: form }), unlabelled],
		[
			"compressed",
			ask({ payload: gzipSync(body), headers: { "content-encoding": "gzip" } }),
			[415],
		],
		[
			"of the coding identity",
			ask({ payload: body, headers: { "content-encoding": "Identity" } }),
			READ,
		],
		[
			"__proto__ in the body",
			ask({ payload: `${body.slice(0, -1)},"__proto__":{"a":1}}` }),
			REFUSED,
		],
		["a byte order mark", ask({ payload: `\uFEFF${body}` }), READ],
	];
}

/** Returns a body with which the operation succeeds. */
function bodyOf({ requestBody }: Operation): string | undefined {
	const media = requestBody?.content["application/json"];
	if (!media) return undefined;
	return JSON.stringify({
		...(media.example as object),
		...("report_data" in (media.example as object) && {
			repository_url: newReport().repository_url,
		}),
	});
}
