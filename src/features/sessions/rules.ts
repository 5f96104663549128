import { TRPCError } from "@trpc/server";

/** Returns the 404 for a session that has ended, or that belongs to somebody else. */
export function unknownSession(id: string): TRPCError {
	return new TRPCError({
		code: "NOT_FOUND",
		message: `There is no session with the id ${id} that you may end; it may have ended already. List the sessions to find the right one.`,
	});
}

/** Returns the 404 for a person who has never signed in. */
export function unknownPerson(name: string): TRPCError {
	return new TRPCError({
		code: "NOT_FOUND",
		message: `Nobody has signed in here as ${name}, so there is nothing to end.`,
	});
}
