import { expect, test } from "vitest";
import { repositoryKey } from "../src/reports/repository.ts";
import { newReport, startService, submit } from "./helpers.ts";

const spellings = [
	"https://github.com/intility/mcp-servicenow",
	"http://github.com/intility/mcp-servicenow",
	"https://github.com/intility/mcp-servicenow.git",
	"https://github.com/intility/mcp-servicenow/",
	"https://github.com/intility/mcp-servicenow.git/",
	"https://GitHub.com/Intility/MCP-ServiceNow",
	"https://github.com:443/intility/mcp-servicenow",
	"http://github.com:80/intility/mcp-servicenow",
	"https://alex@github.com/intility/mcp-servicenow",
	"https://github.com./intility/mcp-servicenow",
	"https://github.com//intility//mcp-servicenow",
	"https://github.com/intility/./x/../mcp-servicenow",
	"https://github.com/intility/mcp%2Dservicenow",
	"https://github.com/intility/mcp-servicenow?tab=readme",
	"https://github.com/intility/mcp-servicenow#readme",
	"ssh://git@github.com/intility/mcp-servicenow.git",
	"ssh://git@github.com:22/intility/mcp-servicenow",
	"ssh://GITHUB.com/intility/mcp-servicenow",
	"git@github.com:intility/mcp-servicenow.git",
	"git@github.com:/intility/mcp-servicenow",
	"org-123@github.com:intility/mcp-servicenow",
	"  https://github.com/intility/mcp-servicenow  ".trim(),
];

test.each(spellings)("%s names the PRD's repository", (url) => {
	expect(repositoryKey(url)).toBe("github.com/intility/mcp-servicenow");
});

test.each([
	["https://git.example.com:8443/a/b", "git.example.com:8443/a/b"],
	["https://github.com/a/b.github.io", "github.com/a/b.github.io"],
	["https://gitlab.com/a/b/c/d.git", "gitlab.com/a/b/c/d"],
	["ssh://git@[::1]:2222/a/b", "[::1]:2222/a/b"],
	["https://bücher.example/a/B", "xn--bcher-kva.example/a/b"],
])("%s stays apart as %s", (url, key) => {
	expect(repositoryKey(url)).toBe(key);
});

const noRepositories = [
	"javascript:alert(1)",
	"data:text/html,x",
	"file:///etc/passwd",
	"ftp://github.com/a/b",
	"git://github.com/a/b",
	"github.com/a/b",
	"alex@example.com",
	"https://github.com",
	"https://github.com/",
	"https:///a",
	"https://",
	"git@github.com:",
	"https://alex:secret@github.com/a/b",
	"https://ghp_16C7e42F292c6912E7710c838347Ae178B4a@github.com/a/b",
	"https://0123456789abcdef0123456789abcdef@git.example.com/a/b",
	"https://git hub.com/a/b",
	"https://github.com/a/\u202eb",
	"java\nscript:alert(1)",
	"https://github.com/a\nb",
	"not a url",
];

test.each(noRepositories)("%j is no repository", (url) => {
	expect(repositoryKey(url)).toBeUndefined();
});

test("all spellings of one repository collide, and the list finds the report by any of them", async () => {
	const service = await startService();
	const first = await submit(service, { repository_url: spellings[0] });
	for (const repository_url of spellings) {
		const again = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport({ repository_url }),
		});
		expect(again).toMatchObject({
			status: 409,
			body: { existing_report_id: first.id },
		});
		const found = await service.ask({
			url: `/api/v1/reports?repository_url=${encodeURIComponent(repository_url)}`,
		});
		expect(found.body).toMatchObject([{ id: first.id }]);
	}
});

test("a URL that is no repository is refused with a sentence", async () => {
	const service = await startService();
	for (const repository_url of noRepositories) {
		const { status, body } = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport({ repository_url }),
		});
		expect(status, repository_url).toBe(400);
		expect(body.issues).toMatchObject([
			{
				path: "repository_url",
				message: expect.stringMatching(/https|hidden/),
			},
		]);
	}
});
