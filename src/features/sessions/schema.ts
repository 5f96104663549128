import { z } from "zod";
import { guid, optional, time } from "../../core/fields.ts";
import { limit } from "../../core/paging.ts";
import { ownerFilter, personName } from "../../identity/people/schema.ts";

const example = {
	id: "0b8e1f52-6a0f-4c1e-9d62-6f0f1a7b2c33",
	owner: "alex@example.com",
	client:
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	created_at: "2025-10-20T10:00:00Z",
	last_seen_at: "2025-10-20T10:42:00Z",
	expires_at: "2025-10-20T18:00:00Z",
	is_current: false,
};

/** A browser session of the pages, without its secret. */
export const Session = z
	.object({
		id: z.guid(),
		owner: z.string().describe("The e-mail address of the signed-in person."),
		client: z
			.string()
			.nullable()
			.describe(
				"The browser, as it calls itself. Cut off after 200 characters.",
			),
		created_at: time("When they signed in"),
		last_seen_at: time("When they were last active, to the minute"),
		expires_at: time("When it expires at the latest"),
		is_current: z
			.boolean()
			.describe("Whether it is the session that makes this request."),
	})
	.meta({ id: "Session", examples: [example] });
export type Session = z.infer<typeof Session>;

export const SessionId = z.object({ id: guid("The session's id.") });

/** Selects sessions, and a page of them. */
export const SessionFilter = z.object({
	owner: ownerFilter,
	limit: limit.describe("Maximum number of sessions."),
	after: optional(
		SessionId.shape.id.describe(
			"The id of the last session already seen; the page starts after it.",
		),
	),
});
export type SessionFilter = z.infer<typeof SessionFilter>;

/** The number of sessions ended. */
export const EndedSessions = z
	.object({ sessions: z.int().min(0) })
	.meta({ id: "EndedSessions", examples: [{ sessions: 2 }] });

/** The person whose sessions and tokens are ended. */
export const AccessOf = z
	.object({ person: personName })
	.meta({ id: "AccessOf", examples: [{ person: "alex@example.com" }] });

/** The access that a person had and lost. */
export const EndedAccess = z
	.object({
		people: z
			.array(z.string())
			.describe("The e-mail address of each account concerned."),
		sessions: z.int().min(0).describe("Sessions that were ended."),
		tokens: z.int().min(0).describe("Own access tokens that were revoked."),
	})
	.meta({
		id: "EndedAccess",
		examples: [{ people: ["alex@example.com"], sessions: 2, tokens: 3 }],
	});
