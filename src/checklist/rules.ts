import type { Rule } from "./assessment-schema.ts";

const missing = [
	{
		id: "phase-missing",
		severity: "error",
		title: "A phase is missing",
		meaning:
			"The report has neither a heading nor an answer for this phase, under any name or number.",
		fix: "Go through the phase with the skill, and add its section as in the template.",
	},
	{
		id: "check-missing",
		severity: "error",
		title: "A check is not answered",
		meaning:
			"The report has no answer to this critical or required check: the row is absent, or its status is empty.",
		fix: "Answer the check with Pass, Fail, Warning or N/A, and say what the answer is based on.",
	},
	{
		id: "recommended-check-missing",
		severity: "warning",
		title: "A recommended check is not answered",
		meaning: "The report has no answer to this recommended check.",
		fix: "Answer the check, or write N/A with the reason.",
	},
	{
		id: "status-not-understood",
		severity: "error",
		title: "An answer could not be understood",
		meaning:
			"The check is in the report, but its status could mean more than one thing. It counts as not answered.",
		fix: "Write ✅ Pass, ❌ Fail, ⚠️ Warning or ➖ N/A, and move everything else to the evidence.",
	},
	{
		id: "evidence-missing",
		severity: "warning",
		title: "An answer has no evidence",
		meaning:
			"The check is answered, but nothing says what the answer is based on.",
		fix: "Name the file, the configuration, the link or the run that shows it.",
	},
	{
		id: "not-applicable-without-reason",
		severity: "error",
		title: "N/A has no reason",
		meaning: "The check is declared not applicable, but nothing says why.",
		fix: "Write the reason in the evidence, or answer the check.",
	},
	{
		id: "verdict-missing",
		severity: "warning",
		title: "A phase has no verdict",
		meaning:
			"The phase does not end with a line such as **Security Assessment:** PASS.",
		fix: "Add the closing line with PASS, WARNING or FAIL.",
	},
	{
		id: "placeholder-left",
		severity: "error",
		title: "A placeholder is left",
		meaning:
			"The text still contains a placeholder: square brackets of the template, [...], TODO or TBD.",
		fix: "Replace the placeholder with the real text, or remove it.",
	},
] as const satisfies Rule[];

const failures = [
	{
		id: "check-failed",
		severity: "error",
		title: "A required check failed",
		meaning: "The report itself says that this required check does not pass.",
		fix: "Fix what the check asks for, and answer it again.",
	},
	{
		id: "critical-check-failed",
		severity: "error",
		title: "A critical check failed",
		meaning:
			"The report itself says that this critical check does not pass. The server must not go to production.",
		fix: "Stop and redesign as the check says, then start again with its phase.",
	},
	{
		id: "critical-check-not-passed",
		severity: "error",
		title: "A critical check does not pass",
		meaning:
			"The report answers a critical check with a warning or with N/A. A critical check must pass before the server goes to production.",
		fix: "Close what is open and answer the check with Pass, or answer it with Fail and redesign as the check says.",
	},
	{
		id: "verification-not-applicable",
		severity: "warning",
		title: "The final verification is not applicable",
		meaning:
			"The report declares a check of the last phase not applicable. Every report has answers, a configuration and somebody responsible for it.",
		fix: "Answer the check; where there are no open points, answer it with Pass and write None.",
	},
	{
		id: "recommended-check-failed",
		severity: "warning",
		title: "A recommended check failed",
		meaning: "The report says that this recommended check does not pass.",
		fix: "Follow the recommendation, or list it as an open point with owner and date.",
	},
	{
		id: "check-warning",
		severity: "warning",
		title: "A check passes with a warning",
		meaning: "The report answers this check with a warning.",
		fix: "Close it, or list it as an open point with owner and date.",
	},
	{
		id: "trifecta-complete",
		severity: "error",
		title: "The lethal trifecta is complete",
		meaning:
			"Private data, untrusted content and external communication come together in this server, so text from outside can make it leak data.",
		fix: "Remove one leg, or split the server so that no single part has all three.",
	},
	{
		id: "trifecta-unclear",
		severity: "warning",
		title: "A leg of the trifecta is unclear",
		meaning:
			"The check is answered, but the report does not say in words that are understood whether the leg is absent, under control or present.",
		fix: "Begin the evidence with None, Controlled or Present, and say what controls the leg.",
	},
	{
		id: "api-key-or-service-principal",
		severity: "error",
		title: "API key or service principal",
		meaning:
			"The report mentions an API key or a service principal where only the signed-in user's identity is allowed.",
		fix: "Replace it with a token exchange on behalf of the user.",
	},
	{
		id: "production-data-in-tests",
		severity: "error",
		title: "Production data in development or tests",
		meaning: "The report mentions production data outside production.",
		fix: "Remove the data, report it as the policy says, and use generated data.",
	},
	{
		id: "no-pipeline",
		severity: "error",
		title: "No CI/CD pipeline",
		meaning:
			"The report says that there is no pipeline, or that it is deployed by hand.",
		fix: "Build, test and deploy with a pipeline from the main branch.",
	},
	{
		id: "no-scanning",
		severity: "error",
		title: "No security scanning",
		meaning:
			"The report says that code, dependencies or image are not scanned.",
		fix: "Add scanning to the pipeline, and let a serious finding stop the release.",
	},
	{
		id: "prohibited-content",
		severity: "error",
		title: "Prohibited content types",
		meaning:
			"The report says that tools return audio, images or resource links.",
		fix: "Return text or structured data instead.",
	},
] as const satisfies Rule[];

const contradictions = [
	{
		id: "answer-contradiction",
		severity: "error",
		title: "A check is answered in two ways",
		meaning:
			"The report gives different answers to one check, a sign and a word that disagree, or evidence that says the opposite of the answer. The worse one counts.",
		fix: "Answer the check once.",
	},
	{
		id: "verdict-contradiction",
		severity: "error",
		title: "A verdict contradicts its checks",
		meaning:
			"The phase's verdict is better than its checks allow (PASS over a warning, PASS or WARNING over a failure), or worse than all of them, or it is given twice; or the report calls the server not ready while no check fails.",
		fix: "Correct the verdict or the check that is wrong.",
	},
	{
		id: "risk-contradiction",
		severity: "error",
		title: "The risk level is too low",
		meaning:
			"The report calls its risk low or medium, but a required or critical check fails or the trifecta is complete, so that it is high.",
		fix: "Correct the risk level, or the answers that are wrong.",
	},
	{
		id: "header-missing",
		severity: "warning",
		title: "A header field is missing",
		meaning:
			"The top of the report does not name the server, repository or developer.",
		fix: "Fill in the fields at the top as in the template.",
	},
	{
		id: "header-contradiction",
		severity: "error",
		title: "The header contradicts the submission",
		meaning:
			"The report names a different server, repository or e-mail address from the one it was submitted with, or names two.",
		fix: "Submit with the values in the report, or correct its header; name each once.",
	},
	{
		id: "checklist-version-differs",
		severity: "info",
		title: "Another version of the checklist",
		meaning: "The report was written with another version of the checklist.",
		fix: "Update the plugin, and answer the checks that are new.",
	},
	{
		id: "structured-data-contradiction",
		severity: "error",
		title: "The structured data contradict the report",
		meaning:
			"The submitted report_json contradicts the report's text. The text counts.",
		fix: "Generate both from the same answers.",
	},
] as const satisfies Rule[];

const text = [
	{
		id: "invisible-characters",
		severity: "error",
		title: "Invisible or bidirectional characters",
		meaning:
			"The text has characters that are invisible or reverse the order of letters, and can hide something.",
		fix: "Remove the characters; write the line again by hand.",
	},
	{
		id: "text-to-model",
		severity: "error",
		title: "Text addressed to a model",
		meaning:
			"The text looks like an instruction to the model that reads it, such as to ignore its instructions or to approve.",
		fix: "Remove the text. If it is quoted as an example, describe it instead.",
	},
	{
		id: "remote-image",
		severity: "warning",
		title: "Remote image",
		meaning:
			"An image from another server can change after the review, and shows its owner who reads the report.",
		fix: "Replace the image with text or a link.",
	},
	{
		id: "raw-html",
		severity: "warning",
		title: "Raw HTML",
		meaning:
			"HTML is not part of a report. Text inside an HTML block is not read as an answer.",
		fix: "Write it in Markdown.",
	},
	{
		id: "html-comment",
		severity: "info",
		title: "Comment",
		meaning: "A comment is invisible on a page. It is not read as an answer.",
		fix: "Remove the comment, or make it visible text.",
	},
	{
		id: "text-not-read",
		severity: "warning",
		title: "Text that was not read",
		meaning:
			"A paragraph or table cell is too long, or a list nested too deeply, to be read as an answer; or a heading or table stands inside a quote or hidden HTML, which answer nothing; or a row has more cells than its table, as after a | in a command.",
		fix: "Shorten the text, give every check its own row, write | in a cell as \\|, and take headings and tables out of quotes.",
	},
] as const satisfies Rule[];

/** Every rule of the assessment. Ids are stable; pages and documentation show this list. */
export const rules: readonly Rule[] = [
	...missing,
	...failures,
	...contradictions,
	...text,
];

/** Returns the rule with this id; undefined for a rule of an earlier version. */
export function findRule(id: string): Rule | undefined {
	return rules.find((rule) => rule.id === id);
}

/** The id of a rule. */
export type RuleId =
	| (typeof missing)[number]["id"]
	| (typeof failures)[number]["id"]
	| (typeof contradictions)[number]["id"]
	| (typeof text)[number]["id"];
