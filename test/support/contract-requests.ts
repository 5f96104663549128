import fc from "fast-check";
import {
	hostileHeader,
	hostileJson,
	hostileString,
	notAnObject,
	oneOf,
	RawJson,
} from "./hostile.ts";
import type { Operation, Parameter, Schema } from "./openapi-document.ts";

/** What earlier answers contained, for later requests to use. */
export interface Memory {
	ids: string[];
	etags: string[];
	repositoryUrls: string[];
}

/** A request to an operation; values from the memory are picked when it is sent. */
export interface PlannedRequest {
	operation: Operation;
	method: string;
	url(memory: Memory): string;
	headers(memory: Memory): Record<string, string>;
	payload?(memory: Memory): string | Buffer;
}

/** A value that may have to be looked up in the memory. */
type Planned = (memory: Memory) => unknown;

/** Generates valid, nearly valid and hostile requests to an operation. */
export function requestTo(operation: Operation): fc.Arbitrary<PlannedRequest> {
	const { method, path } = operation;
	return fc
		.record({
			method:
				method === "GET"
					? oneOf([9, fc.constant("GET")], [1, fc.constant("HEAD")])
					: fc.constant(method),
			path: anyPath(path),
			query: anyQuery(operation.parameters),
			headers: anyHeaders(),
			body: operation.requestBody
				? anyBody(operation.requestBody.content["application/json"]?.schema)
				: fc.constant(undefined),
		})
		.map(({ method, path: pathIn, query, headers, body }) => ({
			operation,
			method,
			url: (memory) => pathIn(memory) + query(memory),
			headers: (memory) => ({
				...(body?.type && { "content-type": body.type }),
				...headers(memory),
			}),
			...(body && { payload: body.text }),
			// For a failed request, the report shows this instead of the whole operation.
			[fc.toStringMethod]: () => `${method} ${path} …`,
		}));
}

function anyPath(template: string): fc.Arbitrary<(memory: Memory) => string> {
	if (!template.includes("{")) return fc.constant(() => template);
	const id = oneOf(
		[16, known("ids")],
		[2, fc.uuid().map(always)],
		[1, known("ids").map((pick) => (m) => String(pick(m)).toUpperCase())],
		// Never empty: that would be the list, written with a slash.
		[1, hostileString.map((text) => always(encode(text || " ")))],
		[
			1,
			fc
				.constantFrom("%", "%zz", "%00", "%ff", "..%2f..", "%ED%A0%80", ";")
				.map(always),
		],
	);
	return id.map((id) => (memory) => template.replace("{id}", `${id(memory)}`));
}

function anyQuery(
	parameters: Parameter[],
): fc.Arbitrary<(memory: Memory) => string> {
	const inQuery = parameters.filter((parameter) => parameter.in === "query");
	const valid = inQuery.map(({ name, schema }) =>
		pair(name, value(name, schema)),
	);
	const hostile = [
		pair("limit", hostileString.map(always)),
		fc
			.constantFrom(
				...["limit=%zz", "status=all&status=rejected", "after=", "limit=1e2"],
				...[
					"limit[]=1",
					"limit=0x10",
					"__proto__=1",
					"constructor[prototype]=1",
				],
				...[
					"&&&",
					"=",
					"status=%ED%A0%80",
					"repository_url=javascript:alert(1)",
				],
			)
			.map((text) => always(text) as (memory: Memory) => string),
		...inQuery.map(({ name }) => pair(name, hostileString.map(always))),
	];
	return fc
		.array(
			oneOf(...valid.map((arb) => [9, arb] as const), [
				1,
				fc.oneof(...hostile),
			]),
			{
				maxLength: 2,
			},
		)
		.map(
			(pairs) => (memory) =>
				pairs.length > 0
					? `?${pairs.map((make) => make(memory)).join("&")}`
					: "",
		);
}

function pair(name: string, values: fc.Arbitrary<Planned>) {
	return values.map(
		(make) => (memory: Memory) => `${name}=${encode(String(make(memory)))}`,
	);
}

function anyHeaders(): fc.Arbitrary<
	(memory: Memory) => Record<string, string>
> {
	return fc
		.record(
			{
				"if-none-match": oneOf(
					[8, known("etags")],
					[1, known("etags").map((pick) => (m) => `"other", W/${pick(m)}`)],
					[
						1,
						fc.constantFrom("*", '"', "W/", ",,,", "x".repeat(500)).map(always),
					],
				),
				"if-match": oneOf(
					[4, fc.constant("*").map(always)],
					[4, known("etags")],
					[1, fc.constantFrom('"', "W/", ",,,", "x".repeat(3000)).map(always)],
				),
				accept: fc
					.constantFrom("text/html", "application/xml;q=", "*/*")
					.map(always),
				"x-request-id": fc
					.constantFrom(
						"trace-0123456789",
						"../../etc",
						"<script>",
						"x".repeat(99),
					)
					.map(always),
				"content-encoding": oneOf(
					[1, fc.constant("gzip").map(always)],
					[15, fc.constant("identity").map(always)],
				),
				cookie: hostileHeader.map(always),
			},
			{ requiredKeys: [] },
		)
		.chain((usual) =>
			oneOf(
				[30, fc.constant({})],
				[
					1,
					fc.constantFrom(
						{ host: always("go-live.attacker.example") },
						{ origin: always("https://attacker.example") },
						{ origin: always("null") },
					),
				],
			).map((foreign) => ({ ...usual, ...foreign })),
		)
		.map(
			(planned) => (memory) =>
				Object.fromEntries(
					Object.entries(planned).map(([name, make]) => [
						name,
						`${make(memory)}`,
					]),
				),
		);
}

interface PlannedBody {
	type: string | undefined;
	text(memory: Memory): string | Buffer;
}

function anyBody(schema: Schema | undefined): fc.Arbitrary<PlannedBody> {
	const properties = (schema?.properties ?? {}) as Record<string, Schema>;
	const names = Object.keys(properties);
	const valid = fc.record(
		Object.fromEntries(
			names.map((name) => [name, value(name, properties[name] ?? {})]),
		),
		{ requiredKeys: (schema?.required ?? []) as string[] },
	);
	const nearlyValid = fc
		.tuple(valid, fc.constantFrom(...names, "id", "status "), hostileJson)
		.map(([body, name, json]) => ({ ...body, [name]: always(json) }));
	const asJson = (body: Record<string, Planned>) => (memory: Memory) =>
		`{${Object.entries(body)
			.map(([name, make]) => {
				const made = make(memory);
				const json = made instanceof RawJson ? made.text : JSON.stringify(made);
				return `${JSON.stringify(name)}:${json}`;
			})
			.join(",")}}`;
	const json = fc.constantFrom(
		"application/json",
		"application/json; charset=utf-8",
	);
	const otherType = fc.constantFrom(
		...["text/plain", "application/xml", "multipart/form-data", "garbage", ""],
		"application/x-www-form-urlencoded",
	);
	return oneOf<PlannedBody>(
		[12, fc.record({ type: json, text: valid.map(asJson) })],
		[8, fc.record({ type: json, text: nearlyValid.map(asJson) })],
		[3, fc.record({ type: json, text: notAnObject.map((text) => () => text) })],
		[
			2,
			fc
				.record({ type: json, text: valid.map(asJson) })
				.map(({ type, text }) => ({
					type,
					text: (memory: Memory) => text(memory).slice(0, -1),
				})),
		],
		[2, fc.record({ type: otherType, text: valid.map(asJson) })],
	);
}

/** Generates a valid value, from the schema where it says enough. */
function value(name: string, schema: Schema): fc.Arbitrary<Planned> {
	if (name === "repository_url") {
		return oneOf(
			[1, known("repositoryUrls")],
			[
				2,
				fc
					.tuple(
						fc.constantFrom("https://git.example.com/", "git@git.example.com:"),
						fc.uuid(),
					)
					.map(([host, path]) => always(`${host}${path}`)),
			],
		);
	}
	if (schema.format === "uuid") return known("ids");
	if (schema.format === "email") return fc.constant(always("alex@example.com"));
	if (schema.enum) return fc.constantFrom(...(schema.enum as [])).map(always);
	if (schema.anyOf) {
		const options = (schema.anyOf as Schema[]).map((option) =>
			value(name, option),
		);
		return fc.oneof(...options);
	}
	if (schema.type === "null") return fc.constant(always(null));
	if (schema.type === "integer") {
		const [min, max] = [schema.minimum as number, schema.maximum as number];
		return fc.integer({ min, max: Math.min(max, min + 5) }).map(always);
	}
	if (schema.type === "object") {
		return fc.dictionary(fc.string(), fc.jsonValue()).map(always);
	}
	return fc
		.string({ minLength: 1, maxLength: 99 })
		.map((text) => always(`a${text}`));
}

/** Picks one of the last few, so that requests are about the same things: an ETag still matches. */
function known(what: keyof Memory): fc.Arbitrary<Planned> {
	return fc
		.nat(4)
		.map((back) => (memory) => memory[what].at(-1 - back) ?? memory[what][0]);
}

function always(value: unknown): Planned {
	return () => value;
}

/** Percent-encodes, with half surrogate pairs as the bytes they would be. */
function encode(text: string): string {
	return encodeURIComponent(text.toWellFormed());
}
