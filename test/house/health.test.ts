import { expect, test } from "vitest";
import { startService } from "../support/helpers.ts";

test("a living service with a database is alive and ready", async () => {
	const service = await startService();
	for (const url of ["/healthz", "/readyz"]) {
		expect(await service.ask({ url })).toMatchObject({
			status: 200,
			body: { status: "ok" },
		});
	}
});

test("without a database the service is alive but not ready, and says when to try again", async () => {
	const service = await startService(undefined, {
		databaseUrl: "postgresql://nobody:nothing@127.0.0.1:9/nowhere",
	});
	expect((await service.ask({ url: "/healthz" })).status).toBe(200);
	const { status, headers, body } = await service.ask({ url: "/readyz" });
	expect(status).toBe(503);
	expect(headers["retry-after"]).toBe("5");
	expect(body).toMatchObject({ code: "SERVICE_UNAVAILABLE" });
});
