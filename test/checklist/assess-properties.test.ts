import fc from "fast-check";
import { expect, test } from "vitest";
import { assessReport } from "../../src/checklist/assess.ts";
import { Assessment } from "../../src/checklist/assessment-schema.ts";
import { allChecks, checklist } from "../../src/checklist/checklist.ts";
import { verdictLabel } from "../../src/checklist/template.ts";
import { fillTemplate } from "../support/fill-template.ts";

const check = fc.constantFrom(...allChecks.map((entry) => entry.check));

/** Evidence as people write it, without the words that rules look for. */
const evidence = fc
	.array(
		fc.constantFrom(
			"run 5512",
			"`src/token.ts`",
			"[the log](https://ci.example.com/1)",
			"on 2026-03-01",
			"reviewed by kim@example.com",
			"på plass siden mars",
			"**checked twice**",
			"a \\| b",
			"OBO only",
		),
		{ minLength: 1, maxLength: 4 },
	)
	.map((parts) => `See ${parts.join(", ")}`);

/** Pieces of Markdown that parsers and readers stumble over. */
const fragment = fc.oneof(
	fc.constantFrom(
		"| SEC-1 | ✅ | ",
		"|---|---|\n",
		"| Check | Status |\n",
		"\n## Phase 4: ",
		"\n- [x] ",
		"\n- ✅ ",
		"```\n",
		"<!-- ",
		" -->",
		"<div>",
		"[a][b]",
		"![",
		"](",
		"**",
		"~~",
		"> ",
		"\t",
		"\r\n",
		"\n\n",
		"\u0000",
		"\uD800",
		"\u202E",
		"Risk Level: ",
		"Security Assessment: ",
		"PASS",
		"❌",
		"[...]",
		"&#x110000;",
	),
	fc.string({ unit: "binary", maxLength: 20 }),
);
const anything = fc.oneof(
	fc.string({ unit: "binary", maxLength: 500 }),
	fc.array(fragment, { maxLength: 60 }).map((parts) => parts.join("")),
);

test("whatever the bytes, the assessment ends, fits its schema and can be stored", () => {
	fc.assert(
		fc.property(anything, fc.anything(), (report, reportJson) => {
			const assessment = assessReport(report, { reportJson });
			expect(Assessment.parse(assessment)).toEqual(assessment);
			const stored = JSON.stringify(assessment);
			expect(stored.isWellFormed()).toBe(true);
			// PostgreSQL's jsonb refuses both.
			expect(stored).not.toMatch(/\\u0000|\\ud[89a-f]/i);
		}),
		{ numRuns: 1500 },
	);
});

test("the same report is always read in the same way", () => {
	fc.assert(
		fc.property(anything, (report) => {
			expect(assessReport(report)).toEqual(assessReport(report));
		}),
		{ numRuns: 100 },
	);
});

test("a filled template is complete and without errors, whatever its evidence", () => {
	const fillings = fc.record(
		Object.fromEntries(
			allChecks.map(({ check: { id, severity } }) => [
				id,
				fc.record({
					status: fc.constantFrom(
						"✅ Pass",
						"✅ Pass",
						// A critical check is never not applicable.
						severity === "critical" ? "✅ Pass" : "➖ N/A",
					),
					evidence,
				}),
			]),
		),
	);
	fc.assert(
		fc.property(fillings, (changes) => {
			const { completeness, error_count } = assessReport(fillTemplate(changes));
			expect({ completeness, error_count }).toEqual({
				completeness: 100,
				error_count: 0,
			});
		}),
		{ numRuns: 150 },
	);
});

test("an answer that is removed is missed", () => {
	fc.assert(
		fc.property(check, ({ id }) => {
			const { completeness, phases, findings } = assessReport(
				fillTemplate({ [id]: null }),
			);
			const answer = phases
				.flatMap((phase) => phase.checks)
				.find((one) => one.id === id);
			expect(completeness).toBe(97);
			expect(answer?.status).toBe("missing");
			expect(findings.map((finding) => finding.check)).toContain(id);
		}),
	);
});

test("an answer that is flipped is noticed", () => {
	const status = fc.constantFrom(
		"❌ Fail",
		"❌",
		"FAIL",
		"⚠️ Warning",
		"🟡",
		"➖ N/A",
		"[ ]",
		"",
		"TODO",
		"perhaps",
		"✅ Fail",
	);
	fc.assert(
		fc.property(check, status, ({ id }, flipped) => {
			const { findings } = assessReport(
				fillTemplate({ [id]: { status: flipped, evidence: "" } }),
			);
			expect(findings.map((finding) => finding.check)).toContain(id);
		}),
		{ numRuns: 300 },
	);
});

test("a verdict that is flipped or removed is noticed", () => {
	const phase = fc.constantFrom(...checklist.phases);
	fc.assert(
		fc.property(phase, fc.constantFrom("FAIL", "", "maybe"), (one, verdict) => {
			const label = `**${verdictLabel(one)}:**`;
			const report = fillTemplate().replace(
				`${label} PASS`,
				`${label} ${verdict}`,
			);
			const { findings } = assessReport(report);
			expect(findings.map((finding) => finding.phase)).toEqual([one.id]);
		}),
	);
});

test("the order of the phases and the depth of headings do not matter", () => {
	const [header = "", ...phases] = fillTemplate().split("---\n\n## ");
	const order = fc.shuffledSubarray(phases, { minLength: phases.length });
	fc.assert(
		fc.property(order, fc.constantFrom("#", "##", "####"), (shuffled, mark) => {
			const report = [header, ...shuffled].join(`\n\n${mark} `);
			const { completeness, findings } = assessReport(report);
			expect({ completeness, findings }).toEqual({
				completeness: 100,
				findings: [],
			});
		}),
		{ numRuns: 50 },
	);
});

test("nothing inside code or a comment is an answer", () => {
	const wrapped = [
		`\`\`\`\`\n${fillTemplate()}\n\`\`\`\`\n`,
		fillTemplate().replaceAll(/^/gm, "    "),
		`<!--\n${fillTemplate()}\n-->\n`,
		`~~~~ md\n${fillTemplate()}`,
	];
	for (const report of wrapped) {
		const { answered, phases } = assessReport(report);
		expect(answered).toBe(0);
		expect(phases.some(({ found }) => found)).toBe(false);
	}
});
