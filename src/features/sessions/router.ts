import { z } from "zod";
import { recordEvent } from "../../audit/queries.ts";
import { originOf } from "../../audit/rules.ts";
import { Refusal } from "../../core/errors.ts";
import { DEFAULT_PAGE_SIZE, refuseUnknownStart } from "../../core/paging.ts";
import { personOf } from "../../core/person-of.ts";
import { may, notPermitted, splitSubject } from "../../identity/identity.ts";
import { findNamed } from "../../identity/people/queries.ts";
import { endAndRecord, recordEnded } from "../../identity/sessions/end.ts";
import { keepLogouts } from "../../identity/sessions/logout-queries.ts";
import {
	endSessions,
	hasSession,
	listSessions,
} from "../../identity/sessions/queries.ts";
import { lockLivingTokens } from "../../identity/tokens/living-queries.ts";
import { revokeTokens } from "../../identity/tokens/queries.ts";
import { procedure, procedureForPeople, router } from "../../procedure.ts";
import { unknownPerson, unknownSession } from "./rules.ts";
import {
	AccessOf,
	EndedAccess,
	EndedSessions,
	Session,
	SessionFilter,
	SessionId,
} from "./schema.ts";

const tags = ["Sessions"];

/** Where nobody signs in, there are no sessions to end. */
const personProcedure = procedureForPeople(
	() =>
		new Refusal(
			"BAD_REQUEST",
			"This service runs without authentication, so nobody is signed in. Set AUTH=oidc to have people sign in.",
		),
);

/** Sessions of the pages: listed and ended by their owners, and by those who manage everybody's. */
export const sessionsRouter = router({
	list: procedure
		.meta({
			access: "sessions:own",
			openapi: {
				method: "GET",
				path: "/api/v1/sessions",
				operationId: "listSessions",
				tags,
				summary: "List sessions",
				description:
					"The browsers in which you are signed in to the pages; with the role admin, also everybody's or another person's; newest first. A full page has a `Link` to the next one.",
			},
			rest: {
				success: 200,
				errors: {
					400: "A filter is not valid; `issues` names every problem.",
				},
				pageSize: DEFAULT_PAGE_SIZE,
			},
		})
		.input(SessionFilter.prefault({}))
		.output(z.array(Session))
		.query(async ({ ctx: { db, settings, ...ctx }, input }) => {
			const identity = personOf(ctx.identity);
			if (!identity) return [];
			const { owner } = input;
			if (owner !== "me" && !may(identity, "sessions:manage")) {
				throw notPermitted(identity, "sessions:manage");
			}
			const subjects =
				owner === "everybody"
					? undefined
					: owner === "me"
						? [identity.subject]
						: (await findNamed(db, owner)).map(({ subject }) => subject);
			const filter = { ...input, subjects, current: identity.session };
			const page = await listSessions(db, filter, settings);
			const mine = may(identity, "sessions:manage")
				? undefined
				: [identity.subject];
			await refuseUnknownStart(
				page,
				input.after,
				(id) => hasSession(db, id, mine),
				{
					missing: "There is no session with the id",
					give: "the id of the last session you have seen",
				},
			);
			return page;
		}),

	end: personProcedure
		.meta({
			access: "sessions:own",
			openapi: {
				method: "POST",
				path: "/api/v1/sessions/{id}/end",
				operationId: "endSession",
				tags,
				summary: "End a session",
				description:
					"The user of that browser must sign in again. You may end your own sessions, and with the role admin everybody's.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such session among those that you may end.",
				},
			},
		})
		.input(SessionId)
		.output(Session)
		.mutation(({ ctx, input: { id } }) =>
			ctx.db.transaction().execute(async (tx) => {
				const { identity } = ctx;
				const which = may(identity, "sessions:manage")
					? { id }
					: { id, subject: identity.subject };
				const origin = originOf(ctx);
				const [ended] = await endAndRecord(tx, which, origin, identity.session);
				if (!ended) throw unknownSession(id);
				return ended;
			}),
		),

	endAll: procedure
		.meta({
			access: "sessions:own",
			openapi: {
				method: "POST",
				path: "/api/v1/sessions/end-all",
				operationId: "endAllSessions",
				tags,
				summary: "Sign out everywhere",
				description:
					"Ends all your own sessions, including the current one. Access tokens remain valid; they are revoked one by one.",
			},
			rest: { success: 200, errors: {} },
		})
		.output(EndedSessions)
		.mutation(({ ctx }) => {
			const person = personOf(ctx.identity);
			// Where nobody signs in, there are none.
			if (!person) return { sessions: 0 };
			const which = { subjects: [person.subject] };
			return ctx.db.transaction().execute(async (tx) => {
				const ended = await endAndRecord(tx, which, originOf(ctx));
				return { sessions: ended.length };
			});
		}),

	endAccess: personProcedure
		.meta({
			access: "sessions:manage",
			openapi: {
				method: "POST",
				path: "/api/v1/sessions/end-access",
				operationId: "endAccess",
				tags,
				summary: "End somebody's access",
				description:
					"For people who leave: in one step, ends all their sessions, revokes all their own access tokens, and rejects the identity provider's tokens issued before. Whether they can sign in again is up to the identity provider.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The input is not valid; `issues` names every problem.",
					404: "Nobody has signed in under that name.",
				},
			},
		})
		.input(AccessOf)
		.output(EndedAccess)
		.mutation(({ ctx, input: { person } }) =>
			ctx.db.transaction().execute(async (tx) => {
				const { identity, settings } = ctx;
				// A provider's token may have been issued for sessions alone.
				if (!may(identity, "tokens:manage")) {
					throw notPermitted(identity, "tokens:manage");
				}
				const people = await findNamed(tx, person);
				if (people.length === 0) throw unknownPerson(person);
				const subjects = people.map(({ subject }) => subject);
				const origin = originOf(ctx);
				// Recording comes last: it waits for all earlier writers of the log.
				const sessions = await endSessions(tx, { subjects });
				const at = Date.now() / 1000;
				await keepLogouts(
					tx,
					subjects.map((subject) => {
						const { issuer } = splitSubject(subject);
						return { issuer, subject, at };
					}),
				);
				const tokens = await revokeTokens(
					tx,
					{ ids: await lockLivingTokens(tx, subjects) },
					identity.email,
					origin,
					settings.TOKEN_OWNER_DAYS,
				);
				await recordEnded(tx, sessions, origin);
				for (const { subject, email } of people) {
					await recordEvent(tx, origin, {
						action: "access_ended",
						target: subject,
						after: { owner: email },
					});
				}
				return {
					people: people.map(({ email }) => email),
					sessions: sessions.length,
					tokens: tokens.length,
				};
			}),
		),
});
