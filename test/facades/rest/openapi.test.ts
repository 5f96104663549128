import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startService } from "../../support/helpers.ts";
import {
	compileSchema,
	document,
	type Media,
	operationNamed,
	operations,
} from "../../support/openapi-document.ts";
import { withoutNames } from "../../support/without-names.ts";

const root = join(import.meta.dirname, "../../..");
const run = promisify(execFile);

test("openapi.json is what the router says today", async () => {
	const committed = await readFile(join(root, "openapi.json"), "utf8");
	expect(
		JSON.parse(committed),
		"openapi.json is stale: run `npm run generate` and commit the result",
	).toEqual(document);
});

test("the document is served beside the API and inside it", async () => {
	const service = await startService();
	for (const url of ["/openapi.json", "/api/v1/openapi.json"]) {
		const { status, headers, body } = await service.ask({ url });
		expect(status).toBe(200);
		expect(headers["content-type"]).toMatch(/^application\/json/);
		expect(body).toEqual(document);
	}
});

test("the document names the address that clients use, when it is told", async () => {
	const service = await startService(undefined, {
		PUBLIC_URL: "https://go-live.example.com",
	});
	const { body } = await service.ask({ url: "/openapi.json" });
	expect(body.servers).toEqual([{ url: "https://go-live.example.com" }]);
});

test("every operation has a camelCase id of its own", () => {
	const ids = operations.map(({ operationId }) => operationId);
	expect(ids.length).toBeGreaterThan(6);
	expect(new Set(ids).size).toBe(ids.length);
	for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][a-z]+)+$/);
});

test("every operation, tag, parameter, response and component says what it is", () => {
	const described = new Set<string>();
	for (const { name, description } of document.tags) {
		expect(description, name).toMatch(/\S/);
		described.add(name);
	}
	for (const operation of operations) {
		const { operationId, summary, description, tags = [] } = operation;
		expect(summary, operationId).toMatch(/\S/);
		expect(description, operationId).toMatch(/\S/);
		expect(tags, operationId).toHaveLength(1);
		expect(described, operationId).toContain(tags[0]);
		for (const parameter of operation.parameters) {
			expect(parameter.description, `${operationId} ${parameter.name}`).toMatch(
				/\S/,
			);
		}
		for (const [status, response] of Object.entries(operation.responses)) {
			expect(response.description, `${operationId} ${status}`).toMatch(/\S/);
			expect(response.headers, `${operationId} ${status}`).toHaveProperty(
				"X-Request-Id",
			);
		}
	}
});

test("every request and response has an example, and every example is valid", () => {
	let examples = 0;
	for (const { operationId, requestBody, responses } of operations) {
		const media: [string, Media][] = [
			...Object.entries(requestBody?.content ?? {}),
			...Object.values(responses).flatMap(({ content = {} }) =>
				Object.entries(content),
			),
		];
		for (const [type, { schema, example }] of media) {
			const validate = compileSchema(schema);
			expect(example, `${operationId} ${type}`).toBeDefined();
			validate(example);
			expect(validate.errors, `${operationId} ${type}`).toBeNull();
			examples++;
		}
	}
	expect(examples).toBeGreaterThan(operations.length * 2);
});

test("the example of a submitted report is what the service answers to the example of a submission", async () => {
	const service = await startService();
	const { requestBody, responses } = operationNamed("submitReport");
	const payload = requestBody?.content["application/json"]?.example as object;
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		payload,
	});
	const example = responses[201]?.content?.["application/json"]?.example;
	expect(JSON.parse(withoutNames(JSON.stringify(example)))).toEqual(
		JSON.parse(withoutNames(JSON.stringify(body))),
	);
});

test("only what everybody may call is said to need no proof of who calls", () => {
	const open = operations.filter(({ security }) => security?.length === 0);
	expect(open.map(({ path }) => path).sort()).toEqual(["/healthz", "/readyz"]);
	for (const { operationId, security, responses } of operations) {
		const isOpen = !responses[401];
		expect(security, operationId).toEqual(isOpen ? [] : [{ bearer: [] }, {}]);
	}
});

test("every address in the document belongs to example.com", () => {
	const addresses = JSON.stringify(document).match(/[\w.+-]+@[\w-]+(\.\w+)+/g);
	expect(addresses?.length).toBeGreaterThan(3);
	for (const address of addresses ?? []) {
		expect(address).toMatch(/@example\.com$/);
	}
});

test("Redocly's recommended rules find nothing in the document", async () => {
	const { stdout } = await runTool("node_modules/.bin/redocly", [
		"lint",
		"openapi.json",
		"--extends=recommended",
		"--format=json",
	]);
	const { totals, problems } = JSON.parse(stdout);
	expect(problems).toEqual([]);
	expect(totals).toMatchObject({ errors: 0, warnings: 0 });
});

test("Spectral's rules for OpenAPI find nothing in the document", async () => {
	const { stdout } = await runTool("node_modules/.bin/spectral", [
		"lint",
		"openapi.json",
		"--ruleset=test/spectral.yaml",
		"--fail-severity=hint",
		"--format=json",
		"--quiet",
	]);
	expect(JSON.parse(stdout)).toEqual([]);
});

test("openapi-typescript makes types of the document that a strict program can use", async () => {
	const tools = join(root, "test/tools/node_modules/.bin");
	const folder = await mkdtemp(join(tmpdir(), "go-live-openapi-"));
	onTestFinished(() => rm(folder, { recursive: true }));
	await runTool(join(tools, "openapi-typescript"), [
		"openapi.json",
		`--output=${join(folder, "api.d.ts")}`,
	]);
	await writeFile(join(folder, "use.ts"), use);
	await writeFile(
		join(folder, "tsconfig.json"),
		JSON.stringify({ compilerOptions }),
	);
	const { stdout } = await runTool(join(tools, "tsc"), ["-p", folder]);
	expect(stdout).toBe("");
});

const compilerOptions = {
	noEmit: true,
	strict: true,
	exactOptionalPropertyTypes: true,
	noUncheckedIndexedAccess: true,
	skipLibCheck: false,
	types: [],
};

/** A program over the generated types; each error it expects is one the types must find. */
const use = `
import type { components, operations } from "./api.d.ts";

type Submission = operations["submitReport"]["requestBody"]["content"]["application/json"];
type Report = operations["submitReport"]["responses"][201]["content"]["application/json"];
type Problem = operations["submitReport"]["responses"][409]["content"]["application/problem+json"];

export const submission: Submission = {
	server_name: "mcp-servicenow",
	repository_url: "https://github.com/intility/mcp-servicenow",
	developer_email: "alex@example.com",
	report_data: "# Go-Live Report",
};
// @ts-expect-error the report itself is missing
export const incomplete: Submission = { ...submission, report_data: undefined };

export function tell(report: Report): string {
	const status: "pending_review" | "approved" | "rejected" = report.status;
	const reviewer: string | null = report.reviewed_by;
	// @ts-expect-error nobody may have reviewed it yet
	const certain: string = report.reviewed_by;
	return [status, reviewer, certain, report.revision.toFixed()].join();
}
export function explain({ detail, issues }: Problem): string[] {
	return [detail, ...(issues ?? []).map(({ path, message }) => path + message)];
}
export const filter: operations["listReports"]["parameters"]["query"] = { status: "all", limit: 10 };
export const summary = (given: components["schemas"]["ReportSummary"]): string => given.id;
`;

/** Runs a tool on the Node that runs the tests; what it says counts, not how it ends. */
async function runTool(file: string, parameters: string[]) {
	return run(process.execPath, [resolve(root, file), ...parameters], {
		cwd: root,
		env: {
			...process.env,
			REDOCLY_TELEMETRY: "off",
			REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
		},
	}).catch((error: { stdout?: string; stderr?: string; message: string }) => {
		if (!error.stdout) throw error;
		return { stdout: error.stdout, stderr: error.stderr ?? "" };
	});
}
