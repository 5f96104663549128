import { isEmailAddress } from "../../core/canonical-address.ts";
import { line, withDefault } from "../../core/fields.ts";

/** Whose sessions or tokens a list shows. */
export const ownerFilter = withDefault(
	line(255, "as in me").refine(
		(owner) => owner === "me" || owner === "everybody" || isEmailAddress(owner),
		{ message: "Must be me, everybody, or an e-mail address." },
	),
	"me",
).describe(
	"me, everybody, or a person's e-mail address; the latter two require the role admin.",
);

/** A person as named by an administrator: by e-mail address or subject. */
export const personName = line(1000, "as in alex@example.com").describe(
	"The e-mail address of somebody who has signed in, or the subject as in the audit log. An address means everybody who has signed in with it.",
);
