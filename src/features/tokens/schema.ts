import { z } from "zod";
import { isEmailAddress } from "../../core/canonical-address.ts";
import { guid, line, optional, time, withDefault } from "../../core/fields.ts";
import { limit } from "../../core/paging.ts";
import { type Permission, permissions } from "../../core/words.ts";
import { personalPermissions } from "../../identity/identity.ts";
import { ownerFilter } from "../../identity/people/schema.ts";

/** Maximum lifetime of an access token in days. */
const MAX_LIFETIME_DAYS = 366;

/** Maximum number of valid tokens per person, or per group for its services. */
export const MAX_LIVING_TOKENS = 50;

// A token that could create tokens would outlive its own expiry.
const scopes = (Object.keys(permissions) as Permission[]).filter(
	(permission) => !/^(tokens|sessions):/.test(permission),
) as [Permission, ...Permission[]];

const Scope = z
	.enum(scopes, `Must be one of the scopes ${scopes.join(", ")}.`)
	.meta({ id: "Scope", description: "What a token may be used for." });

const expires_in_days = withDefault(
	z
		.int("Must be a whole number of days.")
		.min(1, "Must be at least 1.")
		.max(MAX_LIFETIME_DAYS, `Must be at most ${MAX_LIFETIME_DAYS}.`),
	90,
).describe("Days until it expires.");

/** A request for a token. */
export const NewAccessToken = z
	.object({
		name: line(100, "as in CI of mcp-servicenow").describe(
			"A name by which its owner recognises it.",
		),
		scopes: z
			.array(Scope, "Must be a list of scopes.")
			.min(1, "Must name at least one scope.")
			.describe(
				"What it may be used for, as far as its owner's roles allow at the time of use.",
			),
		expires_in_days,
	})
	.meta({
		id: "NewAccessToken",
		examples: [
			{
				name: "CI of mcp-servicenow",
				scopes: ["reports:submit", "reports:read"],
				expires_in_days: 90,
			},
		],
	});
export type NewAccessToken = z.infer<typeof NewAccessToken>;

const serviceScopes = scopes.filter(
	(scope) => !personalPermissions.includes(scope),
) as [Permission, ...Permission[]];

/** An admin's request for a service token. */
export const NewServiceToken = NewAccessToken.extend({
	owner: line(255, "as in platform@example.com")
		.refine(isEmailAddress, {
			message: "Must be an e-mail address, as in platform@example.com.",
		})
		.meta({ format: "email" })
		.describe(
			"The e-mail address of the group responsible for it, not of a person, who may leave.",
		),
	scopes: z
		.array(
			z.enum(
				serviceScopes,
				`Must be one of the scopes ${serviceScopes.join(", ")}: the others require a person.`,
			),
			"Must be a list of scopes.",
		)
		.min(1, "Must name at least one scope.")
		.describe(
			"What it may be used for: nothing that requires a person, and nothing that its creator may not do.",
		),
}).meta({
	id: "NewServiceToken",
	examples: [
		{
			name: "The catalogue's portal",
			owner: "platform@example.com",
			scopes: ["catalogue:read"],
			expires_in_days: 90,
		},
	],
});
export type NewServiceToken = z.infer<typeof NewServiceToken>;

const example = {
	id: "6f1c2c9e-0c0e-4b7a-9a52-3f2d1f0f6a11",
	name: "CI of mcp-servicenow",
	owner: "alex@example.com",
	kind: "personal" as const,
	scopes: ["reports:submit" as const, "reports:read" as const],
	created_at: "2025-10-20T10:00:00Z",
	expires_at: "2026-01-18T10:00:00Z",
	sleeps_at: "2026-01-18T09:00:00Z",
	last_used_at: null,
	revoked_at: null,
	revoked_by: null,
};

/** An access token, without its secret. */
export const AccessToken = z
	.object({
		id: z.guid().describe("The token's id: not the token itself."),
		name: z.string(),
		owner: z
			.string()
			.describe(
				"The e-mail address of the person it acts for, or of the group responsible for a service token.",
			),
		kind: z
			.enum(["personal", "service"])
			.describe(
				"personal: it acts for a person. service: it acts for no person, and cannot submit or decide reports.",
			),
		scopes: z.array(Scope),
		created_at: time("When it was made"),
		expires_at: time("When it ends"),
		sleeps_at: time(
			"When it falls asleep, unless its owner signs in before; null for a service token",
		).nullable(),
		last_used_at: time("When it was last used, to the minute").nullable(),
		revoked_at: time("When it was revoked").nullable(),
		revoked_by: z.string().nullable().describe("Who revoked it."),
	})
	.meta({ id: "AccessToken", examples: [example] });
export type AccessToken = z.infer<typeof AccessToken>;

/** A new access token; the token itself is never shown again. */
export const CreatedAccessToken = AccessToken.extend({
	token: z
		.string()
		.describe("The token itself. It is shown only once, and stored nowhere."),
}).meta({
	id: "CreatedAccessToken",
	examples: [{ ...example, token: `golive_${"0123456789abcdef".repeat(4)}` }],
});
export type CreatedAccessToken = z.infer<typeof CreatedAccessToken>;

export const AccessTokenId = z.object({
	id: guid("The token's id: not the token itself."),
});

/** Selects tokens, and a page of them. */
export const AccessTokenFilter = z.object({
	owner: ownerFilter,
	state: withDefault(
		z.enum(["living", "ended", "all"], "Must be living, ended or all."),
		"all",
	).describe(
		"living: valid ones, asleep or not. ended: revoked and expired ones.",
	),
	limit: limit.describe("Maximum number of tokens."),
	after: optional(
		AccessTokenId.shape.id.describe(
			"The id of the last token already seen; the page starts after it.",
		),
	),
});
export type AccessTokenFilter = z.infer<typeof AccessTokenFilter>;
