import { expect, test } from "vitest";
import { Rule } from "../../src/checklist/assessment-schema.ts";
import { allChecks, checklist } from "../../src/checklist/checklist.ts";
import { rules } from "../../src/checklist/rules.ts";
import { Checklist } from "../../src/checklist/schema.ts";
import { renderTemplate } from "../../src/checklist/template.ts";
import { checkWordings } from "../../src/checklist/wordings/checks.ts";

test("the checklist has six phases, numbered in the skill's order", () => {
	expect(checklist.phases.map(({ number, id }) => `${number} ${id}`)).toEqual([
		"1 security",
		"2 policy",
		"3 infrastructure",
		"4 authentication",
		"5 observability",
		"6 verification",
	]);
	expect(Checklist.parse(checklist)).toEqual(checklist);
	expect(checklist.version).toMatch(/^\d+\.\d+\.\d+$/);
});

test("every check has its own id, numbered without gaps within its phase", () => {
	for (const { checks } of checklist.phases) {
		const prefix = checks[0]?.id.split("-")[0];
		expect(checks.map(({ id }) => id)).toEqual(
			checks.map((_, index) => `${prefix}-${index + 1}`),
		);
	}
	expect(new Set(allChecks.map(({ check }) => check.title)).size).toBe(36);
});

test("the red flags of the skill are critical checks", () => {
	const critical = allChecks.filter(
		({ check }) => check.severity === "critical",
	);
	expect(critical.map(({ check }) => check.id)).toEqual([
		"SEC-4",
		"SEC-5",
		"POL-3",
		"POL-5",
		"POL-6",
		"AUTH-1",
	]);
});

test("every check says what to ask, what counts, how to verify and what to change", () => {
	for (const { check } of allChecks) {
		for (const text of [check.evidence, check.verify, check.redesign])
			expect(text.length, check.id).toBeGreaterThan(20);
		expect(check.question, check.id).toMatch(/\?$/);
	}
});

test("no command in the checklist changes anything", () => {
	const commands = allChecks.flatMap(({ check }) =>
		[...check.verify.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text),
	);
	expect(commands.length).toBeGreaterThan(15);
	expect(commands.join("\n")).not.toMatch(
		/\b(?:delete|apply|create|patch|edit|rm|drop|push|reset|scale|rollout|exec|install|upgrade)\b/i,
	);
});

test("references lead to the publishers themselves, over HTTPS", () => {
	const publishers = new Set([
		"owasp.org",
		"genai.owasp.org",
		"github.com",
		"modelcontextprotocol.io",
		"simonwillison.net",
		"www.rfc-editor.org",
		"learn.microsoft.com",
		"slsa.dev",
		"spdx.dev",
		"cyclonedx.org",
		"gateway.envoyproxy.io",
		"kubernetes.io",
		"opentelemetry.io",
		"logfire.pydantic.dev",
	]);
	for (const { check } of allChecks)
		for (const { url } of check.references) {
			expect(url).toMatch(/^https:/);
			expect(publishers, url).toContain(new URL(url).host);
		}
});

test("the template asks for every check once, under its phase", () => {
	const template = renderTemplate();
	for (const { check } of allChecks)
		expect(
			template.split(`| ${check.id} ${check.title} | [ ] | [evidence] |\n`),
		).toHaveLength(2);
	for (const { number, title } of checklist.phases)
		expect(template).toContain(`\n## Phase ${number}: ${title}\n`);
	expect(template).toContain(`**Checklist Version:** ${checklist.version}\n`);
	expect(template.match(/^\*\*.*:\*\* \[PASS, WARNING or FAIL\]$/gm)).toEqual([
		"**Security Assessment:** [PASS, WARNING or FAIL]",
		"**Policy Assessment:** [PASS, WARNING or FAIL]",
		"**Infrastructure Assessment:** [PASS, WARNING or FAIL]",
		"**Authentication Assessment:** [PASS, WARNING or FAIL]",
		"**Observability Assessment:** [PASS, WARNING or FAIL]",
		"**Final Verification:** [PASS, WARNING or FAIL]",
	]);
});

test("other wordings belong to checks that exist", () => {
	const ids = allChecks.map(({ check }) => check.id);
	expect(Object.keys(checkWordings)).toEqual(ids);
});

test("every rule has an id of its own and says how to fix what it finds", () => {
	expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
	for (const rule of rules) {
		expect(Rule.parse(rule)).toEqual(rule);
		expect(rule.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
		expect(rule.fix.length, rule.id).toBeGreaterThan(20);
	}
});
