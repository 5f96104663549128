import type { TestService } from "./helpers.ts";

/** What a page answered. */
export interface PageAnswer {
	status: number;
	headers: Record<string, string | string[] | number | undefined>;
	html: string;
}

/** Imitates a browser: keeps cookies, sends forms, and says where they come from. */
export function visit(service: TestService) {
	const jar = new Map<string, string>();
	const host = "127.0.0.1:8080";
	const send = async (
		method: "GET" | "POST",
		url: string,
		options: {
			form?: Record<string, string>;
			headers?: Record<string, string>;
		} = {},
	): Promise<PageAnswer> => {
		const answer = await service.app.inject({
			method,
			url,
			headers: {
				host,
				accept: "text/html,application/xhtml+xml",
				cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
				...(options.form && {
					"content-type": "application/x-www-form-urlencoded",
					origin: `http://${host}`,
				}),
				...options.headers,
			},
			...(options.form && {
				payload: new URLSearchParams(options.form).toString(),
			}),
		});
		for (const { name, value } of answer.cookies) jar.set(name, value);
		return {
			status: answer.statusCode,
			headers: answer.headers,
			html: answer.body,
		};
	};
	return {
		jar,
		open: (url: string, headers: Record<string, string> = {}) =>
			send("GET", url, { headers }),
		post: (
			url: string,
			form: Record<string, string>,
			headers: Record<string, string> = {},
		) => send("POST", url, { form, headers }),
		/** Returns the form token on a report's page. */
		async tokenOf(id: string): Promise<string> {
			return tokenIn((await send("GET", `/reports/${id}`)).html);
		},
	};
}

/** Returns the form token in a page. */
export function tokenIn(html: string): string {
	const token = /name="csrf" value="([^"]+)"/.exec(html)?.[1];
	if (!token) throw new Error("the page has no form token");
	return token;
}
