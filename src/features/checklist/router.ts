import { z } from "zod";
import { Rule } from "../../checklist/assessment-schema.ts";
import { checklist } from "../../checklist/checklist.ts";
import { rules } from "../../checklist/rules.ts";
import { Checklist } from "../../checklist/schema.ts";
import { procedure, router } from "../../procedure.ts";

/** The first check and the first rule, as an example for the documentation. */
const example = {
	...checklist,
	phases: checklist.phases
		.slice(0, 1)
		.map((phase) => ({ ...phase, checks: phase.checks.slice(0, 1) })),
	rules: rules.slice(0, 1),
};

const ChecklistAndRules = Checklist.extend({
	rules: z
		.array(Rule)
		.describe(
			"What an assessment looks for, with what it means and how to fix it.",
		),
}).meta({ id: "ChecklistAndRules", examples: [example] });

/** The checklist as data, for skills, pages and people. */
export const checklistRouter = router({
	get: procedure
		.meta({
			access: "catalogue:read",
			openapi: {
				method: "GET",
				path: "/api/v1/checklist",
				operationId: "getChecklist",
				tags: ["Checklist"],
				summary: "Read the checklist",
				description:
					"The six phases with their checks, and the rules by which a report is assessed.",
			},
			rest: { success: 200, errors: {}, etag: true },
		})
		.output(ChecklistAndRules)
		.query(() => ({ ...checklist, rules: [...rules] })),
});
