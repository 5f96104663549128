import { assessReport } from "../src/checklist/assess.ts";
import { renderTemplate } from "../src/checklist/template.ts";

/** A report and what the service reads out of it, as JSON. */
export interface SampleReport {
	markdown: string;
	assessment: string;
}

/** What claims nothing, and may be repeated. */
export const prose =
	"The server reads tickets with the signed-in user's own token, and returns\naggregated results only. It keeps no copy of **anything** that it reads.\n\n";

/** Our template as people fill it in. */
export function fillTemplate(answer = "✅ Pass"): string {
	return renderTemplate()
		.replaceAll(
			"| [ ] | [evidence] |",
			`| ${answer} | On behalf of the user: \`src/auth.ts\`, [run](https://ci.example.com/1) |`,
		)
		.replaceAll("[PASS, WARNING or FAIL]", "PASS")
		.replaceAll(/\[[^\]\n]{2,}\](?!\()/g, "as agreed in the review");
}

/**
 * A report as people write it: our template filled in, then prose, cut to a
 * size in bytes.
 */
export function writeReport(size: number, answer?: string): string {
	const bytes = Buffer.from(
		fillTemplate(answer) + prose.repeat(Math.ceil(size / prose.length)),
	);
	// A cut character becomes one question mark, so that the size is exact.
	return bytes.subarray(0, size).toString("utf8").replaceAll("\uFFFD", "?");
}

/** Reports that differ in how well they answer, each with its real assessment. */
export function sampleReports(size: number): SampleReport[] {
	const whole = writeReport(size);
	return Array.from({ length: 24 }, (_, index) => {
		let row = 0;
		const markdown = whole.replaceAll("| ✅ Pass |", (pass) => {
			row += 1;
			// One answer in 24 differs in most, every third in the worst.
			const differs = index > 20 ? row % 3 === 0 : row % 24 === index;
			if (!differs) return pass;
			return ["| ❌ Fail |", "| ⚠️ Warning |", "| [ ] |"][index % 3] ?? pass;
		});
		return { markdown, assessment: JSON.stringify(assessReport(markdown)) };
	});
}
