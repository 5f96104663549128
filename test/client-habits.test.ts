import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "./helpers.ts";

let service: TestService;
let id: string;
beforeAll(async () => {
	service = await startService(afterAll);
	({ id } = await submit(service));
});

const decision = JSON.stringify({
	status: "rejected",
	reviewed_by: "platform@intility.no",
});

describe("a body that curl labels as a form, because nobody told it otherwise", () => {
	const form = { "content-type": "application/x-www-form-urlencoded" };

	test.each([
		"application/x-www-form-urlencoded",
		"application/x-www-form-urlencoded; charset=UTF-8",
		"Application/X-WWW-Form-Urlencoded",
	])("is read as JSON where it is a PATCH: %s", async (type) => {
		const report = await submit(service);
		const { status, body } = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${report.id}/status`,
			headers: { "content-type": type },
			payload: decision,
		});
		expect(body).toMatchObject({ id: report.id, status: "rejected" });
		expect(status).toBe(200);
	});

	test("is refused as any other where it is no JSON", async () => {
		const { status, body } = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${id}/status`,
			headers: form,
			payload: "status=approved&reviewed_by=kim%40example.com",
		});
		expect(status).toBe(400);
		expect(body.detail).toContain("not valid JSON");
	});

	test.each([
		"/api/v1/reports",
		"/api/v1/reports/check",
		"/trpc/reports.submit",
		"/mcp",
	])(
		"is refused where a form of another site's page could have sent it: POST %s",
		async (url) => {
			const { status, body } = await service.ask({
				method: "POST",
				url,
				headers: form,
				payload: JSON.stringify(newReport()),
			});
			expect(status).toBe(415);
			expect(JSON.stringify(body)).toContain(
				"Send the body as JSON, with the header Content-Type: application/json.",
			);
		},
	);

	test("is a form on a page", async () => {
		const report = await submit(service);
		const { status } = await service.ask({
			method: "POST",
			url: `/reports/${report.id}/decision`,
			headers: form,
			payload: decision,
		});
		expect(status).toBe(403);
	});
});
