import { expect, test } from "vitest";
import { assessReport } from "../src/checklist/assess.ts";
import type { Assessment } from "../src/checklist/schema.ts";
import { fillTemplate } from "./fill-template.ts";

const evidence = "Shown in the review of 2026-03-01";

test.for([
	"Complete failure",
	"Complete lack of scanning",
	"Completed 0 of 8",
	"Verified that it is missing",
	"Verified: fails",
	"Pass → Fail",
	"Pass: not verified",
	"Pass, not really",
	"Pass (planned for Q3)",
	"Pass?? unclear",
	"Done? No",
	"Done by 2027",
	"Implemented nowhere",
	"Passes in theory",
	"Passed for dev only",
	"Approved by nobody",
	"Met the vendor, waiting",
	"In place of scanning we trust the vendor",
	"Okay, will do",
	"Yes, in 2027",
	"✅ Planned for Q3",
	"✅ Will be implemented",
	"✅ disabled",
	"✅ skipped",
	"✅ turned off",
	"✅ No scanner",
	"✅ Not needed",
])("the status %j is no pass", (status) => {
	const assessment = assessReport(
		fillTemplate({ "POL-5": { status, evidence } }),
	);
	expect(findStatus(assessment, "POL-5")).not.toBe("pass");
	expect(assessment.findings.map(({ check }) => check)).toContain("POL-5");
});

test.for(["Passes the user token straight to the API", "Pass-through"])(
	"the status %j does not answer a check on passing something on",
	(status) => {
		const assessment = assessReport(
			fillTemplate({ "AUTH-3": { status, evidence } }),
		);
		expect(findStatus(assessment, "AUTH-3")).toBe("missing");
	},
);

test.for([
	["✅ Pass", "POL-5"],
	["✅ Pass: no findings", "POL-5"],
	["✅ Verified and approved", "POL-5"],
	["✅ Pass (run 5512)", "POL-5"],
	["✅ Security scanning", "POL-5"],
	["Completed 8 of 8", "POL-5", "missing"],
	["✅ No API keys", "AUTH-1"],
	["✅ Ja, uten avvik", "POL-5"],
])("the status %j of %s is understood", ([status = "", id = "", other]) => {
	const assessment = assessReport(fillTemplate({ [id]: { status, evidence } }));
	expect(findStatus(assessment, id)).toBe(other ?? "pass");
});

test.for([
	"- ✅ Security scanning: turned off",
	"- [x] Security scanning: later",
	"- POL-5: implemented in 2027",
	"- Security scanning: done, by nobody",
	"- ✅ Removed the security scanning",
	"- ✅ We decided against security scanning",
	"- ✅ Skipped security scanning",
	"- [x] Security scanning to be added",
	"- ✅ Security scanning: 0 of 4 repositories",
	"- ✅ Security scanning?: does it run?",
	"| Check | Status |\n|---|---|\n| Removed the security scanning | ✅ |",
	"| Check | Status |\n|---|---|\n| Security scanning (planned) | ✅ |",
	"| Check | Status |\n|---|---|\n| Security scanning not configured | ✅ |",
	"| Check | Dev | Prod |\n|---|---|---|\n| Security scanning | ✅ | ✅ planned |",
	"## Security scanning\n\n**Status:** ✅ after the summer",
])("the text %j is no pass", (text) => {
	expect(findStatus(assessReport(text), "POL-5")).toBe("missing");
});

test.for([
	"- ✅ Security scanning: Trivy and CodeQL, run 5512",
	"- [x] Automated security scanning",
	"- POL-5: done, no findings",
	"- ✅ Security scanning: Trivy instead of API keys",
])("the text %j is a pass", (text) => {
	expect(findStatus(assessReport(text), "POL-5")).toBe("pass");
});

function findStatus({ phases }: Assessment, id: string): string | undefined {
	return phases.flatMap(({ checks }) => checks).find((check) => check.id === id)
		?.status;
}
