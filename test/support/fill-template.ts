import { allChecks } from "../../src/checklist/checklist.ts";
import { renderTemplate } from "../../src/checklist/template.ts";

/** What to write into one row of the template. */
export type Filling = { status: string; evidence: string };

/** The beginning of the evidence for a leg of the trifecta. */
const openings: Record<string, string> = {
	"SEC-1": "Controlled: OBO only. ",
	"SEC-2": "Controlled: not in LLM context. ",
	"SEC-3": "None: all calls are internal. ",
};

/**
 * Returns the template with everything filled in, so that there is nothing to
 * find.
 *
 * @param changes Rows to fill in differently, by the id of their check; null
 *   omits the row.
 */
export function fillTemplate(
	changes: Record<string, Filling | null> = {},
): string {
	const filled = renderTemplate()
		.replace("[server name]", "mcp-servicenow")
		.replace("[repository URL]", "https://github.com/intility/mcp-servicenow")
		.replace("[e-mail address]", "alex@intility.no")
		.replace("[YYYY-MM-DD]", "2026-03-02")
		.replace("[hours]", "4 hours")
		.replace("[🟢 LOW, 🟡 MEDIUM or 🔴 HIGH]", "🟢 LOW")
		.replaceAll("[PASS, WARNING or FAIL]", "PASS");
	return allChecks.reduce((report, { check }) => {
		const change = changes[check.id];
		const row = `| ${check.id} ${check.title} | [ ] | [evidence] |\n`;
		const { status, evidence } = change ?? {
			status: "✅ Pass",
			evidence: `${openings[check.id] ?? ""}Shown in the review of 2026-03-01`,
		};
		const filling = `| ${check.id} ${check.title} | ${status} | ${evidence} |\n`;
		return report.replace(row, () => (change === null ? "" : filling));
	}, filled);
}
