import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	decide,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";

let service: TestService;

beforeAll(async () => {
	service = await startService(afterAll);
});

test("a repository's revisions are listed page by page, oldest first", async () => {
	const repository_url = `https://github.com/intility/${randomUUID()}`;
	const ids: string[] = [];
	for (let n = 0; n < 5; n++) {
		const { id } = await submit(service, { repository_url });
		ids.push(id);
		await decide(service, id, "rejected");
	}
	const seen: string[] = [];
	let url: string | undefined = `/api/v1/reports/${ids[2]}/revisions?limit=2`;
	let pages = 0;
	while (url) {
		const { body, headers } = await service.ask({ url });
		seen.push(...body.map(({ id }: { id: string }) => id));
		pages += 1;
		url = /^<([^>]+)>; rel="next"$/
			.exec(String(headers.link ?? ""))?.[1]
			?.replace(":id", ids[2] ?? "");
	}
	expect(seen).toEqual(ids);
	expect(pages).toBe(3);

	const list = `/api/v1/reports/${ids[0]}/revisions`;
	const end = await service.ask({ url: `${list}?after=${ids[4]}` });
	expect(end).toMatchObject({ status: 200, body: [] });
	const { id: elsewhere } = await submit(service);
	for (const after of [elsewhere, randomUUID()]) {
		const answer = await service.ask({ url: `${list}?after=${after}` });
		expect(answer.status).toBe(400);
		expect(answer.body.detail).toMatch(
			/^after: This repository has no report with the id/,
		);
	}
	const page = await service.ask({
		url: `/reports/${ids[0]}`,
		headers: { accept: "text/html" },
	});
	for (const id of ids) expect(page.body).toContain(id);
});

test("a report is reopened no more after a hundred decisions, so that its history has an end", async () => {
	const { id } = await submit(service);
	const seed = async (count: number) => {
		await sql`insert into report_decisions (report_id, from_status, to_status, decided_by)
			select ${id}, 'pending_review', 'rejected', 'x' from generate_series(1, ${count})`.execute(
			service.db,
		);
		await sql`update mcp_server_reports
			set decision_count = decision_count + ${count} where id = ${id}`.execute(
			service.db,
		);
	};
	await decide(service, id, "rejected");
	await seed(98);
	expect((await decide(service, id, "pending_review")).status).toBe(200);
	expect((await decide(service, id, "rejected")).status).toBe(200);
	const refused = await decide(service, id, "pending_review");
	expect(refused.status).toBe(409);
	expect(refused.body.detail).toContain("Submit a new revision");
	const { body } = await service.ask({
		url: `/api/v1/reports/${id}/decisions`,
	});
	expect(body).toHaveLength(101);
});
