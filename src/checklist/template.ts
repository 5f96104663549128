import { checklist } from "./checklist.ts";
import type { Check, ChecklistPhase } from "./schema.ts";

/**
 * Renders the empty report from the checklist. `plugins/go-live` contains a copy of it, and a test compares the two.
 * Every placeholder is in square brackets; `[ ]` is a check that nobody has answered.
 *
 * @returns Markdown, ending with a newline.
 */
export function renderTemplate(): string {
	const header = [
		"**MCP Server Name:** [server name]",
		"**Repository:** [repository URL]",
		"**Developer:** [e-mail address]",
		"**Review Date:** [YYYY-MM-DD]",
		"**Review Duration:** [hours]",
		`**Checklist Version:** ${checklist.version}`,
	].join("\n");
	return `${[
		"# MCP Go-Live Production Readiness Report",
		header,
		...checklist.phases.flatMap((phase) => ["---", ...renderPhase(phase)]),
	].join("\n\n")}\n`;
}

/**
 * Returns the words at the beginning of the line with a phase's verdict.
 *
 * @returns For example `Security Assessment`, and `Final Verification` for the last phase.
 */
export function verdictLabel({ id, title }: ChecklistPhase): string {
	return id === "verification" ? title : `${title.split(" ")[0]} Assessment`;
}

function renderPhase(phase: ChecklistPhase): string[] {
	const sections = Map.groupBy(phase.checks, ({ section }) => section);
	return [
		`## Phase ${phase.number}: ${phase.title}`,
		...(phase.id === "security"
			? ["**Risk Level:** [🟢 LOW, 🟡 MEDIUM or 🔴 HIGH]"]
			: []),
		...[...sections].flatMap(([title, checks]) => [
			`### ${title}`,
			renderTable(checks),
		]),
		`**${verdictLabel(phase)}:** [PASS, WARNING or FAIL]`,
	];
}

function renderTable(checks: Check[]): string {
	return [
		"| Check | Status | Evidence |",
		"|---|---|---|",
		...checks.map(({ id, title }) => `| ${id} ${title} | [ ] | [evidence] |`),
	].join("\n");
}
