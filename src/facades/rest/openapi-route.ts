import type { FastifyInstance } from "fastify";
import { readOpenApiDocument } from "../http/openapi-file.ts";
import { refuseOtherMethods } from "../http/route-refusals.ts";

/**
 * Mounts the OpenAPI document.
 *
 * @param publicUrl the address that clients use, if it is not the one the
 *   document came from
 */
export function mountOpenApiDocument(
	app: FastifyInstance,
	publicUrl: string | undefined,
): void {
	// Written once: it is large.
	const document = Buffer.from(JSON.stringify(readOpenApiDocument(publicUrl)));
	for (const url of ["/openapi.json", "/api/v1/openapi.json"]) {
		app.get(url, async (_request, reply) =>
			reply.type("application/json; charset=utf-8").send(document),
		);
		refuseOtherMethods(app, url, ["GET", "HEAD"]);
	}
}
