import { owaspMcp, references } from "../references.ts";
import type { ChecklistPhase } from "../schema.ts";

const tokens = "On-Behalf-Of";
const scope = "Data Scope";

/** Phase 4: the identity with which data is read. */
export const authentication: ChecklistPhase = {
	id: "authentication",
	number: 4,
	title: "Authentication Validation",
	summary:
		"All data is read on behalf of the signed-in user, with tokens made for this server.",
	checks: [
		{
			id: "AUTH-1",
			title: "On-behalf-of only",
			severity: "critical",
			section: tokens,
			question:
				"Does every call to another system run with the signed-in user's identity, with no API keys and no service principals?",
			evidence:
				"The token exchange in the code, with file and line, and the list of secrets that the server holds.",
			verify:
				"Look for other ways of signing in:\n\n```sh\ngit grep -niE 'client_credentials|api[_-]?key|ClientSecretCredential|service[_-]?principal'\nkubectl get secret -n <namespace>\n```",
			redesign:
				"Stop. Replace keys and service principals by a token exchange for every user.",
			references: [
				references.rfc8693,
				references.onBehalfOf,
				owaspMcp("MCP01 Token Mismanagement & Secret Exposure"),
			],
		},
		{
			id: "AUTH-2",
			title: "Token validation",
			severity: "required",
			section: tokens,
			question:
				"Are signature, issuer, audience, scope and lifetime of every token validated before anything else happens?",
			evidence:
				"The validation in the code or gateway, and tests with a wrong audience, a wrong issuer and an expired token.",
			verify:
				'Send a token that was made for another audience, and see 401:\n\n```sh\ncurl -i -H "Authorization: Bearer $OTHER_TOKEN" https://<host>/mcp\ncurl -s https://<host>/.well-known/oauth-protected-resource\n```',
			redesign:
				"Validate with a maintained library against the issuer's published keys, and name this server as the only audience.",
			references: [
				references.mcpAuthorization,
				references.rfc8707,
				references.rfc9728,
				references.rfc8725,
			],
		},
		{
			id: "AUTH-3",
			title: "No token passthrough",
			severity: "required",
			section: tokens,
			question:
				"Does the server exchange the token that it receives, and never forward it to another system?",
			evidence:
				"Every outgoing call with the place where its own token is obtained.",
			verify:
				"Follow the incoming header through the code; it must end in the token exchange:\n\n```sh\ngit grep -niE 'authorization' -- src\n```",
			redesign:
				"Exchange the incoming token for one with the target's audience, for each target.",
			references: [
				references.mcpSecurity,
				references.rfc8693,
				references.rfc8707,
			],
		},
		{
			id: "AUTH-4",
			title: "Data scoped to the signed-in user",
			severity: "required",
			section: scope,
			question:
				"Does a user see through the server exactly what that user may see in the source system, and nothing more?",
			evidence:
				"A test in which two users with different rights make the same call and get different results.",
			verify:
				"On a test instance, make the same call as two test users with different rights, and compare.",
			redesign:
				"Let the source system decide, by calling it as the user, instead of filtering what a stronger identity has read.",
			references: [
				references.cosai,
				owaspMcp("MCP10 Context Injection & Over-Sharing"),
			],
		},
		{
			id: "AUTH-5",
			title: "Filtering by identity",
			severity: "required",
			section: scope,
			question:
				"Where the server filters, caches or stores itself, is it always by the identity in the validated token, and never by a parameter that the model fills in?",
			evidence:
				"Every query and cache key with the claim that it uses, and a test that a foreign user's id in a parameter changes nothing.",
			verify:
				"Look for identities that arrive as parameters:\n\n```sh\ngit grep -nE '(user_?id|email|upn|tenant)' -- src\n```",
			redesign:
				"Take the identity from the validated token alone, and make it part of every query and cache key.",
			references: [
				owaspMcp("MCP07 Insufficient Authentication & Authorization"),
			],
		},
	],
};
