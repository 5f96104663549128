import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allChecks, checklist } from "../../src/checklist/checklist.ts";

const root = join(import.meta.dirname, "../..");
const plugin = join(root, "plugins/go-live");
const skill = join(plugin, "skills/mcp-go-live");

const packageJson = readJson(join(root, "package.json"));
const marketplace = readJson(join(root, ".claude-plugin/marketplace.json"));
const manifest = readJson(join(plugin, ".claude-plugin/plugin.json"));

const files = readdirSync(skill, { recursive: true, encoding: "utf8" })
	.filter((path) => path.endsWith(".md"))
	.map((path) => ({ path, text: read(join(skill, path)) }));
const [, frontMatter = "", body = ""] =
	/^---\n(.*?)\n---\n(.*)$/s.exec(read(join(skill, "SKILL.md"))) ?? [];

describe("the marketplace", () => {
	test("offers one plugin, whose folder is in this repository", () => {
		expect(marketplace.plugins).toHaveLength(1);
		const [entry] = marketplace.plugins;
		expect(entry.name).toBe(manifest.name);
		expect(entry.source).toMatch(/^\.\/[\w/-]+$/);
		expect(
			existsSync(join(root, entry.source, ".claude-plugin/plugin.json")),
		).toBe(true);
	});

	test("has the names that the README tells a developer to type", () => {
		expect(`${manifest.name}@${marketplace.name}`).toBe("go-live@mcp-go-live");
		expect(marketplace.owner.name).toBeTruthy();
	});

	test("and plugin, skill and package have one version", () => {
		expect({
			marketplace: marketplace.plugins[0].version,
			plugin: manifest.version,
			skill: /^ {2}version: "(.+)"$/m.exec(frontMatter)?.[1],
		}).toEqual({
			marketplace: packageJson.version,
			plugin: packageJson.version,
			skill: packageJson.version,
		});
	});
});

describe("the plugin", () => {
	test("connects to the address in its configuration, by default on this machine", () => {
		expect(readJson(join(plugin, ".mcp.json"))).toEqual({
			mcpServers: {
				"go-live": {
					type: "http",
					// biome-ignore lint/suspicious/noTemplateCurlyInString: Claude Code replaces it
					url: "${user_config.url}",
					headers: {
						// Claude Code signs nobody in where Authorization is set, even to nothing.
						// biome-ignore lint/suspicious/noTemplateCurlyInString: Claude Code replaces it
						"X-Go-Live-Token": "${user_config.token}",
					},
				},
			},
		});
		expect(manifest.userConfig.url.default).toBe("http://127.0.0.1:8080/mcp");
	});

	test("can be used without a token, and keeps one as a secret", () => {
		expect(manifest.userConfig.token).toMatchObject({
			sensitive: true,
			required: false,
		});
	});
});

describe("the skill's front matter", () => {
	test("has fields of the agent skills specification only", () => {
		const allowed = [
			"name",
			"description",
			"license",
			"compatibility",
			"metadata",
			"allowed-tools",
		];
		const fields = [...frontMatter.matchAll(/^([\w-]+):/gm)].map(
			([, field]) => field,
		);
		expect(fields).toEqual(expect.arrayContaining(["name", "description"]));
		expect(fields.filter((field) => !allowed.includes(field ?? ""))).toEqual(
			[],
		);
	});

	test("names the skill like its folder", () => {
		const name = field("name");
		expect(name).toBe("mcp-go-live");
		expect(skill.endsWith(`/${name}`)).toBe(true);
		expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
	});

	test("says what the skill does and when to use it, within the limits", () => {
		expect(field("description").length).toBeLessThanOrEqual(1024);
		expect(field("description")).toContain("Use when");
		expect(field("compatibility").length).toBeLessThanOrEqual(500);
		// A colon followed by a space would need quotes in YAML.
		expect(field("description")).not.toContain(": ");
	});
});

describe("the skill", () => {
	test("has a body below 5,000 tokens", () => {
		// English text has about four characters to a token; 3.5 leaves room for tables and code.
		expect(body.length).toBeGreaterThan(0);
		expect(body.length / 3.5).toBeLessThan(5000);
	});

	test("names the file of every phase, and every file is named", () => {
		const named = [...body.matchAll(/^\*\*Files?:\*\* (.+)$/gm)].flatMap(
			([, line = ""]) =>
				[...line.matchAll(/\]\((.+?)\)/g)].map(([, path]) => path),
		);
		expect(named.toSorted()).toEqual(
			files
				.map(({ path }) => path)
				.filter((path) => path !== "SKILL.md")
				.toSorted(),
		);
	});

	test("has the six phases with the checklist's titles, in its order", () => {
		const titles = [...body.matchAll(/^### Phase (\d): (.+)$/gm)].map(
			([, number, title]) => ({ number: Number(number), title }),
		);
		expect(titles).toEqual(
			checklist.phases.map(({ number, title }) => ({ number, title })),
		);
	});

	test("keeps progress with the checklist's phases and present version", () => {
		expect(body).toContain(`- Checklist version: ${checklist.version}`);
		for (const { number, title } of checklist.phases) {
			expect(body).toMatch(
				new RegExp(`^- \\[[ x]\\] Phase ${number}: ${title}`, "m"),
			);
		}
	});

	test("counts the checks before phase 6 as the checklist does", () => {
		const count = allChecks.filter(
			({ phase }) => phase !== "verification",
		).length;
		expect(body).toContain(`${count} of ${count} checks answered`);
	});

	test.each([
		"All three lethal trifecta elements present",
		"Production data used in development/testing",
		"API keys or service principals instead of OBO",
		"Missing CI/CD pipeline",
		"No security scanning",
		"Prohibited MCP content types (audio, images, resource links)",
		"Never skip the security assessment phase",
		"don't auto-execute destructive operations",
	])("keeps the rule: %s", (rule) => {
		expect(body).toContain(rule);
	});

	test("speaks of the service's tools only, with their arguments", () => {
		const tools = [
			"submit_report",
			"list_servers",
			"get_report",
			"review_report",
			"check_report",
			"withdraw_report",
		];
		const calls = [...body.matchAll(/`([a-z]+_[a-z]+)\(([^)`]*)\)`/g)].map(
			([, name = "", parameters = ""]) => ({ name, parameters }),
		);
		expect(new Set(calls.map(({ name }) => name))).toEqual(new Set(tools));
		const named = files.flatMap(({ text }) =>
			[
				...text.matchAll(
					/\b(?:submit|list|get|review|check|withdraw|send|approve)_(?:reports?|servers?)\b/g,
				),
			].map(([name]) => name),
		);
		expect(named.filter((name) => !tools.includes(name))).toEqual([]);
		expect(calls.find(({ name }) => name === "submit_report")?.parameters).toBe(
			"server_name, repository_url, developer_email, report_markdown",
		);
	});
});

function read(path: string): string {
	return readFileSync(path, "utf8");
}

// biome-ignore lint/suspicious/noExplicitAny: the tests say what has to be in it
function readJson(path: string): any {
	return JSON.parse(read(path));
}

function field(name: string): string {
	return new RegExp(`^${name}: (.+)$`, "m").exec(frontMatter)?.[1] ?? "";
}
