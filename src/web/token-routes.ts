import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { may, type Permission } from "../identity.ts";
import { isOwnToken } from "../tokens/rules.ts";
import { type AccessToken, NewAccessToken } from "../tokens/schema.ts";
import {
	revokeTokenPage,
	type TypedToken,
	tokensPage,
} from "./pages/tokens.ts";
import {
	isOfSession,
	OTHER_SESSION,
	refuseForeignForm,
	refuseForeignOrigin,
} from "./session.ts";
import type { Site } from "./site.ts";

/** Seconds in which the page with a new token must be asked for. */
const SHOWN_WITHIN = 60;

/** What is offered first. */
const usual: TypedToken = { name: "", scopes: [], expires_in_days: "90" };

type TokenRequest = FastifyRequest<{
	Params: { id: string };
	Querystring: { owner?: string };
	Body: Record<string, unknown> | null;
}>;

/** Mounts the page of access tokens: made, shown once, listed, revoked. */
export function mountTokenPages(scope: FastifyInstance, site: Site): void {
	scope.get("/tokens", (request: TokenRequest, reply) =>
		sendTokens(site, request, reply, usual),
	);

	scope.post("/tokens", async (request: TokenRequest, reply) => {
		refuseForeignOrigin(request, site.publicUrl);
		const isChange = request.body?.change === "yes";
		const typed = readTyped(request);
		if (!isChange && !isOfSession(site.cookies, request)) {
			reply.code(403);
			const problems = { form: OTHER_SESSION };
			return sendTokens(site, request, reply, { ...typed, problems });
		}
		const wanted = NewAccessToken.safeParse({
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
		const { token } = await site.callerFor(request).tokens.create(wanted.data);
		// By the browser to the next page, which takes it away: to load that one
		// again neither shows it nor makes another.
		reply.setCookie(site.cookies.newToken, token, {
			...site.cookies.options,
			sameSite: "strict",
			maxAge: SHOWN_WITHIN,
		});
		return reply.header("cache-control", "no-store").redirect("/tokens", 303);
	});

	// Only asks: what it leads to takes a form.
	scope.get("/tokens/:id/revoke", async (request: TokenRequest, reply) => {
		const token = await findToken(site, request);
		const csrf = site.tokenFor(request, reply);
		return site.sendPage(request, reply, revokeTokenPage({ token, csrf }));
	});

	scope.post("/tokens/:id/revoke", async (request: TokenRequest, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		const { id } = request.params;
		const { owner } = await site.callerFor(request).tokens.revoke({ id });
		const isOwn = owner === site.viewerOf(request)?.email;
		return reply.redirect(isOwn ? "/tokens" : "/tokens?owner=everybody", 303);
	});
}

async function sendTokens(
	site: Site,
	request: TokenRequest,
	reply: FastifyReply,
	typed: TypedToken,
): Promise<FastifyReply> {
	const { cookies } = site;
	const owner = request.query.owner === "everybody" ? "everybody" : "me";
	const tokens = await site.callerFor(request).tokens.list({ owner });
	const created = request.cookies[cookies.newToken];
	if (created !== undefined) {
		reply
			.clearCookie(cookies.newToken, cookies.options)
			.header("cache-control", "no-store");
	}
	return site.sendPage(
		request,
		reply,
		tokensPage({
			tokens,
			owner,
			mayManage: mayUse(request, "tokens:manage"),
			scopes: NewAccessToken.shape.scopes.element.options.filter((scope) =>
				mayUse(request, scope),
			),
			created: created && isOwnToken(created) ? created : undefined,
			typed,
			csrf: site.tokenFor(request, reply),
			now: new Date(),
		}),
	);
}

function mayUse({ identity }: FastifyRequest, permission: Permission): boolean {
	return identity !== null && may(identity, permission);
}

function readTyped({ body }: TokenRequest): TypedToken {
	const { name, scopes, expires_in_days } = body ?? {};
	return {
		name: String(name ?? ""),
		scopes: [scopes ?? []].flat().map(String),
		expires_in_days: String(expires_in_days ?? ""),
	};
}

async function findToken(
	site: Site,
	request: TokenRequest,
): Promise<AccessToken> {
	const tokens = await site.callerFor(request).tokens.list({
		owner: mayUse(request, "tokens:manage") ? "everybody" : "me",
	});
	const found = tokens.find(({ id }) => id === request.params.id);
	if (found) return found;
	throw new TRPCError({
		code: "NOT_FOUND",
		message: "There is no such access token among those that you may revoke.",
	});
}
