/** Prints the OpenAPI document that the router describes, for `openapi.json`. */
import { openApiDocument } from "./openapi.ts";

process.stdout.write(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
