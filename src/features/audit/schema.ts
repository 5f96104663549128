import { z } from "zod";
import {
	guid,
	optional,
	statedNumber,
	statedText,
	text,
} from "../../core/fields.ts";
import { limit } from "../../core/paging.ts";
import { authenticationMethods, facades } from "../../core/words.ts";

/** How the actor was identified; `none`: not at all, the actor is only claimed. */
export const methods = ["none", ...authenticationMethods] as const;

/** The recorded actions. */
export const actions = [
	"report_submitted",
	"report_claimed",
	"report_withdrawn",
	"approval_requested",
	"approval_recorded",
	"report_approved",
	"report_rejected",
	"report_reopened",
	"token_created",
	"token_revoked",
	"signed_in",
	"signed_out",
	"session_ended",
	"access_ended",
	"repositories_rekeyed",
	"sign_in_failed",
	"credential_refused",
	"action_refused",
	"form_refused",
	"link_refused",
	"report_read",
	"audit_read",
] as const;
export type AuditAction = (typeof actions)[number];

const seq = z
	.int()
	.min(1)
	.max(Number.MAX_SAFE_INTEGER)
	.describe("The row's number: 1, 2, 3 and so on, without gaps.");

const sha256 = (what: string) =>
	statedText(
		z
			.string()
			.regex(/^[0-9a-f]{64}$/)
			.describe(what),
	);

const facts = z.record(z.string(), z.string());

/**
 * One row of the audit log. Its values are not validated, since a manipulated row must still be
 * readable.
 */
export const AuditEntry = z
	.object({
		seq: statedNumber(seq),
		time: statedText(
			z.iso
				.datetime()
				.describe("When, ISO 8601 in UTC, always with microseconds."),
		),
		actor: z
			.string()
			.nullable()
			.describe(
				"Who: an e-mail address. It is proven if there is an actor_subject, and otherwise what was claimed.",
			),
		actor_subject: z
			.string()
			.nullable()
			.describe("Who, as the identity provider permanently identifies them."),
		method: statedText(
			z
				.enum(methods)
				.describe(
					"How the actor was identified: by a token of the identity provider (oidc), a token of this service, a browser's session, the operator's command line (local), or not at all (none).",
				),
		),
		facade: statedText(z.enum(facades).describe("The façade used.")),
		client: z
			.string()
			.nullable()
			.describe(
				"The program, as it calls itself: an MCP client's name and version, or the User-Agent. Cut off after 200 characters.",
			),
		action: statedText(z.enum(actions).describe("What was done.")),
		report_id: statedText(guid("Which report."))
			.nullable()
			.describe("Which report."),
		target: z
			.string()
			.nullable()
			.describe(
				"What else: the id of an access token or a session, the subject of somebody whose access was ended; the refused procedure, the page of a refused form, or the state of a link that is no longer valid (used, expired, outdated).",
			),
		before: facts.nullable().describe("The values before, as texts by name."),
		after: facts.nullable().describe("The values after, as texts by name."),
		request_id: z
			.string()
			.describe(
				"The request's id, as in the log and in X-Request-Id: the caller's own, where it sent one.",
			),
		service_request_id: z
			.string()
			.nullable()
			.describe(
				"The service's own id of the request, also in the log: no caller can choose it. null in rows from before it was stored.",
			),
		address: z
			.string()
			.nullable()
			.describe(
				"The caller's network address. It is erased after AUDIT_ADDRESS_DAYS, except in rows from before there was an address_hash.",
			),
		address_hash: z
			.string()
			.nullable()
			.describe(
				"Stands for the address in the chain: its HMAC-SHA-256, in hex, with a key that stays in the database. null where there was no address, and in older rows, whose address itself is in the chain.",
			),
		previous_hash: sha256(
			"The hash of the previous row; 64 zeros in the first.",
		),
		hash: sha256(
			"SHA-256 of the row's canonical JSON (RFC 8785), without this member, members that are null, and the address if there is an address_hash.",
		),
	})
	.meta({
		id: "AuditEntry",
		examples: [
			{
				seq: 1,
				time: "2025-10-20T10:00:00.000000Z",
				actor: "alex@example.com",
				actor_subject: "https://login.example.com 248289761001",
				method: "oidc",
				facade: "mcp",
				client: "claude-code/2.1.0",
				action: "report_submitted",
				report_id: "550e8400-e29b-41d4-a716-446655440000",
				target: null,
				before: null,
				after: {
					server_name: "mcp-servicenow",
					repository_url: "https://github.com/intility/mcp-servicenow",
					revision: "1",
					content_sha256:
						"d0c22b123d41642c1fe259047737ca9f3da1effc2347d35d796490f08a99e315",
				},
				request_id: "0f8b2f1e-2f4e-4f0e-9a39-0d6f3c2b1a00",
				service_request_id: "0f8b2f1e-2f4e-4f0e-9a39-0d6f3c2b1a00",
				address: "192.0.2.7",
				address_hash:
					"6ad2cea36bd8ba89e7c91a2a3ed2cbb7f4a0c6d0ea8e2a4d8f3a1c3be10d7c52",
				previous_hash: "0".repeat(64),
				hash: "80d1251a40304d38a8286ffd0dc32122a7320a1921bb9ab22ed03212a54af71b",
			},
		],
	});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** A time that both we and PostgreSQL can parse. */
const moment = z
	.string()
	.max(40, { error: "Must be at most 40 characters.", abort: true })
	.check(
		z.iso.datetime(
			"Must be a date and time in UTC, as in 2025-10-20T10:00:00Z.",
		),
	)
	// PostgreSQL's years begin at 1.
	.refine(
		(time) => !time.startsWith("0000"),
		"Must be in the year 1 or later.",
	);

/** Selects rows of the audit log, and a page of them. */
export const AuditFilter = z.object({
	actor: optional(
		text(255)
			.trim()
			.describe("Only by this e-mail address, however it is spelled."),
	),
	action: optional(
		z
			.enum(actions, `Must be one of ${actions.join(", ")}.`)
			.describe("Only this action."),
	),
	report_id: optional(guid("Only about this report.")),
	method: optional(
		z
			.enum(methods, `Must be one of ${methods.join(", ")}.`)
			.describe("Only by actors identified in this way."),
	),
	facade: optional(
		z
			.enum(facades, `Must be one of ${facades.join(", ")}.`)
			.describe("Only through this façade."),
	),
	since: optional(moment.describe("Only from this time onwards.")),
	until: optional(moment.describe("Only before this time.")),
	limit: limit.describe("Maximum number of rows."),
	after: optional(
		z.coerce
			.number<number>("Must be a row's number.")
			.int("Must be a whole number.")
			.min(1, "Must be at least 1.")
			.max(Number.MAX_SAFE_INTEGER, "Is not a row's number.")
			.describe(
				"The seq of the last row already seen; the page starts after it.",
			),
	),
});
export type AuditFilter = z.infer<typeof AuditFilter>;
