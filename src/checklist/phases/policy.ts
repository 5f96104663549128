import { owaspMcp, references } from "../references.ts";
import type { ChecklistPhase } from "../schema.ts";

const source = "Source and Release";
const testing = "Testing and Environments";
const supply = "Pipeline and Supply Chain";

/** Phase 2: the Intility Software Engineering Policy, and the origin of the server's parts. */
export const policy: ChecklistPhase = {
	id: "policy",
	number: 2,
	title: "Policy Compliance",
	summary:
		"The server is built, tested and released as the Intility Software Engineering Policy asks.",
	checks: [
		{
			id: "POL-1",
			title: "Source repository and documentation",
			severity: "required",
			section: source,
			question:
				"Is the source in the organisation's repository, with a README that says what the server does, who owns it and how it is run?",
			evidence:
				"The repository's address, and a README with purpose, owner, set-up and tools.",
			verify: "```sh\ngit remote -v\nls README* docs 2>/dev/null\n```",
			redesign:
				"Move the source to the organisation's repository and write the missing parts of the README.",
			references: [owaspMcp("MCP09 Shadow MCP Servers")],
		},
		{
			id: "POL-2",
			title: "Release management and code review",
			severity: "required",
			section: source,
			question:
				"Does every change reach production through a reviewed pull request and a tagged release?",
			evidence:
				"The protection rules of the main branch, and the last release with its reviewed changes.",
			verify:
				"```sh\ngh api repos/{owner}/{repo}/branches/main/protection\ngit tag --sort=-creatordate | head -5\n```",
			redesign:
				"Protect the main branch, require one review by another person, and release from tags.",
			references: [references.slsa],
		},
		{
			id: "POL-3",
			title: "Test or mock data only",
			severity: "critical",
			section: testing,
			question:
				"Do development and tests use test or mock data only, never data from production?",
			evidence:
				"Where the test data comes from, and the configuration that keeps tests away from production.",
			verify:
				"Look for production addresses in tests and development settings:\n\n```sh\ngit grep -niE 'prod(uction)?[._-]' -- test tests '*.env*' '*.yaml'\n```",
			redesign:
				"Stop. Remove the data from the test environment, report it as the policy says, and generate test data instead.",
			references: [],
		},
		{
			id: "POL-4",
			title: "Separate environments",
			severity: "required",
			section: testing,
			question:
				"Are development, test and production separate, each with its own identity, secrets and data?",
			evidence:
				"The environments with their namespaces or subscriptions, and one app registration for each.",
			verify: "```sh\nkubectl get namespaces\nkubectl config get-contexts\n```",
			redesign:
				"Give every environment its own namespace, app registration and secrets.",
			references: [owaspMcp("MCP01 Token Mismanagement & Secret Exposure")],
		},
		{
			id: "POL-5",
			title: "Security scanning",
			severity: "critical",
			section: supply,
			question:
				"Are code, dependencies, secrets and container image scanned on every change, and does a serious find stop the release?",
			evidence:
				"The pipeline steps that scan, and the result of the latest run with its open finds.",
			verify:
				"```sh\ngh run list --workflow <scan workflow> --limit 5\ntrivy image <image>\n```",
			redesign:
				"Stop. Add scanning of code, dependencies, secrets and image to the pipeline before the release.",
			references: [
				owaspMcp("MCP04 Software Supply Chain Attacks & Dependency Tampering"),
				owaspMcp("MCP01 Token Mismanagement & Secret Exposure"),
			],
		},
		{
			id: "POL-6",
			title: "CI/CD pipeline",
			severity: "critical",
			section: supply,
			question:
				"Does a pipeline build, test and deploy every version, so that nobody deploys by hand?",
			evidence: "The pipeline's definition, and its latest successful run.",
			verify: "```sh\nls .github/workflows\ngh run list --limit 5\n```",
			redesign:
				"Stop. Set up a pipeline that builds, tests and deploys from the main branch.",
			references: [references.slsa],
		},
		{
			id: "POL-7",
			title: "Zone Model",
			severity: "required",
			section: testing,
			question:
				"In which zone of the Zone Model does the server run, and are all its connections allowed from there?",
			evidence:
				"The zone, and every connection with its source zone, target zone and port.",
			verify:
				"Compare the server's connections with the Zone Model; each one that crosses a zone needs its approval.",
			redesign:
				"Move the server to the zone that its data demands, or take the connection out.",
			references: [],
		},
		{
			id: "POL-8",
			title: "Dependency pinning",
			severity: "required",
			section: supply,
			question:
				"Are all dependencies, base images and pipeline actions pinned to exact versions or digests?",
			evidence:
				"The committed lock file, the digest of the base image, and the pinned pipeline actions.",
			verify:
				"```sh\ngit ls-files | grep -E '(package-lock.json|pnpm-lock.yaml|uv.lock|poetry.lock|Cargo.lock)'\ngrep -n '^FROM' Dockerfile\ngrep -rn 'uses:' .github/workflows\n```",
			redesign:
				"Commit the lock file, pin images by digest and actions by commit, and let a bot propose updates.",
			references: [
				owaspMcp("MCP04 Software Supply Chain Attacks & Dependency Tampering"),
				references.slsa,
			],
		},
		{
			id: "POL-9",
			title: "Software bill of materials",
			severity: "recommended",
			section: supply,
			question:
				"Is a software bill of materials made for every release and kept with it?",
			evidence: "The SPDX or CycloneDX file of the latest release.",
			verify: "```sh\nsyft <image> -o cyclonedx-json > sbom.json\n```",
			redesign: "Add a step to the pipeline that makes and stores the file.",
			references: [references.spdx, references.cycloneDx],
		},
	],
};
