import type { Phase } from "../schema.ts";

/** Reports' names for the phases, in English and Norwegian: the first words that name the subject. */
export const phaseNames: Record<Phase, string[]> = {
	security: [
		"security assessment",
		"security",
		"security review",
		"sikkerhet",
		"sikkerhetsvurdering",
		"lethal trifecta assessment",
	],
	policy: [
		"policy compliance",
		"policy",
		"software engineering policy",
		"intility policy",
		"intility policy check",
		"intility software engineering policy",
		"retningslinjer",
		"etterlevelse av retningslinjer",
		"policyetterlevelse",
	],
	infrastructure: [
		"infrastructure setup",
		"infrastructure",
		"infrastruktur",
		"oppsett av infrastruktur",
	],
	authentication: [
		"authentication validation",
		"authentication",
		"obo validation",
		"auth validation",
		"authentication and authorization",
		"autentisering",
		"validering av autentisering",
	],
	observability: [
		"observability setup",
		"observability",
		"monitoring and observability",
		"logfire setup",
		"observerbarhet",
		"overvåking",
		"overvåkning",
		"sporing og overvåking",
	],
	verification: [
		"final verification",
		"verification",
		"final review",
		"endelig verifisering",
		"endelig kontroll",
		"sluttkontroll",
		"verifisering",
	],
};

/** Words before a phase's name or number in a heading. */
export const phaseWords = ["phase", "fase", "step", "steg", "part", "del"];

/** Words at the end of a verdict's label, after the name of a phase or alone. */
export const verdictWords = [
	"assessment",
	"verdict",
	"result",
	"status",
	"conclusion",
	"phase status",
	"phase result",
	"overall",
	"overall status",
	"vurdering",
	"konklusjon",
	"resultat",
	"samlet vurdering",
];

/** Labels of a verdict on the server as a whole. */
export const overallLabels = [
	"overall assessment",
	"overall verdict",
	"overall result",
	"overall conclusion",
	"final assessment",
	"final verdict",
	"final conclusion",
	"production readiness",
	"ready for production",
	"go live decision",
	"decision",
	"endelig vurdering",
	"endelig konklusjon",
	"totalvurdering",
];

/** Labels of a risk level. */
export const riskLabels = [
	"risk level",
	"risk",
	"overall risk",
	"overall risk level",
	"risk rating",
	"risiko",
	"risikonivå",
	"samlet risiko",
];
