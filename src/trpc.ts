import { initTRPC } from "@trpc/server";
import type { FastifyBaseLogger } from "fastify";
import type { OpenApiMeta } from "trpc-to-openapi";
import type { Database } from "./database.ts";
import { publicError } from "./errors.ts";

/** What every procedure gets beside its input. */
export interface Context {
	db: Database;
	log: Pick<FastifyBaseLogger, "error" | "warn">;
	/** The house's own rules, from the configuration. */
	settings: { requireCompleteReport: boolean };
	/** The id under which this request stands in the log and in its errors. */
	requestId: string;
}

/** The error statuses that a procedure itself decides on, each with what it means here. */
type ErrorStatuses = Partial<Record<400 | 404 | 409 | 413 | 422 | 503, string>>;

/** Where and how a procedure stands in REST, for the façade and its document alike. */
export interface RestMeta {
	/** HTTP status of success; 201 also sends `Location`. */
	success: 200 | 201;
	errors: ErrorStatuses;
	/**
	 * The answer carries an `ETag`, and `If-None-Match` is answered with 304:
	 * `true` makes it of the whole answer. Otherwise it is the answer's version,
	 * which another procedure knows by the same input without reading the rest.
	 */
	// biome-ignore lint/suspicious/noExplicitAny: each procedure's own output
	etag?: true | { versionOf: (output: any) => string; procedure: string };
	/** The answer is a page of a list, with `Link` when it is full: rows per page by default. */
	pageSize?: number;
	/** An example of the answer, where its schema holds none. */
	example?: unknown;
}

/** A procedure's metadata: its OpenAPI operation, and what OpenAPI's generator does not know. */
export type Meta = OpenApiMeta<{ rest?: RestMeta }>;

const t = initTRPC
	.meta<Meta>()
	.context<Context>()
	.create({
		// Stacks never leave the house, whatever NODE_ENV says.
		isDev: false,
		errorFormatter({ shape, error, ctx }) {
			const { detail, code, status, issues, members } = publicError(error);
			return {
				...shape,
				message: detail,
				data: {
					...shape.data,
					code,
					httpStatus: status,
					request_id: ctx?.requestId ?? null,
					...(issues && { issues }),
					...members,
				},
			};
		},
	});

export const router = t.router;
export const mergeRouters = t.mergeRouters;
export const procedure = t.procedure;
export const createCallerFactory = t.createCallerFactory;
