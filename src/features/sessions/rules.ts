import { Refusal } from "../../core/errors.ts";

/** Returns the 404 for a session that has ended, or that belongs to somebody else. */
export function unknownSession(id: string): Refusal {
	return new Refusal(
		"NOT_FOUND",
		`There is no session with the id ${id} that you may end; it may have ended already. List the sessions to find the right one.`,
	);
}

/** Returns the 404 for a person who has never signed in. */
export function unknownPerson(name: string): Refusal {
	return new Refusal(
		"NOT_FOUND",
		`Nobody has signed in here as ${name}, so there is nothing to end.`,
	);
}
