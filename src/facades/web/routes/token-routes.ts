import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Permission } from "../../../core/words.ts";
import {
	AccessTokenFilter,
	AccessTokenId,
	NewAccessToken,
	NewServiceToken,
} from "../../../features/tokens/schema.ts";
import { may } from "../../../identity/identity.ts";
import { isOwnToken } from "../../../identity/own-tokens.ts";
import type { Caller } from "../../../router.ts";
import type { TypedToken } from "../components/token-form.ts";
import { revokeTokenPage, tokensPage, tokensUrl } from "../pages/tokens.ts";
import { recordIfRefused, recordRefusedForm } from "../refused-forms.ts";
import {
	isOfSession,
	OTHER_SESSION,
	refuseForeignForm,
	refuseForeignOrigin,
} from "../session.ts";
import type { Site } from "../site.ts";

/** Seconds within which the page with a new token must be requested. */
const SHOWN_WITHIN = 60;

/** The initial values of the form. */
const usual: TypedToken = { name: "", scopes: [], expires_in_days: "90" };

type TokenRequest = FastifyRequest<{
	Params: { id: string };
	Querystring: Partial<Record<"owner" | "state" | "after" | "id", string>>;
	Body: Record<string, unknown> | null;
}>;

/** Mounts the access tokens page: tokens are created, shown once, listed, found and revoked. */
export function mountTokenPages(scope: FastifyInstance, site: Site): void {
	scope.get("/tokens", (request: TokenRequest, reply) =>
		sendTokens(site, request, reply, usual),
	);

	mountForm(
		scope,
		site,
		"/tokens",
		NewAccessToken,
		"me",
		({ tokens }, wanted) => tokens.create(wanted),
	);
	mountForm(
		scope,
		site,
		"/tokens/service",
		NewServiceToken,
		"everybody",
		({ tokens }, wanted) => tokens.createService(wanted),
	);

	// Only asks: the next step needs a form.
	scope.get("/tokens/:id/revoke", async (request: TokenRequest, reply) => {
		const { id } = request.params;
		const token = await site.callerFor(request).tokens.get({ id });
		const csrf = site.tokenFor(request, reply);
		return site.sendPage(request, reply, revokeTokenPage({ token, csrf }));
	});

	scope.post("/tokens/:id/revoke", async (request: TokenRequest, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		const { id } = request.params;
		await site.callerFor(request).tokens.revoke({ id });
		return reply.redirect(tokensUrl({ id }), 303);
	});
}

/**
 * Mounts a form that creates a token.
 *
 * @param schema of the form's values
 * @param owner whose tokens are listed with it
 */
function mountForm<Wanted>(
	scope: FastifyInstance,
	site: Site,
	path: string,
	schema: z.ZodType<Wanted>,
	owner: "me" | "everybody",
	create: (caller: Caller, wanted: Wanted) => Promise<{ token: string }>,
): void {
	scope.post(path, async (request: TokenRequest, reply) => {
		refuseForeignOrigin(request, site.publicUrl);
		request.query.owner = owner;
		const isChange = request.body?.change === "yes";
		const typed = readTyped(request);
		if (!isChange && !isOfSession(site.cookies, request)) {
			await recordRefusedForm(site, request, OTHER_SESSION);
			reply.code(403);
			const problems = { form: OTHER_SESSION };
			return sendTokens(site, request, reply, { ...typed, problems });
		}
		const wanted = schema.safeParse({
			...typed,
			expires_in_days: Number(typed.expires_in_days),
		});
		if (isChange || !wanted.success) {
			reply.code(isChange ? 200 : 400);
			const problems = (wanted.error?.issues ?? []).map(
				({ path, message }) => [String(path[0]), message] as const,
			);
			return sendTokens(site, request, reply, {
				...typed,
				...(!isChange && { problems: Object.fromEntries(problems) }),
			});
		}
		const caller = site.callerFor(request);
		try {
			const { token } = await create(caller, wanted.data);
			// Passed by the browser to the next page, which deletes it: reloading
			// that page neither shows the token again nor creates another.
			reply.setCookie(site.cookies.newToken, token, {
				...site.cookies.options,
				sameSite: "strict",
				maxAge: SHOWN_WITHIN,
			});
			return reply.redirect(tokensUrl({ owner }), 303);
		} catch (error) {
			if (!(error instanceof TRPCError) || error.code !== "CONFLICT") {
				throw error;
			}
			await recordIfRefused(site, request, error);
			reply.code(409);
			const problems = { form: error.message };
			return sendTokens(site, request, reply, { ...typed, problems });
		}
	});
}

async function sendTokens(
	site: Site,
	request: TokenRequest,
	reply: FastifyReply,
	typed: TypedToken,
): Promise<FastifyReply> {
	const { cookies } = site;
	const { settings } = site.contextFor(request);
	const caller = site.callerFor(request);
	const { id, state: wanted, ...given } = request.query;
	const state = wanted === "ended" ? "ended" : "living";
	const filter = AccessTokenFilter.parse({ ...given, state });
	const found =
		id === undefined ? undefined : await findToken(caller, id.trim());
	if (found?.problem) reply.code(404);
	const tokens = found?.tokens ?? (await caller.tokens.list(filter));
	const created = request.cookies[cookies.newToken];
	if (created !== undefined) {
		reply.clearCookie(cookies.newToken, cookies.options);
	}
	const offered = (filter.owner === "me" ? NewAccessToken : NewServiceToken)
		.shape.scopes.element.options;
	return site.sendPage(
		request,
		reply,
		tokensPage({
			tokens,
			query: { ...filter, state, id },
			hasMore: !found && tokens.length === filter.limit,
			problem: found?.problem,
			mayManage: mayUse(request, "tokens:manage"),
			scopes: offered.filter((scope) => mayUse(request, scope)),
			created: created && isOwnToken(created) ? created : undefined,
			typed,
			ownerDays: settings.TOKEN_OWNER_DAYS,
			csrf: site.tokenFor(request, reply),
			now: new Date(),
		}),
	);
}

function mayUse({ identity }: FastifyRequest, permission: Permission): boolean {
	return identity !== null && may(identity, permission);
}

function readTyped({ body }: TokenRequest): TypedToken {
	const { name, scopes, expires_in_days, owner } = body ?? {};
	return {
		name: String(name ?? ""),
		scopes: [scopes ?? []].flat().map(String),
		expires_in_days: String(expires_in_days ?? ""),
		...(owner !== undefined && { owner: String(owner) }),
	};
}

/** Returns the token with this id, or why none is shown. */
async function findToken({ tokens }: Caller, id: string) {
	const wanted = AccessTokenId.safeParse({ id });
	if (!wanted.success) {
		return { tokens: [], problem: wanted.error.issues[0]?.message };
	}
	try {
		return { tokens: [await tokens.get(wanted.data)], problem: undefined };
	} catch (error) {
		if (!(error instanceof TRPCError) || error.code !== "NOT_FOUND") {
			throw error;
		}
		return { tokens: [], problem: error.message };
	}
}
