import type { ChecklistPhase } from "../schema.ts";

const completion = "Completion";
const approval = "Approval";

/** Phase 6: the report itself. */
export const verification: ChecklistPhase = {
	id: "verification",
	number: 6,
	title: "Final Verification",
	summary:
		"The report is complete, its open points have an owner, and somebody stands for it.",
	checks: [
		{
			id: "VER-1",
			title: "Every phase complete",
			severity: "required",
			section: completion,
			question: "Is every check of the five phases before answered?",
			evidence: "The number of checks answered, of all.",
			verify:
				"Check the draft with the `check_report` tool; it names every check that is missing.",
			redesign: "Go back to the phase that the check names, and answer it.",
			references: [],
		},
		{
			id: "VER-2",
			title: "Open points",
			severity: "required",
			section: completion,
			question:
				"Does every warning and every recommendation not followed have an owner and a date?",
			evidence:
				"The list of open points, each with owner and date, or the statement that there are none.",
			verify: "Compare the list with every warning and failure in the report.",
			redesign: "Write down who closes each point, and until when.",
			references: [],
		},
		{
			id: "VER-3",
			title: "Configuration used",
			severity: "required",
			section: completion,
			question:
				"Which version, image and configuration does this report speak of?",
			evidence:
				"The commit, the image's digest, and the environment's configuration without secrets.",
			verify:
				"```sh\ngit rev-parse HEAD\nkubectl get deploy <name> -n <namespace> -o jsonpath='{.spec.template.spec.containers[*].image}'\n```",
			redesign: "Name the exact version that goes to production.",
			references: [],
		},
		{
			id: "VER-4",
			title: "Approval and timestamp",
			severity: "required",
			section: approval,
			question: "Who stands for this report, and when was it finished?",
			evidence: "Name or e-mail address of the owner, and the date and time.",
			verify: "Compare with the header of the report.",
			redesign: "Have the owner read the report, and write down name and time.",
			references: [],
		},
	],
};
