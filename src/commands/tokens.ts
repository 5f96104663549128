import { TRPCError } from "@trpc/server";
import type { AccessToken } from "../features/tokens/schema.ts";
import { grant, type Identity } from "../identity/identity.ts";
import { findPeople } from "../identity/people/queries.ts";
import type { Database } from "../platform/postgres/database.ts";
import type { Context } from "../procedure.ts";
import { createCaller } from "../router.ts";
import { localContext } from "./local-context.ts";
import { withStorage } from "./with-storage.ts";

/** The command line's arguments after `tokens`. */
export interface TokensCommand {
	action: "create" | "list" | "revoke";
	/** For `revoke`: the token's id. */
	id: string | undefined;
	/** The owner's e-mail address. */
	owner?: string;
	name?: string;
	scopes?: string;
	days?: string;
}

/**
 * Runs the command `tokens`.
 *
 * @param options its options, and in `words` the remaining arguments
 */
export async function run({
	words: [action, id],
	...options
}: Omit<TokensCommand, "action" | "id"> & { words: string[] }): Promise<void> {
	await withStorage({ logTo: 2, mustExist: true }, async (opened) => {
		const { db, config, log, workers } = opened;
		const context = localContext(db, config, log, workers, "command_line");
		const text = await runTokensCommand(context, {
			...options,
			action: action as TokensCommand["action"],
			id,
		});
		process.stdout.write(text);
	});
}

/**
 * Creates, lists and revokes access tokens of a person who has signed in before. Access to the
 * database is the only requirement: the audit log records that it was done on the command line.
 *
 * @returns the text to print
 * @throws Error with a message when an argument is missing
 */
export async function runTokensCommand(
	context: Omit<Context, "identity">,
	command: TokensCommand,
): Promise<string> {
	const owners = await findOwners(context.db, command.owner);
	const callers = owners.map(
		(identity) => createCaller({ ...context, identity }).tokens,
	);
	switch (command.action) {
		case "create": {
			const [caller, another] = callers;
			if (!caller || another) {
				throw new Error(
					`Several people have signed in as ${command.owner}; the person must create or revoke the token on the pages instead.`,
				);
			}
			const { token, expires_at } = await caller.create({
				name: command.name ?? "",
				// The procedure refuses invalid scopes with a message of its own.
				scopes: (command.scopes ?? "").split(/[\s,]+/).filter(Boolean) as never,
				...(command.days !== undefined && {
					expires_in_days: Number(command.days),
				}),
			});
			return `${token}\n\nIt is shown only once, and expires at ${expires_at}.\n`;
		}
		case "list": {
			const lists = await Promise.all(callers.map(listAll));
			const rows = lists
				.flat()
				.map((token) =>
					[token.id, stateOf(token), token.name, token.scopes.join(" ")].join(
						"\t",
					),
				);
			return `${rows.join("\n")}\n`;
		}
		case "revoke": {
			const revoked = await revoke(callers, command.id ?? "");
			return `${revoked.name} (${revoked.id}) was revoked at ${revoked.revoked_at}.\n`;
		}
	}
}

/**
 * Finds everybody who has signed in with an address: an identity provider may know one person as
 * two.
 */
async function findOwners(
	db: Database,
	email: string | undefined,
): Promise<Identity[]> {
	if (!email)
		throw new Error("Name the owner of the tokens: --owner <e-mail>.");
	const people = await findPeople(db, email);
	if (people.length === 0) {
		throw new Error(
			`Nobody with the address ${email} has signed in yet. They must do so once on the pages.`,
		);
	}
	return people.map((owner) => {
		const person = { ...owner, kind: "person" as const };
		return { ...person, method: "local", permissions: grant(person) };
	});
}

type Caller = ReturnType<typeof createCaller>["tokens"];

/** Lists all tokens of one person, page by page. */
async function listAll(caller: Caller): Promise<AccessToken[]> {
	const tokens: AccessToken[] = [];
	const limit = 200;
	for (;;) {
		const after = tokens.at(-1)?.id;
		const page = await caller.list({ limit, ...(after && { after }) });
		tokens.push(...page);
		if (page.length < limit) return tokens;
	}
}

/** Revokes a token, whichever of these people owns it. */
async function revoke(
	[caller, ...others]: Caller[],
	id: string,
): Promise<AccessToken> {
	try {
		return await (caller as Caller).revoke({ id });
	} catch (error) {
		const isUnknown = error instanceof TRPCError && error.code === "NOT_FOUND";
		if (!isUnknown || others.length === 0) throw error;
		return revoke(others, id);
	}
}

function stateOf(token: { expires_at: string; revoked_at: string | null }) {
	if (token.revoked_at) return `revoked ${token.revoked_at}`;
	const hasEnded = Date.parse(token.expires_at) <= Date.now();
	return `${hasEnded ? "ended" : "ends"} ${token.expires_at}`;
}
