import { initTRPC, type TRPCError } from "@trpc/server";
import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import type { Reads, WhatWasRead } from "./audit/reads.ts";
import { markRecorded, recordRefusal } from "./audit/refusals.ts";
import type { AnswerBudget } from "./core/body-limits.ts";
import type { Config } from "./core/config.ts";
import {
	factsOf,
	type Refusal,
	recordedWords,
	refuseUnknown,
} from "./core/errors.ts";
import { guid } from "./core/fields.ts";
import { personOf } from "./core/person-of.ts";
import { publicError } from "./core/public-error.ts";
import type { Facade, Permission } from "./core/words.ts";
import { claimOwnReports } from "./identity/claim-reports.ts";
import { type Identity, notSignedIn, refusalOf } from "./identity/identity.ts";
import type { Database } from "./platform/postgres/database.ts";
import type { RunTask } from "./platform/workers/pool.ts";

/** What every procedure receives besides its input. */
export interface Context {
	db: Database;
	log: Pick<FastifyBaseLogger, "error" | "warn" | "info">;
	/** Runs expensive tasks in another process, in the caller's turn. */
	runTask: RunTask;
	/** The operator's rules, from the configuration. */
	settings: Pick<
		Config,
		| "REQUIRE_COMPLETE_REPORT"
		| "APPROVAL_QUORUM"
		| "PLUS_ADDRESSES"
		| "APPROVAL_QUORUM_UNKNOWN"
		| "PUBLIC_URL"
		| "SESSION_HOURS"
		| "SESSION_IDLE_MINUTES"
		| "TOKEN_OWNER_DAYS"
		| "FORGE_ALIASES"
	>;
	/** The caller; `null` when nobody is signed in. */
	identity: Identity | null;
	/** Why the credentials are not valid, if any were sent. */
	refusal: TRPCError | undefined;
	/** The façade of the request, and its client, for the audit log. */
	facade: Facade;
	client: string | null;
	/** The network address of the caller; `null` where there is none. */
	address: string | null;
	/** Records who reads what; absent where reads are not recorded. */
	reads?: Pick<Reads, "note"> | undefined;
	/**
	 * Returns the names that a procedure's input accepts; absent where input does not come directly
	 * from outside.
	 */
	membersOf?: ((path: string) => readonly string[]) | undefined;
	/** Limits the answers of a batch together; absent for a single call. */
	budget?: AnswerBudget | undefined;
	/** The id of this request in the log and in its errors; the caller may have chosen it. */
	requestId: string;
	/** The service's own id of it, which no caller can choose. */
	serviceRequestId: string;
}

/** Creates the context of a request through a façade. */
export type ContextFor = (request: FastifyRequest, facade: Facade) => Context;

/** The error statuses that a procedure itself returns, each with its meaning there. */
type ErrorStatuses = Partial<
	Record<400 | 403 | 404 | 409 | 412 | 413 | 422 | 503, string>
>;

/** A procedure's REST metadata, for the façade and its document alike. */
export interface RestMeta {
	/** HTTP status of success; 201 also sends `Location`. */
	success: 200 | 201;
	errors: ErrorStatuses;
	/**
	 * The answer has an `ETag`, and a matching `If-None-Match` is answered with 304: `true` derives
	 * it from the whole answer. Otherwise it is the answer's version, which another procedure returns
	 * for the same input without reading the rest.
	 */
	// biome-ignore lint/suspicious/noExplicitAny: each procedure's own output
	etag?: true | { versionOf: (output: any) => string; procedure: string };
	/**
	 * The header `If-Match` is the input's member `if_match` (RFC 9110, section 13.1.1), and
	 * documented as such.
	 */
	ifMatch?: true;
	/**
	 * The answer is a page of a list, with `Link` when it is full: default number of rows per page.
	 */
	pageSize?: number;
	/** Returns whether a page is full because of its content, with fewer rows than its limit. */
	// biome-ignore lint/suspicious/noExplicitAny: each procedure's own output
	isFull?: (output: any) => boolean;
	/** For a 201: the path that contains the created resource, if not the operation's own. */
	createdIn?: string;
	/** The member of a row to pass as `after`; `id` by default. */
	cursor?: "seq";
	/**
	 * Returns the number of rows in an answer, where `after` is the number of rows already seen
	 * instead of a row's id.
	 */
	// biome-ignore lint/suspicious/noExplicitAny: each procedure's own output
	countRows?: (output: any) => number;
}

/**
 * A REST operation as OpenAPI describes it. trpc-to-openapi generates the document from these; the
 * running service does not load it.
 */
interface OpenApiOperation {
	method: "GET" | "POST" | "PATCH";
	path: `/${string}`;
	operationId: string;
	summary: string;
	description: string;
	tags: string[];
}

/** A procedure's metadata: its OpenAPI operation, and what the OpenAPI generator does not know. */
export type Meta = {
	openapi?: OpenApiOperation;
	rest?: RestMeta;
	/** The permission that a caller requires; every procedure except the public ones names it. */
	access?: Permission;
	/** The procedure name under which refusals are recorded in the audit log, if not its own. */
	recordedAs?: string;
	/** The action under which successful reads are recorded, where reads are recorded. */
	readAs?: WhatWasRead["action"];
};

const t = initTRPC
	.meta<Meta>()
	.context<Context>()
	.create({
		// Stacks are never sent, whatever NODE_ENV says.
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
/** A procedure for everybody, signed in or not: its answers contain nothing confidential. */
export const publicProcedure = t.procedure;

/** A procedure for callers with the permission that its metadata names. */
export const procedure = t.procedure.use(
	async ({ ctx, meta, path, type, getRawInput, next }) => {
		const denial = findDenial(ctx, meta, path);
		// A misspelled filter would filter nothing, so it is refused; in changes, extra members are
		// fine, since whole answers are sent back.
		if (!denial && ctx.membersOf && type === "query") {
			refuseUnknown(await getRawInput(), ctx.membersOf(path));
		}
		if (!denial) await claimOwnReports(ctx);
		// The context is the same except for its type: passing a new one would make every call copy it.
		const run = () => next() as ReturnType<typeof next<{ identity: Identity }>>;
		const result = denial ? undefined : await answerOf(ctx, type, meta, run);
		const error = denial ?? (result?.ok === false ? result.error : undefined);
		if (error && isRefusal(error)) {
			const target = meta?.recordedAs ?? path;
			const { reason } = factsOf(error);
			await recordRefusal(
				ctx,
				{ action: "action_refused", target, reason },
				async () => ({
					report_id: reportIdIn(path, await getRawInput()),
					detail: recordedWords(error),
				}),
			);
			markRecorded(error);
		}
		if (!result) throw denial;
		if (result.ok && meta?.readAs && ctx.reads) {
			const { readAs: action } = meta;
			const isOfReport = action === "report_read";
			const input = isOfReport ? await getRawInput() : undefined;
			ctx.reads.note(ctx, { action, report_id: reportIdIn(path, input) });
		}
		if (result.ok && type === "query") ctx.budget?.ofQuery(result.data);
		return result;
	},
);

/**
 * Runs a procedure: alone, or as one of a batch. Those of one batch run one after
 * the other, each in a turn of the event loop, so that a batch takes no more of
 * the database and of the loop at once than a single request. MCP gives its calls
 * their turns itself.
 */
function answerOf<Result extends { ok: boolean }>(
	{ budget, facade }: Context,
	type: string,
	meta: Meta | undefined,
	run: () => Promise<Result>,
): Promise<Result> {
	if (!budget) return run();
	if (type === "mutation") {
		return budget.ofMutation(
			run,
			(made) => made.ok && (made as { data?: unknown }).data,
		);
	}
	// Single reports are read in one query together.
	const isReadTogether = typeof meta?.rest?.etag === "object";
	return facade === "trpc" && !isReadTogether ? budget.inTurn(run) : run();
}

export const createCallerFactory = t.createCallerFactory;

/** Returns why this caller may not call this procedure at all, if so. */
function findDenial(
	{ identity, refusal }: Context,
	meta: Meta | undefined,
	path: string,
): TRPCError | undefined {
	if (!identity) return refusal ?? notSignedIn();
	if (!meta?.access) throw new Error(`${path} does not say who may call it`);
	return refusalOf(identity, meta.access);
}

/**
 * Makes a procedure for callers whose identity is proven.
 *
 * @param refuse makes the refusal for services that run without authentication
 */
export function procedureForPeople(refuse: () => Refusal) {
	return procedure.use(({ ctx, next }) => {
		const identity = personOf(ctx.identity);
		if (!identity) throw refuse();
		return next({ ctx: { identity } });
	});
}

/**
 * Returns whether an error means that somebody tried something they may not do; a 404 may be a
 * disguised one, and a 403 may already have been recorded.
 */
function isRefusal(error: TRPCError): boolean {
	const { isDisguised, isRecorded } = factsOf(error);
	return (error.code === "FORBIDDEN" && !isRecorded) || isDisguised === true;
}

const reportId = guid("A report's id.");

/** Returns the id of the requested report; the input is not validated yet. */
function reportIdIn(path: string, input: unknown): string | null {
	const { id } = (input ?? {}) as { id?: unknown };
	return /^(tokens|sessions)\./.test(path)
		? null
		: (reportId.safeParse(id).data ?? null);
}
