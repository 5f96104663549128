import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const source = resolve(import.meta.dirname, "../../src");

/** What stands in `src/`, from top to bottom: an entry imports from itself and from what is below it. */
const entries = [
	"main.ts",
	"commands",
	"app.ts",
	"worker.ts",
	"facades",
	"router.ts",
	"features",
	"procedure.ts",
	"identity",
	"audit",
	"checklist",
	"platform",
	"core",
];

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
	.filter((file) => file.endsWith(".ts"))
	.sort();

const entryOf = (file: string) => file.split("/")[0] ?? "";
const roomOf = (file: string) => file.split("/")[1] ?? "";

/** What is there when the program runs: a type is not, and neither is what is loaded when it is called. */
const byValue =
	/^(?:import (?:(?!type )[^;"]*from )?|export [*{][^;"]*from )"(\.[^"]+)"/gm;

/** What is loaded when it is called. */
const whenCalled = /\bimport\("(\.[^"]+)"\)/g;

function importsOf(file: string, ...patterns: RegExp[]): string[] {
	const text = readFileSync(join(source, file), "utf8");
	return patterns
		.flatMap((pattern) => [...text.matchAll(pattern)])
		.map(([, imported = ""]) =>
			relative(source, resolve(source, dirname(file), imported)),
		);
}

const imports = files.flatMap((file) =>
	importsOf(file, byValue, whenCalled).map((target) => ({ file, target })),
);

test("src/ holds what the list names, and nothing else", () => {
	expect([...new Set(files.map(entryOf))].sort()).toEqual([...entries].sort());
});

test("an entry imports from itself and from what stands below it", () => {
	const wrong = imports.filter(
		({ file, target }) =>
			entries.indexOf(entryOf(target)) < entries.indexOf(entryOf(file)),
	);
	expect(wrong).toEqual([]);
	expect(imports.length).toBeGreaterThan(500);
});

test("a façade imports what every request passes, and no other façade", () => {
	const wrong = imports.filter(
		({ file, target }) =>
			entryOf(file) === "facades" &&
			entryOf(target) === "facades" &&
			roomOf(target) !== roomOf(file) &&
			roomOf(target) !== "http",
	);
	expect(wrong).toEqual([]);
});

test("features import each other without circles between their folders", () => {
	const rooms = new Map<string, string[]>();
	for (const { file, target } of imports) {
		if (entryOf(file) !== "features" || entryOf(target) !== "features")
			continue;
		if (roomOf(file) === roomOf(target)) continue;
		rooms.set(roomOf(file), [
			...(rooms.get(roomOf(file)) ?? []),
			roomOf(target),
		]);
	}
	expect(findCircle(rooms)).toBeUndefined();
});

test("no file imports itself by way of others, types aside", () => {
	const graph = new Map(files.map((file) => [file, importsOf(file, byValue)]));
	expect(findCircle(graph)).toBeUndefined();
});

/** The first circle of a graph, as the way around it. */
function findCircle(graph: Map<string, string[]>): string[] | undefined {
	const done = new Set<string>();
	const visit = (node: string, path: string[]): string[] | undefined => {
		if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
		if (done.has(node)) return undefined;
		for (const next of graph.get(node) ?? []) {
			const circle = visit(next, [...path, node]);
			if (circle) return circle;
		}
		done.add(node);
		return undefined;
	};
	for (const node of graph.keys()) {
		const circle = visit(node, []);
		if (circle) return circle;
	}
	return undefined;
}

test("a circle is found where there is one", () => {
	const graph = new Map([
		["a", ["b"]],
		["b", ["c"]],
		["c", ["a"]],
	]);
	expect(findCircle(graph)).toEqual(["a", "b", "c", "a"]);
	expect(findCircle(new Map([["a", ["b", "b"]]]))).toBeUndefined();
});

test("the list of the docs is this one", () => {
	const docs = readText("../docs/architecture.md");
	const [, list = ""] = /```\n(main\.ts[^`]*)```/.exec(docs) ?? [];
	const named = list
		.trim()
		.split("\n")
		.map((line) => line.split(/\/?\s/)[0]);
	expect(named).toEqual(entries);
});

test("only the configuration reads the environment", () => {
	const readers = files.filter((file) =>
		readFileSync(join(source, file), "utf8").includes("process.env"),
	);
	// PostgreSQL's programs are given its PATH.
	expect(readers).toEqual([
		"core/config.ts",
		"platform/postgres/embedded/binaries.ts",
	]);
});

test("every setting is explained in the README, and the README names no other", () => {
	const config = readText("core/config.ts");
	const known = [...config.matchAll(/^\t\t([A-Z_]+):/gm)].map(
		([, name]) => name,
	);
	const readme = readText("../README.md");
	const explained = [...readme.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(
		([, name]) => name,
	);
	expect(explained.sort()).toEqual(known.sort());
});

test("every entry of the source stands in the README's map", () => {
	const readme = readText("../README.md");
	const missing = entries.filter((entry) => !readme.includes(`\`src/${entry}`));
	expect(missing).toEqual([]);
});

test("every script that the README names exists", () => {
	const readme = readText("../README.md");
	const { scripts } = JSON.parse(readText("../package.json")) as {
		scripts: Record<string, string>;
	};
	const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(
		([, name]) => name,
	);
	for (const name of named) expect(scripts).toHaveProperty([name ?? ""]);
	expect(named.length).toBeGreaterThan(0);
});

function readText(path: string): string {
	return readFileSync(resolve(source, path), "utf8");
}
