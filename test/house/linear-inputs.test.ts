import { expect, test } from "vitest";
import { z } from "zod";
import { repositoryKey } from "../../src/core/repository.ts";
import { tools } from "../../src/facades/mcp/tools.ts";
import { appRouter } from "../../src/router.ts";

/** What expressions stumble over when it is repeated: ends, openers, escapes, marks and what combines with them. */
const pieces = [
	".git",
	".git/",
	".git.",
	".",
	"./",
	"../",
	"/",
	"//",
	"\\",
	"[",
	"]",
	"[]",
	"[a](",
	"(",
	"((a",
	"*a ",
	"_a",
	"**",
	"`",
	"``a",
	"~",
	"<",
	"<a ",
	"<!--",
	"&#",
	"&#x",
	"&amp",
	" ",
	"\t",
	"\n",
	"\r",
	"a ",
	"a@",
	"a.",
	"@",
	"-",
	":",
	"%",
	"%2",
	"%25",
	"\u0301",
	"a\u0301",
	"\u200b",
	"\u00e5",
	"\u0130",
	"\ufdfa",
	"😀",
	"0",
	"0-",
	"xn--",
	"=",
	"#",
	"?a",
];

/** What may stand before the repetition, so that it is looked at as what the field expects. */
const beginnings = [
	"",
	"https://x.no/a",
	"git@x.no:a",
	"a@x.no",
	"2025-10-20T10:00:00.",
];

const KIB = 1024;

type Field = [name: string, parse: (value: string) => unknown];

/** Every text that a caller can send, with a parser of the object that it stands in. */
const fields: Field[] = [
	...Object.entries(
		appRouter._def.procedures as unknown as Record<
			string,
			{ _def: { inputs: z.ZodType[] } }
		>,
	).flatMap(([path, { _def }]) =>
		_def.inputs.flatMap((input) => fieldsOf(path, input)),
	),
	...tools.flatMap(({ name, input }) => fieldsOf(name, input)),
	["repositoryKey", repositoryKey],
];

function fieldsOf(path: string, input: z.ZodType): Field[] {
	let object = input;
	while (object instanceof z.ZodPrefault) object = object.unwrap() as z.ZodType;
	if (!(object instanceof z.ZodObject)) throw new Error(`${path} takes what?`);
	return Object.keys(object.shape).flatMap((name): Field[] => [
		[`${path} ${name}`, (value) => input.safeParse({ [name]: value })],
		...(name === "report_json"
			? ([
					["value", (value) => input.safeParse({ [name]: { a: [value] } })],
					["key", (value) => input.safeParse({ [name]: { [value]: 1 } })],
				] satisfies Field[])
			: []),
	]);
}

/** Milliseconds of this thread's processor that something takes on average; the clock ticks every four. */
function cpuOf(times: number, act: () => unknown): number {
	const before = process.threadCpuUsage();
	for (let time = 0; time < times; time++) act();
	const { user, system } = process.threadCpuUsage(before);
	return (user + system) / 1000 / times;
}

/** The least of a few tries: the collector and the compiler take theirs out of any one. */
function leastCpuOf(limit: number, times: number, act: () => unknown): number {
	let least = cpuOf(times, act);
	for (let tries = 0; least > limit && tries < 4; tries++) {
		least = Math.min(least, cpuOf(times, act));
	}
	return least;
}

test("the list of fields is the whole contract's", () => {
	const names = fields.map(([name]) => name);
	expect(names).toContain("reports.submit report_data");
	expect(names).toContain("reports.setStatus review_notes");
	expect(names).toContain("confirmations.confirm token");
	expect(names).toContain("submit_report report_json");
});

test.each(pieces)(
	"%j, repeated, is read in time in proportion to its size",
	(piece) => {
		for (const beginning of beginnings) {
			for (const ending of ["", "x"]) {
				const text = (size: number) =>
					(beginning + piece.repeat(Math.ceil(size / piece.length))).slice(
						0,
						size - ending.length,
					) + ending;
				const [small, large] = [text(64 * KIB), text(1024 * KIB)] as const;
				for (const [name, parse] of fields) {
					const shown = `${name}: ${JSON.stringify(`${beginning}${piece}…${ending}`)}`;
					const took = leastCpuOf(50, 1, () => parse(large));
					expect(took, shown).toBeLessThanOrEqual(50);
					// What takes less than a few ticks of the clock proves nothing about proportions.
					if (took < 20) continue;
					const before = cpuOf(20, () => parse(small));
					expect(
						leastCpuOf(24 * before, 1, () => parse(large)),
						shown,
					).toBeLessThanOrEqual(24 * before);
				}
			}
		}
	},
);

test("every text of an input says how long it may be", () => {
	const unbounded: string[] = [];
	for (const [path, { _def }] of Object.entries(
		appRouter._def.procedures as unknown as Record<
			string,
			{ _def: { inputs: z.ZodType[] } }
		>,
	)) {
		for (const input of _def.inputs) {
			const schema = z.toJSONSchema(input, {
				io: "input",
				unrepresentable: "any",
			});
			findUnbounded(schema, path, unbounded);
		}
	}
	expect(unbounded).toEqual([]);
});

function findUnbounded(schema: unknown, path: string, found: string[]): void {
	if (typeof schema !== "object" || schema === null) return;
	const {
		type,
		maxLength,
		enum: words,
		format,
	} = schema as Record<string, unknown>;
	// A UUID's expression ends at its 36th character.
	if (
		type === "string" &&
		maxLength === undefined &&
		!words &&
		format !== "uuid"
	) {
		found.push(path);
	}
	for (const [key, value] of Object.entries(schema)) {
		// Of structured data the names are free, and all of it has one limit.
		if (key !== "propertyNames" && key !== "examples")
			findUnbounded(value, `${path}.${key}`, found);
	}
}
