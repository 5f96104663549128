import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const source = resolve(import.meta.dirname, "../src");

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
	.filter((file) => file.endsWith(".ts"))
	.sort();

/**
 * How high a file stands: a file imports from its own rank's folder or from
 * lower ones. The first pattern that fits decides.
 */
const ranks: [pattern: RegExp, rank: number][] = [
	[/^(main\.ts$|commands\/)/, 7],
	[/^(app|client)\.ts$/, 6],
	[
		/^(rest|etags|procedure-inputs|send-response|generate-openapi|openapi|openapi-file|openapi-problem|openapi-problem-examples|docs|trpc-http|trpc-json|protected-resource|identify-callers)\.ts$/,
		5,
	],
	[/^mcp\//, 5],
	[/^web\/((.+-)?(routes|site)|recognise|refused-forms)\.ts$/, 5],
	[/^web\//, 1],
	[/^router\.ts$/, 4],
	[/^\w+\/([\w-]+-)?router\.ts$/, 3],
	[/^\w+\/([\w-]+-)?queries\.ts$/, 2],
	[/^assessments\/assess\.ts$/, 1],
	[/^assessments\/reassess\.ts$/, 3],
	[/^audit\/(verify|export)\.ts$/, 3],
	[/^audit\/(refusals|reads|erasing)\.ts$/, 2],
	[/^audit\/throttle\.ts$/, 0],
	[/^(queue\/reports-in-order|reports\/(owner|claim))\.ts$/, 2],
	[/^reports\/rekey\.ts$/, 1],
	[
		/^(reports\/one-report|decisions\/decide|sessions\/(sign-in|end|back-channel)|tokens\/create|confirmations\/request)\.ts$/,
		3,
	],
	[/^sessions\/logout-token\.ts$/, 1],
	[/^(trpc|auth|storage)\.ts$/, 2],
	[/^limits\//, 3],
	[/^(json-body|receive-body)\.ts$/, 3],
	[/^(origins|security-headers)\.ts$/, 2],
	[/^checklist\/(assessment-)?schema\.ts$/, 0],
	[/^checklist\//, 1],
	[/^(\w+\/rules|decisions\/quorum)\.ts$/, 1],
	[/^workers\//, 1],
	[
		/^(tables|database|migrations|migration-steps|embedded|prepared|read-together|snapshot|page-start|oidc|claims|access-token)\.ts$/,
		1,
	],
	[/^embedded\//, 0],
	[/^decisions\/history-limits\.ts$/, 0],
	[/^\w+\/(schema|repository|subfolder|if-match|forges|forge-[a-z]+)\.ts$/, 0],
	[
		/^(accept|errors|public-error|canonical-address|config|facade-of|identity|fields|logging|version|hidden-characters|body-limits|json-(object|parse|pick|reserved|scan|text)|client-name|linger|client-address|pool|drain|secrets|progress-bar|known-credentials|request-ids)\.ts$/,
		0,
	],
];

function rankOf(file: string): number {
	const found = ranks.find(([pattern]) => pattern.test(file));
	if (!found) throw new Error(`${file} has no rank: give it one in this test`);
	return found[1];
}

test.each(files)("%s imports only from its own rank or below", (file) => {
	for (const target of importsOf(file, /from "(\.[^"]+)"/g)) {
		expect(
			rankOf(target),
			`${file} imports ${target}, which stands above it`,
		).toBeLessThanOrEqual(rankOf(file));
	}
});

test("no file imports itself by way of others, types aside", () => {
	const done = new Set<string>();
	for (const file of files) expect(findCycle(file, [], done)).toBeUndefined();
	expect(done.size).toBe(files.length);
});

/** What is there when the program runs: a type is not. */
const byValue =
	/^(?:import (?:(?!type )[^;"]*from )?|export [*{][^;"]*from )"(\.[^"]+)"/gm;

function findCycle(
	file: string,
	path: string[],
	done: Set<string>,
): string[] | undefined {
	if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
	if (done.has(file)) return undefined;
	for (const imported of importsOf(file, byValue)) {
		const cycle = findCycle(imported, [...path, file], done);
		if (cycle) return cycle;
	}
	done.add(file);
	return undefined;
}

function importsOf(file: string, pattern: RegExp): string[] {
	const text = readFileSync(join(source, file), "utf8");
	return [...text.matchAll(pattern)].map(([, imported = ""]) =>
		relative(source, resolve(source, dirname(file), imported)),
	);
}

test("only the configuration reads the environment", () => {
	const readers = files.filter((file) =>
		readFileSync(join(source, file), "utf8").includes("process.env"),
	);
	// PostgreSQL's programs are given its PATH.
	expect(readers).toEqual(["config.ts", "embedded/binaries.ts"]);
});

test("every setting is explained in the README, and the README names no other", () => {
	const config = readFileSync(join(source, "config.ts"), "utf8");
	const known = [...config.matchAll(/^\t\t([A-Z_]+):/gm)].map(
		([, name]) => name,
	);
	const readme = readFileSync(resolve(source, "../README.md"), "utf8");
	const explained = [...readme.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(
		([, name]) => name,
	);
	expect(explained.sort()).toEqual(known.sort());
});

test("every folder of the source stands in the README's map", () => {
	const readme = readFileSync(resolve(source, "../README.md"), "utf8");
	const folders = new Set(files.map((file) => dirname(file).split("/")[0]));
	const missing = [...folders].filter(
		(folder) => folder !== "." && !readme.includes(`\`src/${folder}/`),
	);
	expect(missing).toEqual([]);
});

test("every script that the README names exists", () => {
	const readme = readFileSync(resolve(source, "../README.md"), "utf8");
	const { scripts } = JSON.parse(
		readFileSync(resolve(source, "../package.json"), "utf8"),
	) as { scripts: Record<string, string> };
	const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(
		([, name]) => name,
	);
	for (const name of named) expect(scripts).toHaveProperty([name ?? ""]);
	expect(named.length).toBeGreaterThan(0);
});
