import { createHash } from "node:crypto";
import scalar from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";
import { readOpenApiDocument } from "./openapi-file.ts";
import { refuseOtherMethods } from "./rest.ts";

/** What there is to see where the page's script does not run. */
const WITHOUT_SCRIPT = `<noscript><p>This page needs JavaScript. The whole reference is in the <a href="../openapi.json">OpenAPI document</a>, too.</p></noscript>`;

/**
 * Mounts the OpenAPI document, and the reference page that reads it, at `/docs`.
 *
 * @param publicUrl the address that clients use, when it is not the one the
 *   document came from
 */
export function mountDocs(
	app: FastifyInstance,
	publicUrl: string | undefined,
): void {
	const document = readOpenApiDocument(publicUrl);
	for (const url of ["/openapi.json", "/api/v1/openapi.json"]) {
		app.get(url, async () => document);
		refuseOtherMethods(app, url, ["GET", "HEAD"]);
	}
	refuseOtherMethods(app, "/docs", ["GET", "HEAD"]);
	app.register(async (scope) => {
		scope.addHook("onSend", async (_request, reply, payload) => {
			reply.header("content-security-policy", contentSecurityPolicy(payload));
			const isPage = /html/.test(String(reply.getHeader("content-type")));
			// The script holds such a tag in its own texts, too.
			return isPage && typeof payload === "string"
				? payload.replace(/<body[^>]*>/, `$&${WITHOUT_SCRIPT}`)
				: payload;
		});
		scope.register(scalar, {
			routePrefix: "/docs",
			configuration: {
				// Relative, so that it is found behind a proxy that adds a prefix, too.
				url: "../openapi.json",
				pageTitle: "MCP Go-Live API",
				// Nothing is fetched from, sent to or shared with anybody else.
				withDefaultFonts: false,
				telemetry: false,
				proxyUrl: "",
				agent: { disabled: true },
				mcp: { disabled: true },
				showDeveloperTools: "never",
				hideClientButton: true,
				defaultOpenAllTags: true,
			},
		});
	});
}

/**
 * What the page may load and run: its own files, and the inline script that it
 * came with, known by its hash. Styles are inline, as Scalar makes them.
 */
function contentSecurityPolicy(payload: unknown): string {
	const page = typeof payload === "string" ? payload : "";
	const hashes = [
		...page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>(.*?)<\/script>/gs),
	].map(
		([, script = ""]) =>
			`'sha256-${createHash("sha256").update(script).digest("base64")}'`,
	);
	return [
		"default-src 'none'",
		`script-src ${["'self'", ...hashes].join(" ")}`,
		"style-src 'unsafe-inline'",
		"img-src 'self' data:",
		"font-src 'self' data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	].join("; ");
}
