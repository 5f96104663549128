/** Closed lists of words, the same in code, database, API and pages. */

/** The façades. */
export const facades = ["rest", "trpc", "mcp", "web", "command_line"] as const;
export type Facade = (typeof facades)[number];

/** The status of a report (PRD, FR-002). */
export const reportStatuses = [
	"pending_review",
	"approved",
	"rejected",
] as const;

/** The risk of a server, as far as its report shows. */
export const riskLevels = [
	"low",
	"medium",
	"high",
	"critical",
	"unknown",
] as const;

/** A person's role in this service, assigned by the organisation's identity provider. */
export const roles = ["developer", "reviewer", "auditor", "admin"] as const;
export type Role = (typeof roles)[number];

/**
 * Permissions. Each procedure names the one it requires; the same words are the scopes of access
 * tokens (RFC 6749, section 3.3).
 */
export const permissions = {
	"catalogue:read": "read the checklist and the catalogue of servers",
	"reports:read": "read own reports",
	"reports:read_all": "read everybody's reports and the statistics",
	"reports:submit": "check, submit and withdraw own reports",
	"reports:decide": "approve, reject and reopen reports",
	"audit:read": "read the audit log",
	"tokens:own": "create, list and revoke own access tokens",
	"tokens:manage":
		"list and revoke everybody's access tokens, and create service tokens",
	"sessions:own": "see and end own sessions",
	"sessions:manage": "see and end everybody's sessions",
} as const;
export type Permission = keyof typeof permissions;

/**
 * How the caller proves an identity: a token of the provider, an access token of ours, a browser
 * session, or access to the command line.
 */
export const authenticationMethods = [
	"oidc",
	"access_token",
	"session",
	"local",
] as const;
export type AuthenticationMethod = (typeof authenticationMethods)[number];
