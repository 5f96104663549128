import { initTRPC, type TRPCError } from "@trpc/server";
import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import type { Reads, WhatWasRead } from "./audit/reads.ts";
import { markRecorded, recordRefusal } from "./audit/refusals.ts";
import type { AnswerBudget } from "./core/body-limits.ts";
import type { Config } from "./core/config.ts";
import { factsOf, recordedWords, refuseUnknown } from "./core/errors.ts";
import { guid } from "./core/fields.ts";
import { publicError } from "./core/public-error.ts";
import type { Facade, Permission } from "./core/words.ts";
import { claimOwnReports } from "./identity/claim-reports.ts";
import {
	type Identity,
	may,
	notPermitted,
	notSignedIn,
	type ProvenIdentity,
} from "./identity/identity.ts";
import type { Database } from "./platform/postgres/database.ts";
import type { RunTask } from "./platform/workers/pool.ts";

/** What every procedure gets beside its input. */
export interface Context {
	db: Database;
	log: Pick<FastifyBaseLogger, "error" | "warn" | "info">;
	/** Runs what takes long, in another process and in the caller's turn. */
	runTask: RunTask;
	/** The house's own rules, from the configuration. */
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
	/** Who is asking; `null` when nobody is signed in. */
	identity: Identity | null;
	/** Why what was shown proves nothing, when something was. */
	refusal: TRPCError | undefined;
	/** Through which façade the request came, and with which client, for the audit log. */
	facade: Facade;
	client: string | null;
	/** The network address that asks; `null` where there is none. */
	address: string | null;
	/** Records who reads what; absent where that is not recorded. */
	reads?: Pick<Reads, "note"> | undefined;
	/** The names that a procedure's input knows; absent where no input comes from outside as it is. */
	membersOf?: ((path: string) => readonly string[]) | undefined;
	/** What all answers of a batch may hold together; absent where there is one call. */
	budget?: AnswerBudget | undefined;
	/** The id under which this request stands in the log and in its errors; a caller may have chosen it. */
	requestId: string;
	/** The service's own id of it, which no caller chooses. */
	serviceRequestId: string;
}

/** Who is asking through this façade, and with what. */
export type ContextFor = (request: FastifyRequest, facade: Facade) => Context;

/** The error statuses that a procedure itself decides on, each with what it means here. */
type ErrorStatuses = Partial<
	Record<400 | 403 | 404 | 409 | 412 | 413 | 422 | 503, string>
>;

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
	/**
	 * The header `If-Match` is the input's member `if_match` (RFC 9110, section
	 * 13.1.1), and there in the document.
	 */
	ifMatch?: true;
	/** The answer is a page of a list, with `Link` when it is full: rows per page by default. */
	pageSize?: number;
	/** Whether a page has ended by what it holds, though it has less than its limit of rows. */
	// biome-ignore lint/suspicious/noExplicitAny: each procedure's own output
	isFull?: (output: any) => boolean;
	/** Of a 201: the path below which what was created stands, if not the operation's own. */
	createdIn?: string;
	/** The member of a row that names it as `after`; `id` if it is not told. */
	cursor?: "seq";
	/**
	 * How many rows an answer holds where `after` is the number of rows already
	 * seen, and no row's name.
	 */
	// biome-ignore lint/suspicious/noExplicitAny: each procedure's own output
	countRows?: (output: any) => number;
}

/** An operation of REST, as OpenAPI describes it. Its document is generated from these by trpc-to-openapi, which the running service does not load. */
interface OpenApiOperation {
	method: "GET" | "POST" | "PATCH";
	path: `/${string}`;
	operationId: string;
	summary: string;
	description: string;
	tags: string[];
}

/** A procedure's metadata: its OpenAPI operation, and what OpenAPI's generator does not know. */
export type Meta = {
	openapi?: OpenApiOperation;
	rest?: RestMeta;
	/** What a caller must be permitted; every procedure but the public ones names it. */
	access?: Permission;
	/** Under which procedure's name a refusal stands in the audit log, if not its own. */
	recordedAs?: string;
	/** That somebody had the answer is recorded under this action, where reads are. */
	readAs?: WhatWasRead["action"];
};

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
/** A procedure for everybody, signed in or not: it tells nothing that is worth knowing. */
export const publicProcedure = t.procedure;

/** A procedure for those who have the permission that its metadata names. */
export const procedure = t.procedure.use(
	async ({ ctx, meta, path, type, getRawInput, next }) => {
		const denial = findDenial(ctx, meta, path);
		// A filter that is misspelled is no filter; but whole answers are sent back.
		if (!denial && ctx.membersOf && type === "query") {
			refuseUnknown(await getRawInput(), ctx.membersOf(path));
		}
		if (!denial) await claimOwnReports(ctx);
		// The context is the same, but for its type: handing over a new one has every call copy it.
		const run = () => next() as ReturnType<typeof next<{ identity: Identity }>>;
		const result = denial
			? undefined
			: await (ctx.budget && type === "mutation"
					? ctx.budget.ofMutation(run, (made) => made.ok && made.data)
					: run());
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
export const createCallerFactory = t.createCallerFactory;

/** Why this caller may not call this procedure at all, if so. */
function findDenial(
	{ identity, refusal }: Context,
	meta: Meta | undefined,
	path: string,
): TRPCError | undefined {
	if (!identity) return refusal ?? notSignedIn();
	if (!meta?.access) throw new Error(`${path} does not say who may call it`);
	if (may(identity, meta.access)) return undefined;
	// Where nobody signs in, everybody may.
	return notPermitted(identity as ProvenIdentity, meta.access);
}

/**
 * Whether somebody tried what they may not; a 404 may be one in disguise, and a
 * 403 may be the beginning of something that is recorded already.
 */
function isRefusal(error: TRPCError): boolean {
	const { isDisguised, isRecorded } = factsOf(error);
	return (error.code === "FORBIDDEN" && !isRecorded) || isDisguised === true;
}

const reportId = guid("A report's id.");

/** About which report somebody asked; the input is not checked yet. */
function reportIdIn(path: string, input: unknown): string | null {
	const { id } = (input ?? {}) as { id?: unknown };
	return /^(tokens|sessions)\./.test(path)
		? null
		: (reportId.safeParse(id).data ?? null);
}
