import { TRPCError } from "@trpc/server";

/** 404 for a session that is over, or that is another's. */
export function unknownSession(id: string): TRPCError {
	return new TRPCError({
		code: "NOT_FOUND",
		message: `There is no session with the id ${id} that you may end; perhaps it is over. List them to see which there are.`,
	});
}

/** 404 for somebody who has never signed in. */
export function unknownPerson(name: string): TRPCError {
	return new TRPCError({
		code: "NOT_FOUND",
		message: `Nobody has signed in here as ${name}, so there is nothing to end.`,
	});
}
