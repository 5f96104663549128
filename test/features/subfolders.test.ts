import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSubfolder } from "../../src/core/subfolder.ts";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

describe("a folder", () => {
	const same: [string, string][] = [
		["packages/mcp-jira", "packages/mcp-jira"],
		["/packages/mcp-jira/", "packages/mcp-jira"],
		["./packages//mcp-jira/.", "packages/mcp-jira"],
		["Packages/MCP-Jira", "packages/mcp-jira"],
		["pakker/Ærlig", "pakker/ærlig"],
		["a\u030A", "å"],
		["two words/x", "two words/x"],
		["a#b/c?", "a#b/c?"],
		["ｐａｃｋ", "pack"],
		["οδος", "οδοσ"],
	];
	test.each(same)("%j is compared as %j", (path, key) => {
		expect(readSubfolder(path)).toMatchObject({ key });
	});

	test.each([
		["", "name a folder"],
		["/", "name a folder"],
		["./.", "name a folder"],
		["..", "must not contain .."],
		["a/../b", "must not contain .."],
		["a\\b", "between its folders"],
		["a%2Fb", "between its folders"],
		["a\u2215b", "signs"],
		["a\uFF0Fb", "between its folders"],
		["a  b", "two spaces"],
		["a/ b", "white space"],
		["a/b ", "white space"],
		["a/\u200Bb", "hidden"],
		["a\u202Eb", "hidden"],
		["a\tb", "hidden"],
		["a\0b", "hidden"],
		["mcp\u2010jira", "signs"],
		["mcp\u2011jira", "signs"],
		["mcp\u2013jira", "signs"],
		["mcp\u2212jira", "signs"],
		["mcp\uFE63jira", "signs"],
		["mcp\uFF0Djira", "signs"],
		["mcp\u02D7jira", "signs"],
		["mcp\u2043jira", "signs"],
		["mcp\uFF3Fjira", "signs"],
		["\uFF0E\uFF0E/x", "signs"],
		["a/\u2025/x", "signs"],
		["a/\uFF0E", "signs"],
		["a\u2024b", "signs"],
		["a\u2488", "signs"],
		["mcp-jira.", "ends in a dot"],
		["mcp-jira./x", "ends in a dot"],
		["...", "ends in a dot"],
		["packages/mcp-jira ", "white space"],
		["packages/mcp-jira\u00A0", "hidden"],
		["mcp-\u0335jira", "accent"],
		["/\u0301jira", "accent"],
	])("%j is none", (path, why) => {
		const { problem } = readSubfolder(path);
		expect(problem?.toLowerCase()).toContain(why);
	});
});

test("no two folders that pass differ only in what is not of letters and numbers, seen or not", () => {
	let accepted = 0;
	for (let code = 0x80; code <= 0x10ffff; code++) {
		const character = String.fromCodePoint(code);
		// Of those that mean nothing yet, which are alike, some.
		if (/[\p{Cn}\p{Co}\p{Cs}]/u.test(character) && code % 997 > 0) continue;
		const { key } = readSubfolder(`a${character}b`);
		if (key === undefined) continue;
		accepted += 1;
		const isWord = /^[\p{L}\p{N}\p{M}/]+$/u.test(key);
		expect(isWord, `U+${code.toString(16)} ${key}`).toBe(true);
		expect(key.split("/"), `U+${code.toString(16)}`).toHaveLength(1);
	}
	// Letters of all scripts are none of that.
	expect(accepted).toBeGreaterThan(100_000);
});

test("what is compared is a folder by itself, and compared as itself", () => {
	const piece = fc.oneof(
		fc.constantFrom(
			..."a A - . .. / // _ # ? å å ß ς Σ ｱ ① ﬁ 𝐴 Ⅷ \u0301 \uFF0E \u2010".split(
				" ",
			),
			" ",
		),
		fc.string({ unit: "binary", maxLength: 2 }),
	);
	let accepted = 0;
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
			const { key } = readSubfolder(pieces.join(""));
			if (key === undefined) return;
			accepted += 1;
			expect(readSubfolder(key).key).toBe(key);
			for (const name of key.split("/")) {
				expect(name).toMatch(/[^.\s]$/u);
				expect(name).toBe(name.trim());
			}
		}),
		{ numRuns: 10_000 },
	);
	expect(accepted).toBeGreaterThan(500);
});

describe("a repository with several servers", () => {
	let service: TestService;
	const url = "https://github.com/example/many";

	beforeAll(async () => {
		service = await startService(afterAll);
	});

	const send = (payload: object) =>
		service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport({ repository_url: url, ...payload }),
		});

	test("has one live report in each folder, with revisions of its own", async () => {
		const whole = await send({});
		expect(whole.body).toMatchObject({
			subfolder: null,
			revision: 1,
			beside_live_report: false,
		});
		const again = await send({ repository_url: `${url}.git` });
		expect(again.status).toBe(409);
		expect(again.body.detail).toContain(
			"send its folder as subfolder, as in packages/mcp-jira",
		);
		const jira = await send({ subfolder: "/packages/Jira/" });
		expect(jira).toMatchObject({
			status: 201,
			body: {
				subfolder: "packages/Jira",
				revision: 1,
				beside_live_report: true,
			},
		});
		expect((await send({ subfolder: "packages/jira" })).status).toBe(409);
		await decide(service, jira.body.id, "rejected");
		const next = await send({
			subfolder: "packages/jira",
			repository_url: "git@github.com:example/many.git",
		});
		expect(next.body).toMatchObject({
			revision: 2,
			// It is a new revision of a server that is known.
			beside_live_report: false,
		});
		const reopened = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${jira.body.id}/status`,
			payload: { status: "pending_review", reviewed_by: "morgan@example.com" },
		});
		expect(reopened.status).toBe(409);
		expect(reopened.body.existing_report_id).toBe(next.body.id);

		const { body: revisions } = await service.ask({
			url: `/api/v1/reports/${next.body.id}/revisions`,
		});
		expect(revisions.map(({ id }: { id: string }) => id)).toEqual([
			jira.body.id,
			next.body.id,
		]);
		const { body: listed } = await service.ask({
			url: `/api/v1/reports?repository_url=${url}`,
		});
		expect(listed).toHaveLength(3);
		const { body: servers } = await service.ask({
			url: `/api/v1/servers?search=${url}`,
		});
		expect(
			servers.map((server: Record<string, unknown>) => [
				server.repository_key,
				server.subfolder,
				server.revision,
				server.live_report_id,
			]),
		).toEqual([
			["github.com/example/many", "packages/jira", 2, next.body.id],
			["github.com/example/many", null, 1, whole.body.id],
		]);
		const found = await service.ask({
			url: "/api/v1/reports?search=packages/jira",
		});
		expect(found.body).toHaveLength(2);
	});

	test.each([
		["https://git.corp.no:7990", "ssh://git@git.corp.no:7999"],
		["https://git.corp.no:3000", "https://git.corp.no"],
		["https://git.corp.no", "http://git.corp.no:8080"],
		["https://[::1]:3000", "https://[::1]:3001"],
	])(
		"that may be one by two ports is marked for its reviewer: %s and %s",
		async (one, other) => {
			const name = crypto.randomUUID();
			const submitAt = async (base: string, path = `o/${name}`) => {
				const { status, body } = await send({
					repository_url: `${base}/${path}`,
				});
				expect(status).toBe(201);
				return body;
			};
			const first = await submitAt(one);
			expect(first.beside_live_report).toBe(false);
			expect((await submitAt(other)).beside_live_report).toBe(true);
			const elsewhere = await submitAt(other, `o/${name}x`);
			expect(elsewhere.beside_live_report).toBe(false);
			await decide(service, first.id, "rejected");
			expect((await submitAt(one)).beside_live_report).toBe(false);
		},
	);

	test("is not marked for a report on another port that is decided, nor for another host", async () => {
		const first = await send({
			repository_url: "https://git.corp.no:1/o/past",
		});
		await decide(service, first.body.id, "rejected");
		for (const repository_url of [
			"https://git.corp.no:2/o/past",
			"https://git2.corp.no:2/o/past",
		]) {
			const { body } = await send({ repository_url });
			expect(body.beside_live_report, repository_url).toBe(false);
		}
	});

	test("of many submissions at once, each folder gets one", async () => {
		const answers = await Promise.all(
			Array.from({ length: 24 }, (_, n) =>
				send({
					repository_url: "https://github.com/example/raced",
					subfolder: `s${n % 3}`,
				}),
			),
		);
		const statuses = answers.map(({ status }) => status).sort();
		expect(statuses).toEqual([...Array(3).fill(201), ...Array(21).fill(409)]);
	});

	test.each([["a/../b"], [""], ["a\\b"], ["x".repeat(201)], [7]])(
		"a folder %j is 400, and says so",
		async (subfolder) => {
			const { status, body } = await send({ subfolder });
			expect(status).toBe(400);
			expect(body.issues[0].path).toBe("subfolder");
		},
	);

	test("shows a reviewer that a folder is new beside a live report", async () => {
		const repository_url = "https://github.com/example/shown";
		await submit(service, { repository_url });
		const { body } = await send({ repository_url, subfolder: "tools/x" });
		const page = await service.ask({
			url: `/reports/${body.id}`,
			headers: { accept: "text/html" },
		});
		expect(page.body).toContain("Is it a separate server?");
		expect(page.body).toContain("tools/x");
		const queue = await service.ask({
			url: "/?status=pending_review",
			headers: { accept: "text/html" },
		});
		expect(queue.body).toContain("New folder");
	});
});

describe("four eyes and the number of reviewers", () => {
	let service: TestService;
	let provider: TestProvider;

	beforeAll(async () => {
		const publicUrl = "http://127.0.0.1:8080";
		provider = await startProvider(publicUrl, afterAll);
		service = await startService(afterAll, provider.settings(publicUrl));
	});

	test("go by the repository, whatever the folder", async () => {
		const ask = async (
			who: string,
			method: "POST" | "GET",
			url: string,
			payload?: object,
		) =>
			service.ask({
				method,
				url: `/api/v1${url}`,
				headers: { authorization: `Bearer ${await provider.mint(who)}` },
				...(payload && { payload }),
			});
		const repository_url = "https://github.com/example/eyes";
		const { developer_email: _, ...report } = newReport({ repository_url });
		// A reviewer who is a developer too submits for one folder …
		const own = await ask("both", "POST", "/reports", {
			...report,
			repository_url: "https://www.github.com/example/eyes.git",
		});
		expect(own.status).toBe(201);
		// … and cannot approve what somebody else submits for another.
		const other = await ask("dev", "POST", "/reports", {
			...report,
			subfolder: "packages/other",
		});
		expect(other.status).toBe(201);
		const involvement = await service.ask({
			url: `/trpc/reports.involvement?input=${encodeURIComponent(JSON.stringify({ id: other.body.id }))}`,
			headers: { authorization: `Bearer ${await provider.mint("both")}` },
		});
		expect(involvement.body.result.data).toMatchObject({
			is_submitter: false,
			has_submitted: true,
		});
	});
});
