import { readOpenApiDocument } from "../facades/http/openapi-file.ts";

/** Prints the OpenAPI document of the REST API. */
export function run(): void {
	process.stdout.write(`${JSON.stringify(readOpenApiDocument(), null, 2)}\n`);
}
