import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { unknownPerson } from "../../../features/sessions/rules.ts";
import { SessionFilter } from "../../../features/sessions/schema.ts";
import { may } from "../../../identity/identity.ts";
import type { IdentityProvider } from "../identity-provider.ts";
import { endAccessPage, sessionsPage, sessionsUrl } from "../pages/sessions.ts";
import { refuseWithout } from "../recognise.ts";
import { refuseForeignForm } from "../session.ts";
import type { Site } from "../site.ts";
import { sendSignedOut } from "./sign-in-routes.ts";

/** Maximum number of tokens counted: four people with the same address cannot have more. */
const MAX_COUNTED = 200;

type SessionRequest = FastifyRequest<{
	Params: { id: string };
	Querystring: { owner?: string; after?: string; person?: string };
	Body: Record<string, unknown> | null;
}>;

/** Mounts the sessions page: one's own, and everybody's for those who manage them. */
export function mountSessionPages(
	scope: FastifyInstance,
	site: Site,
	provider: IdentityProvider,
): void {
	scope.get("/sessions", (request: SessionRequest, reply) =>
		sendSessions(site, request, reply),
	);

	scope.post("/sessions/:id/end", async (request: SessionRequest, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		const { id } = request.params;
		const { is_current } = await site.callerFor(request).sessions.end({ id });
		if (is_current) return sendSignedOut(site, provider, request, reply);
		const owner = String(request.body?.owner ?? "me");
		return reply.redirect(sessionsUrl(owner), 303);
	});

	scope.post("/sessions/end-all", async (request: SessionRequest, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		await site.callerFor(request).sessions.endAll();
		return sendSignedOut(site, provider, request, reply);
	});

	// Only asks: the next step needs a form.
	scope.get("/sessions/end-access", async (request: SessionRequest, reply) => {
		await refuseWithout(site, "sessions:manage", request);
		const person = String(request.query.person ?? "");
		if (!person.includes("@")) throw unknownPerson(person);
		const { sessions } = site.callerFor(request);
		const listed = await sessions.list({ owner: person, limit: MAX_COUNTED });
		return site.sendPage(
			request,
			reply,
			endAccessPage({
				person,
				sessions: listed.length,
				tokens: await countTokens(site, request, person),
				csrf: site.tokenFor(request, reply),
			}),
		);
	});

	scope.post("/sessions/end-access", async (request: SessionRequest, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		const person = String(request.body?.person ?? "");
		await site.callerFor(request).sessions.endAccess({ person });
		return reply.redirect(sessionsUrl(person), 303);
	});
}

async function sendSessions(
	site: Site,
	request: SessionRequest,
	reply: FastifyReply,
): Promise<FastifyReply> {
	const { identity, query } = request;
	const { settings } = site.contextFor(request);
	const mayManage = identity !== null && may(identity, "sessions:manage");
	const owner = query.owner?.trim() || "me";
	const read = SessionFilter.safeParse({ ...query, owner });
	const isBad =
		mayManage &&
		read.error?.issues.some(({ path }) => path[0] === "owner") === true;
	if (isBad) reply.code(400);
	const filter = isBad ? undefined : SessionFilter.parse({ ...query, owner });
	const sessions = filter
		? await site.callerFor(request).sessions.list(filter)
		: [];
	const isSomebodys = filter !== undefined && owner.includes("@");
	return site.sendPage(
		request,
		reply,
		sessionsPage({
			sessions,
			owner,
			isBad,
			after: filter?.after,
			hasMore: sessions.length === filter?.limit,
			mayManage,
			...(isSomebodys && { tokens: await countTokens(site, request, owner) }),
			lifetime: {
				hours: settings.SESSION_HOURS,
				idleMinutes: settings.SESSION_IDLE_MINUTES,
			},
			csrf: site.tokenFor(request, reply),
			now: new Date(),
		}),
	);
}

/** Counts somebody's own tokens that are still valid. */
async function countTokens(
	site: Site,
	request: FastifyRequest,
	owner: string,
): Promise<number> {
	const tokens = await site.callerFor(request).tokens.list({
		owner,
		state: "living",
		limit: MAX_COUNTED,
	});
	return tokens.filter(({ kind }) => kind === "personal").length;
}
