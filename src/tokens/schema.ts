import { z } from "zod";
import { guid, line, time } from "../fields.ts";
import { type Permission, permissions } from "../identity.ts";

/** Days that an access token may live at the most. */
const MAX_LIFETIME_DAYS = 366;

/** Tokens in a list. */
export const MAX_TOKENS = 200;

// A token that could make tokens would outlive its own end.
const scopes = (Object.keys(permissions) as Permission[]).filter(
	(permission) => !permission.startsWith("tokens:"),
) as [Permission, ...Permission[]];

const Scope = z
	.enum(scopes, `Must be one of the scopes ${scopes.join(", ")}.`)
	.meta({ id: "Scope", description: "What a token may be used for." });

/** What somebody wants a token for. */
export const NewAccessToken = z
	.object({
		name: line(100, "as in CI of mcp-servicenow").describe(
			"What it is for, for its owner to recognise.",
		),
		scopes: z
			.array(Scope, "Must be a list of scopes.")
			.min(1, "Must name at least one scope.")
			.describe(
				"What it may be used for, as far as its owner's roles allow it at that time.",
			),
		expires_in_days: z
			.int("Must be a whole number of days.")
			.min(1, "Must be at least 1.")
			.max(MAX_LIFETIME_DAYS, `Must be at most ${MAX_LIFETIME_DAYS}.`)
			.default(90)
			.describe("Days until it ends."),
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

const example = {
	id: "6f1c2c9e-0c0e-4b7a-9a52-3f2d1f0f6a11",
	name: "CI of mcp-servicenow",
	owner: "alex@example.com",
	scopes: ["reports:submit" as const, "reports:read" as const],
	created_at: "2025-10-20T10:00:00Z",
	expires_at: "2026-01-18T10:00:00Z",
	last_used_at: null,
	revoked_at: null,
	revoked_by: null,
};

/** An access token, without the token. */
export const AccessToken = z
	.object({
		id: z.guid().describe("The token's id: not the token itself."),
		name: z.string(),
		owner: z.string().describe("The e-mail address of whom it acts for."),
		scopes: z.array(Scope),
		created_at: time("When it was made"),
		expires_at: time("When it ends"),
		last_used_at: time("When it was used last, to the minute").nullable(),
		revoked_at: time("When it was revoked").nullable(),
		revoked_by: z.string().nullable().describe("Who revoked it."),
	})
	.meta({ id: "AccessToken", examples: [example] });
export type AccessToken = z.infer<typeof AccessToken>;

/** A new access token: the only time that the token itself is shown. */
export const CreatedAccessToken = AccessToken.extend({
	token: z
		.string()
		.describe("The token itself. It is shown this once, and kept nowhere."),
}).meta({
	id: "CreatedAccessToken",
	examples: [{ ...example, token: `golive_${"0123456789abcdef".repeat(4)}` }],
});

export const AccessTokenId = z.object({
	id: guid("The token's id: not the token itself."),
});

/** Whose tokens are listed. */
export const AccessTokenFilter = z.object({
	owner: z
		.enum(["me", "everybody"], "Must be me or everybody.")
		.default("me")
		.describe("`everybody` takes the role admin."),
});
