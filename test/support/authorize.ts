import { expect } from "vitest";

/**
 * Goes through the test provider's forms as a browser would, but without one.
 *
 * @param url the provider's authorization endpoint, as the service built it
 * @param account the name of one of the provider's accounts; absent: cancels
 * @returns where the browser is finally sent: the service's callback
 */
export async function authorize(url: string, account?: string): Promise<URL> {
	const { origin } = new URL(url);
	const jar = new Map<string, string>();
	let answer = await send(jar, url);
	// At most: signing in, consent, and a redirect around each.
	for (let step = 0; step < 12; step++) {
		const location = answer.headers.get("location");
		if (location) {
			const next = new URL(location, answer.url || origin);
			if (next.origin !== origin) return next;
			answer = await send(jar, next.href);
			continue;
		}
		const html = await answer.text();
		const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1];
		const abort = /href="([^"]+\/abort)"/.exec(html)?.[1];
		expect(action, html.slice(0, 2000)).toBeTruthy();
		answer = account
			? await send(jar, new URL(action ?? "", origin).href, {
					prompt: /name="prompt" value="(\w+)"/.exec(html)?.[1] ?? "",
					login: account,
					password: "any",
				})
			: await send(jar, new URL(abort ?? "", origin).href);
	}
	throw new Error("the provider leads nowhere");
}

async function send(
	jar: Map<string, string>,
	url: string,
	form?: Record<string, string>,
): Promise<Response> {
	const answer = await fetch(url, {
		redirect: "manual",
		headers: {
			cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
		},
		...(form && { method: "POST", body: new URLSearchParams(form) }),
	});
	for (const cookie of answer.headers.getSetCookie()) {
		const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
		jar.set(name, value);
	}
	return answer;
}
