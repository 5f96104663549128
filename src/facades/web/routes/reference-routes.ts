import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { readOpenApiDocument } from "../../http/openapi-file.ts";
import { type OpenApiDocument, referencePage } from "../pages/reference.ts";
import type { Site } from "../site.ts";

/**
 * Mounts the reference of the REST API at `/docs`: it is the same for
 * everybody, so it is rendered once and identified by an `ETag`.
 */
export function mountReferencePage(
	scope: FastifyInstance,
	{ assets, publicUrl }: Site,
): void {
	let page: { content: Buffer; etag: string } | undefined;
	const make = async () => {
		const urls = Object.fromEntries(
			Object.entries(assets).map(([name, { url }]) => [name, url]),
		);
		const document = readOpenApiDocument() as unknown as OpenApiDocument;
		const base = publicUrl ?? "http://127.0.0.1:8080";
		const content = Buffer.from(
			String(await referencePage(document, urls, base)),
		);
		const hash = createHash("sha256").update(content).digest("base64url");
		return { content, etag: `W/"${hash}"` };
	};
	scope.get("/docs", { config: { isOpen: true } }, async (request, reply) => {
		page ??= await make();
		const { content, etag } = page;
		reply.header("etag", etag).header("cache-control", "no-cache");
		// RFC 9110, section 13.1.2: a list, or `*`.
		const known = request.headers["if-none-match"]?.split(/\s*,\s*/);
		if (known?.some((one) => one === "*" || one === etag)) {
			return reply.code(304).send();
		}
		return reply.type("text/html; charset=utf-8").send(content);
	});
}
