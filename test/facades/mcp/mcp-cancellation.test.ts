import { expect, test } from "vitest";
import { startService } from "../../support/helpers.ts";

const ping = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" });
const list = (id: number) => ({ jsonrpc: "2.0", id, method: "tools/list" });
const cancel = (requestId: number) => ({
	jsonrpc: "2.0",
	method: "notifications/cancelled",
	params: { requestId },
});

test.each([
	["a request and its cancellation", [list(1), cancel(1)], [1]],
	["a cancellation and then its request", [cancel(1), list(1)], [1]],
	["one of two that is cancelled", [ping(1), list(2), cancel(2)], [1, 2]],
	["nothing but cancellations", [cancel(1), cancel(2)], []],
	[
		"a cancellation that is none",
		[ping(1), { method: null }, cancel(9)],
		undefined,
	],
])(
	"a batch of %s is answered at once",
	async (_what, payload, ids) => {
		const service = await startService();
		const started = performance.now();
		const { status, body } = await service.ask({
			method: "POST",
			url: "/mcp",
			headers: { accept: "application/json, text/event-stream" },
			payload,
		});
		expect(performance.now() - started).toBeLessThan(5_000);
		if (ids === undefined) return expect(status).toBe(400);
		expect(status).toBe(ids.length > 0 ? 200 : 202);
		if (ids.length === 0) return;
		// One answer comes without a list around it.
		const answers = [body].flat();
		expect(answers.map(({ id }) => id).sort()).toEqual(ids);
		for (const { result } of answers) expect(result).toBeDefined();
	},
	10_000,
);
