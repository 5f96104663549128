import { authentication } from "./phases/authentication.ts";
import { infrastructure } from "./phases/infrastructure.ts";
import { observability } from "./phases/observability.ts";
import { policy } from "./phases/policy.ts";
import { security } from "./phases/security.ts";
import { verification } from "./phases/verification.ts";
import type { Check, Checklist, Phase } from "./schema.ts";

/** The go-live checklist. Its version increases whenever a check changes; ids are never reused. */
export const checklist: Checklist = {
	version: "1.0.0",
	phases: [
		security,
		policy,
		infrastructure,
		authentication,
		observability,
		verification,
	],
};

/** Every check with the phase it belongs to, in the order of the checklist. */
export const allChecks: readonly { phase: Phase; check: Check }[] =
	checklist.phases.flatMap(({ id, checks }) =>
		checks.map((check) => ({ phase: id, check })),
	);
