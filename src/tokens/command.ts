import type { Database } from "../database.ts";
import { grant, type Identity } from "../identity.ts";
import { findPeople } from "../people/queries.ts";
import { createCaller } from "../router.ts";
import type { Context } from "../trpc.ts";

/** What the command line says after `tokens`. */
export interface TokensCommand {
	action: string | undefined;
	/** Of `revoke`: the token's id. */
	id: string | undefined;
	/** The owner's e-mail address. */
	owner?: string;
	name?: string;
	scopes?: string;
	days?: string;
}

/**
 * Makes, lists and revokes access tokens for somebody who has signed in before.
 * Who reaches the database can do so: the audit log says that it was done here.
 *
 * @returns what is printed
 * @throws Error with a sentence when the command lacks something
 */
export async function runTokensCommand(
	context: Omit<Context, "identity">,
	command: TokensCommand,
): Promise<string> {
	const identity = await findOwner(context.db, command.owner);
	const { tokens } = createCaller({ ...context, identity });
	switch (command.action) {
		case "create": {
			const { token, expires_at } = await tokens.create({
				name: command.name ?? "",
				// The procedure refuses what is no scope, in its own words.
				scopes: (command.scopes ?? "").split(/[\s,]+/).filter(Boolean) as never,
				...(command.days !== undefined && {
					expires_in_days: Number(command.days),
				}),
			});
			return `${token}\n\nIt is shown this once, and ends at ${expires_at}.\n`;
		}
		case "list": {
			const rows = (await tokens.list()).map((token) =>
				[token.id, stateOf(token), token.name, token.scopes.join(" ")].join(
					"\t",
				),
			);
			return `${rows.join("\n")}\n`;
		}
		case "revoke": {
			const revoked = await tokens.revoke({ id: command.id ?? "" });
			return `${revoked.name} (${revoked.id}) was revoked at ${revoked.revoked_at}.\n`;
		}
		default:
			throw new Error("Say tokens create, tokens list or tokens revoke.");
	}
}

async function findOwner(
	db: Database,
	email: string | undefined,
): Promise<Identity> {
	if (!email) throw new Error("Say whose tokens are meant: --owner <e-mail>.");
	const [person, ...others] = await findPeople(db, email);
	if (!person) {
		throw new Error(
			`Nobody with the address ${email} has signed in yet. They must do so once, on the pages.`,
		);
	}
	if (others.length > 0) {
		throw new Error(
			`Several people have signed in as ${email}; the pages know which of them is meant.`,
		);
	}
	return { ...person, method: "local", permissions: grant(person) };
}

function stateOf(token: { expires_at: string; revoked_at: string | null }) {
	if (token.revoked_at) return `revoked ${token.revoked_at}`;
	const hasEnded = Date.parse(token.expires_at) <= Date.now();
	return `${hasEnded ? "ended" : "ends"} ${token.expires_at}`;
}
