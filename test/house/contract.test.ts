import fc from "fast-check";
import type { Response as InjectedResponse } from "light-my-request";
import { afterAll, beforeAll, expect, test } from "vitest";
import { odditiesOf } from "../support/contract-oddities.ts";
import {
	type Memory,
	type PlannedRequest,
	requestTo,
} from "../support/contract-requests.ts";
import { startService, submit, type TestService } from "../support/helpers.ts";
import { oneOf } from "../support/hostile.ts";
import {
	compileSchema,
	operations,
	type Schema,
} from "../support/openapi-document.ts";

let service: TestService;
const memory: Memory = { ids: [], etags: [], repositoryUrls: [] };
/** How often each status was answered. */
const seen = new Map<number, number>();

beforeAll(async () => {
	service = await startService(afterAll);
	for (let count = 0; count < 3; count++) {
		const { id, repository_url } = await submit(service);
		const { headers } = await service.ask({ url: `/api/v1/reports/${id}` });
		memory.ids.push(id);
		memory.repositoryUrls.push(repository_url);
		memory.etags.push(String(headers.etag));
	}
});

/** A body has more ways to be wrong than a path. */
const weighted = operations.map(
	(operation) =>
		[operation.requestBody ? 4 : 1, fc.constant(operation)] as const,
);

test("whatever is sent, the answer is one that the document describes", async () => {
	await fc.assert(
		fc.asyncProperty(oneOf(...weighted).chain(requestTo), async (request) => {
			const answer = await send(request);
			seen.set(answer.statusCode, (seen.get(answer.statusCode) ?? 0) + 1);
			checkAnswer(request, answer);
			remember(answer);
		}),
		{ numRuns: 5000, interruptAfterTimeLimit: 60_000 },
	);
}, 90_000);

test("the requests of the test before this one really met every kind of answer", () => {
	for (const status of [200, 201, 304, 400, 403, 404, 409, 413, 415]) {
		expect(seen.get(status), `answers with status ${status}`).toBeGreaterThan(
			0,
		);
	}
});

test.each(
	operations.flatMap((operation) =>
		odditiesOf(operation).map(
			([title, request, statuses]) =>
				[operation.operationId, title, request, statuses] as const,
		),
	),
)(
	"%s is asked as clients really ask: %s",
	async (_operation, _title, request, statuses) => {
		const answer = await send(request);
		checkAnswer(request, answer);
		if (statuses) expect(statuses, answer.body).toContain(answer.statusCode);
	},
);

function send(request: PlannedRequest): Promise<InjectedResponse> {
	const payload = request.payload?.(memory);
	return service.app.inject({
		method: request.method as "GET",
		url: request.url(memory),
		headers: request.headers(memory),
		...(payload !== undefined && { payload }),
	});
}

/** Fails when the document does not describe the answer: status, headers, type or body. */
function checkAnswer(
	{ operation, method }: PlannedRequest,
	answer: InjectedResponse,
): void {
	const { statusCode: status, headers } = answer;
	const described = operation.responses[status];
	const { url, headers: sent } = answer.raw.req as unknown as Sent;
	const told = `${method} ${url} with ${JSON.stringify(sent)} answered ${status}: ${answer.body.slice(0, 500)}`;
	expect(status, told).toBeLessThan(500);
	if (!described) throw new Error(`the document does not know that ${told}`);

	for (const [name, { required, schema }] of Object.entries(
		described.headers ?? {},
	)) {
		const value = headers[name.toLowerCase()];
		if (required) expect(value, `${name} where ${told}`).toBeDefined();
		if (value !== undefined)
			expectValid(schema, value, `${name} where ${told}`);
	}
	expect(headers["x-content-type-options"]).toBe("nosniff");

	if (!described.content || method === "HEAD") {
		expect(answer.body, told).toBe("");
		return;
	}
	const type = String(headers["content-type"]).split(";", 1)[0] ?? "";
	const media = described.content[type];
	if (!media)
		throw new Error(`the document does not know ${type} where ${told}`);
	const body = answer.json();
	expectValid(media.schema, body, told);
	if (status >= 400) {
		expect(body).toMatchObject({ status, request_id: headers["x-request-id"] });
	}
}

/** What inject keeps of the request. */
interface Sent {
	url: string;
	headers: Record<string, string>;
}

const compiled = new Map<Schema, ReturnType<typeof compileSchema>>();

function expectValid(schema: Schema, value: unknown, told: string): void {
	const validate = compiled.get(schema) ?? compileSchema(schema);
	compiled.set(schema, validate);
	if (!validate(value)) expect(validate.errors, told).toBeNull();
}

function remember(answer: InjectedResponse): void {
	if (answer.statusCode === 201) {
		const { id, repository_url } = answer.json();
		memory.ids.push(id);
		memory.repositoryUrls.push(repository_url);
	}
	const { etag } = answer.headers;
	if (typeof etag === "string") memory.etags.push(etag);
}
