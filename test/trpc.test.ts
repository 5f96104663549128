import { expect, test } from "vitest";
import { createClient } from "../src/client.ts";
import { startService, submit } from "./helpers.ts";

test("calls made in the same tick travel in one request, however many they are", async () => {
	const service = await startService();
	const { id } = await submit(service);
	let requests = 0;
	const client = createClient(await service.listen(), {
		fetch: (...given) => {
			requests += 1;
			return fetch(...(given as Parameters<typeof fetch>));
		},
	});
	const reports = await Promise.all(
		Array.from({ length: 10 }, () => client.reports.get.query({ id })),
	);
	expect(reports.map((report) => report.id)).toEqual(Array(10).fill(id));
	expect(requests).toBe(1);
});
