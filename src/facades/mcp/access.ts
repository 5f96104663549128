import type { TRPCError } from "@trpc/server";
import type { Config } from "../../core/config.ts";
import { personOf } from "../../core/person-of.ts";
import type { Permission } from "../../core/words.ts";
import {
	type Identity,
	may,
	notPermitted,
	scopelessToken,
} from "../../identity/identity.ts";
import type { Meta } from "../../procedure.ts";
import { appRouter } from "../../router.ts";
import type { ProcedurePath } from "./tool.ts";
import { tools } from "./tools.ts";

/**
 * The scopes that MCP uses. A model's token needs no others, and with
 * `tokens:own` it could create a longer-lived token for itself.
 */
const scopes: readonly Permission[] = [
	"catalogue:read",
	"reports:read",
	"reports:read_all",
	"reports:submit",
	"reports:decide",
];

/**
 * Returns the scopes that a client requests from the identity provider to sign
 * somebody in for MCP. Where tokens need none of our scopes, the provider may
 * not know them.
 */
export function scopesToAsk({
	OIDC_SCOPES,
	OIDC_SCOPELESS,
	OIDC_SCOPE_PREFIX,
}: ScopeSettings): string[] {
	const own =
		OIDC_SCOPELESS === "roles"
			? []
			: scopes.map((scope) => OIDC_SCOPE_PREFIX + scope);
	return [...new Set([...OIDC_SCOPES, ...own])];
}

/** The settings for scopes. */
export type ScopeSettings = Pick<
	Config,
	"OIDC_SCOPES" | "OIDC_SCOPELESS" | "OIDC_SCOPE_PREFIX"
>;

/** Returns whether the caller may call a procedure, as its metadata says. */
export function mayCall(identity: Identity, procedure: ProcedurePath): boolean {
	const access = accessOf(procedure);
	return access === undefined || may(identity, access);
}

/**
 * Finds what MCP messages request but their sender may not do, so that the
 * answer can be a 403 that names what is missing, as MCP's authorization asks.
 *
 * @param body one message, or a batch of them, of any shape
 * @returns the reason, FORBIDDEN, and the procedure behind it; `mcp` where
 *   everything is forbidden
 */
export function findForbidden(
	identity: Identity,
	body: unknown,
): { error: TRPCError; target: string } | undefined {
	const person = personOf(identity);
	if (!person) return undefined;
	// An empty tool list would not tell the client which scopes to request.
	if (person.isScopeless) {
		return { error: scopelessToken(scopes), target: "mcp" };
	}
	for (const message of [body].flat()) {
		const target = procedureOf(message);
		if (target && !mayCall(person, target)) {
			const access = accessOf(target) as Permission;
			return {
				error: notPermitted(person, access),
				target,
			};
		}
	}
}

/** Returns the procedure behind a message; `undefined` if it is unknown or open to everybody. */
function procedureOf(message: unknown): ProcedurePath | undefined {
	const { method, params } = (message ?? {}) as Record<string, unknown>;
	const { name, uri } = (params ?? {}) as Record<string, unknown>;
	if (method === "tools/call") {
		return tools.find((tool) => tool.name === name)?.procedure;
	}
	if (method === "resources/read") {
		return String(uri).startsWith("golive://reports/")
			? "reports.get"
			: "checklist.get";
	}
	return method === "prompts/get" ? "checklist.get" : undefined;
}

function accessOf(procedure: ProcedurePath): Permission | undefined {
	const procedures = appRouter._def.procedures as unknown as Record<
		string,
		{ _def: { meta?: Meta } }
	>;
	return procedures[procedure]?._def.meta?.access;
}
