import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { allChecks } from "../../src/checklist/checklist.ts";
import { renderTemplate } from "../../src/checklist/template.ts";

const skill = join(
	import.meta.dirname,
	"../../plugins/go-live/skills/mcp-go-live",
);
const files = readdirSync(skill, { recursive: true, encoding: "utf8" })
	.filter((path) => path.endsWith(".md"))
	.map((path) => ({ path, text: readFileSync(join(skill, path), "utf8") }));

/** Which file guides through which checks. */
const guides: Record<string, RegExp> = {
	"security/lethal-trifecta-check.md": /^SEC-/,
	"security/intility-policy-check.md": /^POL-/,
	"infrastructure/envoy-gateway-setup.md": /^INF-(?!3$)/,
	"infrastructure/audit-logging-config.md": /^INF-3$/,
	"authentication/obo-validation.md": /^AUTH-/,
	"observability/logfire-setup.md": /^OBS-/,
	"SKILL.md": /^VER-/,
};

describe("the phase files", () => {
	test("hold every check exactly once, with the checklist's id, title and severity, in its file", () => {
		const found = files.flatMap(({ path, text }) =>
			[...text.matchAll(/^#+ ([A-Z]{3,4}-\d+\b.*)$/gm)].map(
				([, heading = ""]) => ({ path, heading }),
			),
		);
		const expected = allChecks.map(({ check }) => ({
			path: Object.keys(guides).find((path) => guides[path]?.test(check.id)),
			heading: `${check.id} ${check.title} (${check.severity})`,
		}));
		expect(found.toSorted(byHeading)).toEqual(expected.toSorted(byHeading));
	});

	test.each(allChecks.map(({ check }) => check))(
		"ask the checklist's question for $id",
		(check) => {
			const part = partOf(check.id);
			expect(part).toContain(`\n**Ask:** ${check.question}\n`);
		},
	);

	test.each(
		allChecks
			.map(({ phase, check }) => ({ phase, ...check }))
			.filter(({ phase }) => phase !== "verification"),
	)(
		"say for $id why, what to show, what is good evidence and what is a failure",
		({ id }) => {
			const part = partOf(id);
			for (const label of [
				"**Why:**",
				"**Show:**",
				"**Good evidence:**",
				"**A failure looks like:**",
			]) {
				expect(part.split(label), label).toHaveLength(2);
			}
		},
	);

	test.each(
		allChecks
			.map(({ check }) => check)
			.filter(({ severity }) => severity === "critical"),
	)("stop the run when the critical check $id fails", ({ id }) => {
		expect(partOf(id)).toContain("**Red flag, STOP.**");
		const { text } = fileOf(id);
		expect(text.slice(text.indexOf("## What must be redesigned"))).toContain(
			id,
		);
	});

	test("link and name only files that exist", () => {
		const missing = files.flatMap(({ path, text }) => {
			const prose = text.replaceAll(/^```.*?^```/gms, "");
			const links = [...prose.matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g)]
				.map(([, target = ""]) => target)
				.filter((target) => !/^[a-z]+:/.test(target))
				.map((target) => relative(skill, join(skill, dirname(path), target)));
			const named = [
				...prose.matchAll(
					/`((?:security|infrastructure|authentication|observability|templates)\/[\w.-]+)`/g,
				),
			].map(([, target = ""]) => target);
			return [...links, ...named].filter(
				(target) => !existsSync(join(skill, target)),
			);
		});
		expect(missing).toEqual([]);
	});

	test("link only to sections that exist", () => {
		for (const { path, text } of files) {
			const sections = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
				title
					.toLowerCase()
					.replaceAll(/[^a-z0-9 -]/g, "")
					.replaceAll(" ", "-"),
			);
			const linked = [...text.matchAll(/\]\(#([\w-]+)\)/g)].map(([, id]) => id);
			expect(sections, path).toEqual(expect.arrayContaining(linked));
		}
	});

	test("close every code block", () => {
		for (const { path, text } of files) {
			expect((text.match(/^```/gm) ?? []).length % 2, path).toBe(0);
		}
	});
});

test("the report template is the one that the checklist gives; if not, write renderTemplate() to templates/go-live-report.md", () => {
	expect(textOf("templates/go-live-report.md")).toBe(renderTemplate());
});

function textOf(path: string): string {
	return files.find((file) => file.path === path)?.text ?? "";
}

function fileOf(id: string) {
	const path = Object.keys(guides).find((key) => guides[key]?.test(id)) ?? "";
	return { path, text: textOf(path) };
}

/** The part of a guide between a check's heading and the next heading. */
function partOf(id: string): string {
	const [, after = ""] = fileOf(id).text.split(
		new RegExp(`^### ${id} .*$`, "m"),
	);
	return after.split(/^#{2,3} /m)[0] ?? "";
}

function byHeading(one: { heading: string }, other: { heading: string }) {
	return one.heading < other.heading ? -1 : 1;
}
