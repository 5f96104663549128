import type { ChecklistPhase } from "../../checklist/schema.ts";
import { renderTemplate } from "../../checklist/template.ts";

/** Renders the checklist's phases, with one line per check. */
export function renderChecklist(version: string, phases: ChecklistPhase[]) {
	return `# MCP go-live checklist ${version}

${phases.map(renderOverview).join("\n\n")}
`;
}

/** Renders one phase with everything that is known about its checks. */
export function renderPhase(phase: ChecklistPhase): string {
	const checks = phase.checks.map(
		(check) => `## ${check.id} ${check.title} (${check.severity})

**Question:** ${check.question}

**Evidence:** ${check.evidence}

**How to verify:** ${check.verify}

**If it does not pass:** ${check.redesign}
${check.references.map(({ title, url }) => `\n- [${title}](${url})`).join("")}`,
	);
	return `# Phase ${phase.number}: ${phase.title}

${phase.summary}

${checks.join("\n\n")}
`;
}

/** Renders the prompt that starts the guided run in any client. */
export function renderGoLivePrompt(
	version: string,
	phases: ChecklistPhase[],
): string {
	return `Guide me through the production go-live checklist for my MCP server, as the platform team expects it.

- Ask first which phase I am in, or whether to start at the beginning. Never skip the security assessment.
- Take one phase at a time: read golive://checklist/{phase} when you can, and ask each check's question. Show me commands to run; never run one that changes something.
- Answer a check only with what I show you: ✅ Pass, ❌ Fail, ⚠️ Warning, or ➖ N/A with a reason. Never invent evidence.
- STOP and tell me what must be redesigned when all three legs of the lethal trifecta are present (private data, untrusted content, external communication), when production data is used in tests, API keys or service principals instead of on-behalf-of, without CI/CD or security scanning, or with prohibited content types (audio, images, resource links).
- Keep the progress in .go-live/progress.md in my project, and mark each phase complete before the next.
- At the end write go-live-report.md in the form below, call check_report on it, fix with me what is missing, and offer to call submit_report with the server name, repository and e-mail from its header.

${renderChecklist(version, phases)}
The report's form:

${"````"}markdown
${renderTemplate()}${"````"}
`;
}

function renderOverview(phase: ChecklistPhase): string {
	const checks = phase.checks.map(
		({ id, title, severity, question }) =>
			`- ${id} ${title} (${severity}): ${question}`,
	);
	return `## Phase ${phase.number}: ${phase.title} (${phase.id})\n\n${phase.summary}\n\n${checks.join("\n")}`;
}
