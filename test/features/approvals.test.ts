import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorize } from "../support/authorize.ts";
import {
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import { visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";
import { readPdf } from "../support/read-pdf.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

/** A report with a critical failure: two reviewers must approve it. */
const grave =
	"# Go-Live Report\n\n## Phase 1: Security\n\n| Check | Status | Evidence |\n|---|---|---|\n| SEC-4 Lethal trifecta | ❌ Fail | all three |\n";

const byRita = {
	approved_by: "rita@example.com",
	notes: "The exception is agreed.",
	approved_at: expect.any(String),
};
const byRon = {
	approved_by: "ron@example.com",
	notes: "Seen with the architects.",
	approved_at: expect.any(String),
};

async function ask(who: string, url: string, payload?: object) {
	const { body } = await service.ask({
		method: payload ? (url.endsWith("/status") ? "PATCH" : "POST") : "GET",
		url: `/api/v1${url}`,
		headers: { authorization: `Bearer ${await provider.mint(who)}` },
		...(payload && { payload }),
	});
	return body;
}

async function submitGrave(changes = {}): Promise<string> {
	const { developer_email, ...report } = newReport({
		report_data: grave,
		...changes,
	});
	return (await ask("dev", "/reports", report)).id;
}

const decide = (who: string, id: string, status: string, notes?: string) =>
	ask(who, `/reports/${id}/status`, {
		status,
		...(notes && { review_notes: notes }),
	});

async function approveByBoth(id: string): Promise<void> {
	await decide("rita", id, "approved", byRita.notes);
	const { status } = await decide("ron", id, "approved", byRon.notes);
	expect(status).toBe("approved");
}

/** A browser in which this account is signed in. */
async function browserOf(account: string) {
	const browser = visit(service);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), account);
	await browser.open(`${back.pathname}${back.search}`);
	return browser;
}

describe("both approvals of a report, with their notes,", () => {
	test("are kept with the decision that they led to", async () => {
		const id = await submitGrave();
		await approveByBoth(id);
		const [decision, ...others] = await ask("dev", `/reports/${id}/decisions`);
		expect(others).toEqual([]);
		expect(decision).toEqual({
			report_id: id,
			from_status: "pending_review",
			to_status: "approved",
			decided_by: byRon.approved_by,
			notes: byRon.notes,
			decided_at: decision.approvals[1].approved_at,
			approvals: [byRita, byRon],
		});
		const { reviewed_at } = await ask("dev", `/reports/${id}`);
		expect(decision.decided_at).toBe(reviewed_at);
		const [revision] = await ask("dev", `/reports/${id}/revisions`);
		expect(revision.decisions).toEqual([decision]);
		expect(revision.open_approvals).toEqual([]);
		expect(await ask("dev", `/reports/${id}/approvals`)).toEqual({
			required: 2,
			reason:
				"A critical check fails, the lethal trifecta is complete and 5 critical checks are not answered.",
			recorded: decision.approvals,
		});
	});

	test("outlive the report's reopening, and its rejection after one approval more", async () => {
		const id = await submitGrave();
		await approveByBoth(id);
		await decide("rita", id, "pending_review");
		const approvals = `/reports/${id}/approvals`;
		expect((await ask("dev", approvals)).recorded).toEqual([]);
		await decide("rita", id, "approved", "Again.");
		const again = { ...byRita, notes: "Again." };
		expect((await ask("dev", approvals)).recorded).toEqual([again]);
		const [open] = await ask("dev", `/reports/${id}/revisions`);
		expect(open.open_approvals).toEqual([again]);
		await decide("ron", id, "rejected", "No.");
		expect((await ask("dev", approvals)).recorded).toEqual([again]);
		const decisions = await ask("dev", `/reports/${id}/decisions`);
		expect(
			decisions.map(({ to_status, approvals }: Record<string, unknown>) => [
				to_status,
				approvals,
			]),
		).toEqual([
			["approved", [byRita, byRon]],
			["pending_review", []],
			["rejected", [again]],
		]);
	});

	test("stand in the catalogue, the notes for those alone who may read the report", async () => {
		const key = `example.com/${randomUUID()}`;
		await approveByBoth(
			await submitGrave({ repository_url: `https://${key}` }),
		);
		const seenBy = async (who: string) => {
			const [server] = await ask(who, `/servers?search=${key}`);
			return server.last_decision.approvals;
		};
		expect(await seenBy("dev")).toEqual([byRita, byRon]);
		expect(await seenBy("rita")).toEqual([byRita, byRon]);
		expect(await seenBy("other")).toEqual([
			{ ...byRita, notes: null },
			{ ...byRon, notes: null },
		]);
	});

	test("stand on the report's page, in its history, and on the servers' page", async () => {
		const id = await submitGrave();
		await approveByBoth(id);
		const ron = await browserOf("ron");
		const { html } = await ron.open(`/reports/${id}`);
		const [desk = "", history = ""] = textOf(html).split("History");
		expect(desk).toMatch(
			/Approved by rita@example\.com and ron@example\.com.*rita@example\.com The exception is agreed\..*ron@example\.com Seen with the architects\./,
		);
		expect(history).toMatch(
			/Approval by rita@example\.com.*The exception is agreed\..*Approved by ron@example\.com, after rita@example\.com.*Seen with the architects\./,
		);
		const servers = await ron.open("/servers");
		expect(textOf(servers.html)).toContain(
			"Approved by rita@example.com and ron@example.com",
		);
	});

	test("stand in the PDF, before the report is decided and after", async () => {
		const id = await submitGrave();
		await decide("rita", id, "approved", byRita.notes);
		expect(await firstPageOf(id)).toMatch(
			/Nobody has decided yet\. Approval rita@example\.com, .* The exception is agreed\./,
		);
		await decide("ron", id, "approved", byRon.notes);
		expect(await firstPageOf(id)).toMatch(
			/Decisions Approval rita@example\.com, .* The exception is agreed\. Approved ron@example\.com, after rita@example\.com, .* Seen with the architects\./,
		);
	});

	test("are told to a model that reads the report", async () => {
		const id = await submitGrave();
		await approveByBoth(id);
		const { body } = await service.ask({
			method: "POST",
			url: "/mcp",
			headers: {
				authorization: `Bearer ${await provider.mint("rita", { aud: `${publicUrl}/mcp` })}`,
				accept: "application/json, text/event-stream",
			},
			payload: {
				jsonrpc: "2.0",
				id: 1,
				method: "tools/call",
				params: { name: "get_report", arguments: { id } },
			},
		});
		expect(body.result.content[0].text).toMatch(
			/: approval by rita@example\.com: The exception is agreed\.\n.*: pending_review → approved by ron@example\.com: Seen/,
		);
	});
});

async function firstPageOf(id: string): Promise<string | undefined> {
	const { rawPayload } = await service.app.inject({
		url: `/reports/${id}.pdf`,
		headers: {
			host: "127.0.0.1:8080",
			cookie: [...(await browserOf("ron")).jar]
				.map(([name, value]) => `${name}=${value}`)
				.join("; "),
		},
	});
	const [first] = await readPdf(rawPayload);
	return first;
}

/** What of a page is read, in one line. */
function textOf(html: string): string {
	return html
		.replaceAll(/<\/?(bdi|strong|span)[^>]*>/g, "")
		.replaceAll(/<[^>]*>/g, " ")
		.replaceAll(/\s+/g, " ");
}
