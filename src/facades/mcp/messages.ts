import type { Wanted } from "../../core/json-pick.ts";
import { wantedOfTool } from "../http/procedure-inputs.ts";
import { tools } from "./tools.ts";

/** The parts of a large message, or batch of messages, that are used. */
export const wanted: Wanted = {
	as: "messages",
	tools: tools.map(({ name, input, procedure }) =>
		wantedOfTool(name, input, procedure),
	),
};

/** Maximum length of a resource's address in characters; ours have sixty. */
const MAX_URI = 300;

/**
 * Returns the messages with their resource addresses cut to a length that none
 * of ours reaches: otherwise the SDK would compare the whole of each with its
 * templates, only to answer that none matches.
 */
export function withShortUris(body: unknown): unknown {
	if (Array.isArray(body)) return body.map(withShortUris);
	const message = body as { params?: { uri?: unknown; ref?: unknown } };
	const { uri, ref } = message?.params ?? {};
	const { uri: template } = (ref ?? {}) as { uri?: unknown };
	if (!isLong(uri) && !isLong(template)) return body;
	const params = {
		...message.params,
		...(isLong(uri) && { uri: uri.slice(0, MAX_URI) }),
		...(isLong(template) && {
			ref: { ...(ref as object), uri: template.slice(0, MAX_URI) },
		}),
	};
	return { ...message, params };
}

function isLong(uri: unknown): uri is string {
	return typeof uri === "string" && uri.length > MAX_URI;
}
