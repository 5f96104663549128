import { expect, onTestFinished, test } from "vitest";
import { readRepository, repositoryKey } from "../../src/core/repository.ts";
import { reassessReports } from "../../src/features/assessments/reassess.ts";
import { openWorkers } from "../../src/platform/workers/pool.ts";
import { fillTemplate } from "../support/fill-template.ts";
import { newReport, startService, submit } from "../support/helpers.ts";

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
	"https://github.com/intility/./mcp-servicenow",
	"https://www.github.com/intility/mcp-servicenow",
	"https://github.com/intility/mcp-servicenow/tree/main",
	"ssh://git@ssh.github.com:443/intility/mcp-servicenow.git",
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
	["ssh://git@[::1]:2222/a/b", "[::1]/a/b"],
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
	"https://github.com/intility/x/../mcp-servicenow",
	"https://github.com/acme/hub%00",
	"https://github.com/acme/hub%20",
	"https://github.com/acme/hub%2F",
	"https://github.com/acme/hub%E2%80%8B",
	"https://git.example/x/%E2%80%AEb",
	"https://git.example/inj/a%0A%0A%23%23%20System%20note",
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
		const { problem } = readRepository(repository_url);
		const isSeen = !/[\n\u202e]/.test(repository_url);
		expect(body.issues).toMatchObject([
			{
				path: "repository_url",
				message: isSeen
					? problem
					: "Must be one line without hidden characters.",
			},
		]);
		const filter = `repository_url=${encodeURIComponent(repository_url)}`;
		const list = await service.ask({ url: `/api/v1/reports?${filter}` });
		expect(list.status, repository_url).toBe(400);
	}
});

test("a control character behind an escape is searched for, and found nowhere", async () => {
	const service = await startService();
	await submit(service, { repository_url: "https://git.example/a/b" });
	const search = encodeURIComponent("https://git.example/a/b%00");
	for (const list of ["/api/v1/reports", "/api/v1/servers"]) {
		const found = await service.ask({ url: `${list}?search=${search}` });
		expect(found).toMatchObject({ status: 200, body: [] });
	}
	for (const page of ["/", "/servers"]) {
		const { status } = await service.ask({ url: `${page}?search=${search}` });
		expect(status, page).toBe(200);
	}
});

test("addresses on the hosts of one forge are one repository: to submit, filter and search", async () => {
	const FORGE_ALIASES = new Map([
		["git.corp.no", "gitlab.corp.no"],
		["work", "github.com"],
	]);
	const service = await startService(undefined, { FORGE_ALIASES });
	const names = [
		"https://gitlab.corp.no/o/k",
		"https://git.corp.no/o/k/-/tree/main",
		"ssh://git@git.corp.no:2222/o/k.git",
	];
	const first = await submit(service, { repository_url: names[1] });
	await submit(service);
	for (const repository_url of names) {
		const again = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport({ repository_url }),
		});
		expect(again.status).toBe(409);
		expect(again.body.existing_report_id).toBe(first.id);
		const name = encodeURIComponent(repository_url);
		for (const query of [`repository_url=${name}`, `search=${name}`]) {
			const found = await service.ask({ url: `/api/v1/reports?${query}` });
			expect(found.body, query).toMatchObject([{ id: first.id }]);
			const counts = await service.ask({
				url: `/api/v1/reports/counts?${query}`,
			});
			expect(counts.body).toMatchObject({ all: 1 });
			const beside = await service.ask({
				url: `/api/v1/reports/${first.id}/neighbours?${query}`,
			});
			expect(beside.body).toEqual({ previous: null, next: null });
		}
		const servers = await service.ask({
			url: `/api/v1/servers?search=${name}`,
		});
		expect(servers.body).toMatchObject([{ id: first.id }]);
	}
	// A path that a host of the house could have names none on the forge behind it.
	const refused = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		payload: newReport({ repository_url: "git@work:kit" }),
	});
	expect(refused).toMatchObject({
		status: 400,
		body: {
			issues: [
				{
					path: "repository_url",
					message: expect.stringMatching(/^Must name a repository/),
				},
			],
		},
	});
	const filtered = await service.ask({
		url: "/api/v1/reports?repository_url=git%40work%3Akit",
	});
	expect(filtered).toMatchObject({ status: 200, body: [] });
});

test.each([
	["https://git.corp.no/o/k", "https://gitlab.corp.no/o/k", []],
	["git.corp.no/o/k", "ssh://git@gitlab.corp.no/o/k.git", []],
	["https://git.corp.no/o/k/-/tree/main", "https://git.corp.no/o/k", []],
	[
		"https://gitlab.corp.no/o/k/builds",
		"https://git.corp.no/o/k/builds.git",
		[],
	],
	["https://git.corp.no/o/other", "https://gitlab.corp.no/o/k", ["repository"]],
])(
	"a report's header that names %s is compared with %s by the names of the forge",
	async (named, repository_url, contradicted) => {
		const FORGE_ALIASES = new Map([["git.corp.no", "gitlab.corp.no"]]);
		const service = await startService(undefined, { FORGE_ALIASES });
		const report_data = fillTemplate().replace(
			/\*\*Repository:\*\* .*/,
			`**Repository:** ${named}`,
		);
		expect(report_data).toContain(named);
		const payload = newReport({
			repository_url,
			report_data,
			report_json: { server_info: { repository_url } },
		});
		const found = ({ findings }: { findings: { message: string }[] }) =>
			findings.flatMap(({ message }) =>
				/names (the|a different) repository/.test(message)
					? ["repository"]
					: [],
			);
		const expected = contradicted.flatMap((one) => [one, one]);
		const post = { method: "POST", url: "/api/v1/reports/check" } as const;
		const checked = await service.ask({ ...post, payload });
		expect(found(checked.body)).toEqual(expected);
		const { id } = await submit(service, payload);
		const url = `/api/v1/reports/${id}/assessment`;
		expect(found((await service.ask({ url })).body)).toEqual(expected);
		const workers = openWorkers(service.app.log as never);
		onTestFinished(() => workers.close());
		await reassessReports(service.db, {
			all: true,
			runTask: workers.runnerFor("local"),
			settings: { FORGE_ALIASES },
			onProgress: () => {},
			onRefusal: (_id, error) => expect.unreachable(error.message),
		});
		expect(found((await service.ask({ url })).body)).toEqual(expected);
	},
);
