import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { startService, type TestService } from "../../support/helpers.ts";
import { startProvider } from "../../support/provider.ts";

const listen = {
	jsonrpc: "2.0",
	id: 1,
	method: "subscriptions/listen",
	params: {
		notifications: { toolsListChanged: true },
		_meta: {
			"io.modelcontextprotocol/protocolVersion": "2026-07-28",
			"io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
			"io.modelcontextprotocol/clientCapabilities": {},
		},
	},
};

/** Opens a stream of events, which is closed when the test ends. */
async function open(base: string, token?: string) {
	const closing = new AbortController();
	onTestFinished(() => closing.abort());
	const answer = await fetch(`${base}/mcp`, {
		method: "POST",
		signal: closing.signal,
		headers: {
			"content-type": "application/json",
			accept: "application/json, text/event-stream",
			"mcp-protocol-version": "2026-07-28",
			"mcp-method": "subscriptions/listen",
			...(token && { authorization: `Bearer ${token}` }),
		},
		body: JSON.stringify(listen),
	});
	const whole = answer.text().catch(() => "");
	const isStream = answer.headers.get("content-type") === "text/event-stream";
	return {
		status: answer.status,
		retryAfter: answer.headers.get("retry-after"),
		isStream,
		close: () => closing.abort(),
		/** What is read until it ends, or `undefined` while it goes on. */
		read: (patience: number) =>
			Promise.race([whole, wait(patience, undefined)]),
	};
}

async function startOidc(settings = {}): Promise<{
	service: TestService;
	base: string;
	provider: Awaited<ReturnType<typeof startProvider>>;
}> {
	const publicUrl = "http://127.0.0.1:8080";
	const provider = await startProvider(publicUrl, onTestFinished);
	const service = await startService(undefined, {
		...provider.settings(publicUrl),
		streamInterval: 100,
		...settings,
	});
	return { service, base: await service.listen(), provider };
}

test("one person has eight streams, whatever tokens they come with; one that is closed makes room", async () => {
	const { base, provider } = await startOidc();
	const streams = [];
	for (let count = 0; count < 8; count++) {
		streams.push(await open(base, await provider.mint("dev")));
	}
	for (const { isStream } of streams) expect(isStream).toBe(true);
	const ninth = await open(base, await provider.mint("dev"));
	expect(ninth).toMatchObject({
		status: 429,
		retryAfter: "5",
		isStream: false,
	});
	expect(JSON.parse((await ninth.read(1_000)) ?? "")).toMatchObject({
		jsonrpc: "2.0",
		error: { message: expect.stringContaining("8 streams open already") },
	});
	expect(await open(base, await provider.mint("rita"))).toMatchObject({
		isStream: true,
	});
	streams[0]?.close();
	await expect
		.poll(async () => (await open(base, await provider.mint("dev"))).isStream)
		.toBe(true);
});

test("where nobody signs in an address has eight streams, and answers that are none are not counted", async () => {
	const service = await startService();
	const base = await service.listen();
	for (let count = 0; count < 8; count++) {
		expect((await open(base)).isStream).toBe(true);
	}
	expect((await open(base)).status).toBe(429);
	const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
	const answers = await Promise.all(
		Array.from({ length: 20 }, () =>
			service.ask({
				method: "POST",
				url: "/mcp",
				headers: { accept: "application/json, text/event-stream" },
				payload: ping,
			}),
		),
	);
	for (const { status } of answers) expect(status).toBe(200);
});

test("a stream ends soon after its token of the provider has, and not before", async () => {
	const { base, provider } = await startOidc();
	const exp = Math.floor(Date.now() / 1000) + 3;
	const ending = await open(base, await provider.mint("dev", { exp }));
	const lasting = await open(base, await provider.mint("dev"));
	expect(ending.isStream).toBe(true);
	expect(await ending.read(1_000)).toBeUndefined();
	await wait(exp * 1000 - Date.now());
	expect(await ending.read(2_000)).toContain("acknowledged");
	expect(await open(base, await provider.mint("dev"))).toMatchObject({
		isStream: true,
	});
	expect(await lasting.read(300)).toBeUndefined();
});

test("a stream ends soon after its token of the service is revoked", async () => {
	const { service, base, provider } = await startOidc();
	const headers = { authorization: `Bearer ${await provider.mint("dev")}` };
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/tokens",
		headers,
		payload: { name: "CI", scopes: ["reports:read"], expires_in_days: 1 },
	});
	const stream = await open(base, body.token);
	expect(stream.isStream).toBe(true);
	await wait(500);
	const end = stream.read(3_000);
	const { status } = await service.ask({
		method: "POST",
		url: `/api/v1/tokens/${body.id}/revoke`,
		headers,
	});
	expect(status).toBe(200);
	expect(await end).toContain("acknowledged");
});

test("a stream ends soon after the provider has signed out who opened it, or an admin has ended their access", async () => {
	const { service, base, provider } = await startOidc();
	const iat = Math.floor(Date.now() / 1000) - 10;
	const mint = (sub: string) => provider.mint(sub, { iat });
	const [dev, rita, ron] = [
		await open(base, await mint("dev")),
		await open(base, await mint("rita")),
		await open(base, await mint("ron")),
	];
	const logoutToken = await provider.sign(
		{
			iss: provider.issuer,
			aud: provider.clientId,
			iat: iat + 5,
			exp: iat + 200,
			jti: "one",
			sub: "rita",
			events: { "http://schemas.openid.net/event/backchannel-logout": {} },
		},
		{ typ: "logout+jwt" },
	);
	const [ofDev, ofRita] = [dev.read(3_000), rita.read(3_000)];
	const { status } = await service.ask({
		method: "POST",
		url: "/sign-out/back-channel",
		headers: { "content-type": "application/x-www-form-urlencoded" },
		payload: `logout_token=${logoutToken}`,
	});
	expect(status).toBe(200);
	expect(await ofRita).toContain("acknowledged");
	const ended = await service.ask({
		method: "POST",
		url: "/api/v1/sessions/end-access",
		headers: { authorization: `Bearer ${await provider.mint("adm")}` },
		payload: { person: "dev@example.com" },
	});
	expect(ended).toMatchObject({ status: 200 });
	expect(await ofDev).toContain("acknowledged");
	expect(await ron.read(300)).toBeUndefined();
});

test("a stream goes on while nobody can tell whether its token is still good", async () => {
	const { service, base, provider } = await startOidc();
	const stream = await open(base, await provider.mint("dev"));
	await provider.close();
	expect(await stream.read(500)).toBeUndefined();
	expect(service.logs.join()).not.toContain("unexpected error");
});
