/** What is said of a key that the functions below find. */
export const RESERVED_KEY =
	"The request has a key that JavaScript reserves: __proto__, or prototype in constructor. Rename it.";

/** Whether an object has a key by which programs that copy it would change more than the copy. */
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

/** Whether a value out of JSON is such an object, or holds one. */
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
