/** The message for a key that the functions below find. */
export const RESERVED_KEY =
	"The request has a key that JavaScript reserves: __proto__, or prototype in constructor. Rename it.";

/** Returns whether an object has a key with which copying it would change more than the copy. */
export function hasReservedKey(object: object): boolean {
	if (Object.hasOwn(object, "__proto__")) return true;
	if (!Object.hasOwn(object, "constructor")) return false;
	const made: unknown = object.constructor;
	return (
		typeof made === "object" &&
		made !== null &&
		Object.hasOwn(made, "prototype")
	);
}

/** Returns whether a JSON value is or contains such an object. */
export function holdsReservedKey(root: unknown): boolean {
	const open = [root];
	while (open.length > 0) {
		const next = open.pop();
		if (typeof next !== "object" || next === null) continue;
		if (hasReservedKey(next)) return true;
		for (const value of Object.values(next)) {
			if (typeof value === "object" && value !== null) open.push(value);
		}
	}
	return false;
}
