import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { openApiDocument } from "../../src/facades/rest/openapi.ts";

// Both packages are CommonJS, whose default export TypeScript sees one level too high.
const addFormats =
	addFormatsModule as unknown as typeof addFormatsModule.default;

/** The parts of a schema that the tests read. */
export type Schema = Record<string, unknown>;

export interface Media {
	schema: Schema;
	example?: unknown;
}

export interface Parameter {
	name: string;
	in: "path" | "query" | "header";
	required?: boolean;
	description?: string;
	schema: Schema;
}

export interface Response {
	description: string;
	headers?: Record<string, { required?: boolean; schema: Schema }>;
	content?: Record<string, Media>;
}

export interface Operation {
	method: "GET" | "POST" | "PATCH";
	path: string;
	operationId: string;
	summary?: string;
	description?: string;
	tags?: string[];
	parameters: Parameter[];
	security?: Record<string, string[]>[];
	requestBody?: { content: Record<string, Media> };
	/** By status, with references to components resolved. */
	responses: Record<string, Response>;
}

/** The document as the service sends it: plain JSON. */
export const document = JSON.parse(JSON.stringify(openApiDocument()));

/** Every operation of the document. */
export const operations: Operation[] = Object.entries<
	Record<string, Omit<Operation, "method" | "path">>
>(document.paths).flatMap(([path, methods]) =>
	Object.entries(methods).map(([method, operation]) => ({
		...operation,
		method: method.toUpperCase() as Operation["method"],
		path,
		parameters: operation.parameters ?? [],
		responses: Object.fromEntries(
			Object.entries(operation.responses).map(([status, response]) => [
				status,
				resolve(response),
			]),
		),
	})),
);

/** Returns the operation with this id. */
export function operationNamed(id: string): Operation {
	const operation = operations.find(({ operationId }) => operationId === id);
	if (!operation) throw new Error(`the document has no operation ${id}`);
	return operation;
}

/**
 * Compiles a schema of the document. Strict: a keyword or a format unknown to
 * ajv is an error, and an object may contain only declared members.
 */
export function compileSchema(schema: Schema): ValidateFunction {
	return ajv.compile({
		...(closeObjects(schema) as Schema),
		components,
	} as object);
}

const ajv = new Ajv2020({
	strict: true,
	// "string or null" is two types, on purpose.
	allowUnionTypes: true,
	allErrors: true,
});
addFormats(ajv);
ajv.addVocabulary(["components"]);

const components = closeObjects(document.components);

/**
 * Closes objects: the document allows members to be added later, but everything
 * sent today must be declared today.
 */
function closeObjects(node: unknown): unknown {
	if (Array.isArray(node)) return node.map(closeObjects);
	if (typeof node !== "object" || node === null) return node;
	const closed = Object.fromEntries(
		Object.entries(node).map(([key, value]) => [
			key,
			key.startsWith("example") ? value : closeObjects(value),
		]),
	);
	return "properties" in node && (node as Schema).type === "object"
		? { additionalProperties: false, ...closed }
		: closed;
}

function resolve<T>(node: T): T {
	const { $ref } = node as { $ref?: string };
	if (!$ref) return node;
	return $ref
		.split("/")
		.slice(1)
		.reduce<unknown>((at, key) => (at as Schema)[key], document) as T;
}
