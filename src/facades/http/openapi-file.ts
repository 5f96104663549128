import { readFileSync } from "node:fs";

/** The document in the repository and in the package. */
const file = new URL("../../../openapi.json", import.meta.url);

/**
 * Returns the OpenAPI 3.1 document of the REST façade, as generated from the
 * router.
 *
 * @param serverUrl where the service is reached; `/` means "where this document
 *   came from"
 */
export function readOpenApiDocument(serverUrl = "/"): Record<string, unknown> {
	const document = JSON.parse(readFileSync(file, "utf8"));
	return { ...document, servers: [{ url: serverUrl }] };
}
