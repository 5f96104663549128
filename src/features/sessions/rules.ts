import { Refusal } from "../../core/errors.ts";

/** 404 for a session that is over, or that is another's. */
export function unknownSession(id: string): Refusal {
	return new Refusal(
		"NOT_FOUND",
		`There is no session with the id ${id} that you may end; perhaps it is over. List them to see which there are.`,
	);
}

/** 404 for somebody who has never signed in. */
export function unknownPerson(name: string): Refusal {
	return new Refusal(
		"NOT_FOUND",
		`Nobody has signed in here as ${name}, so there is nothing to end.`,
	);
}
