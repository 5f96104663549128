import { hostOf, isKnownForge } from "./forges.ts";
import type { RepositoryOptions } from "./repository.ts";

/**
 * Reads `FORGE_ALIASES`: host names that lead to one forge.
 *
 * @param pairs such as `git.corp.no=gitlab.corp.no`; a port is part of the name
 * @returns a map from each name to the one that finally stands for it; `undefined` when a pair is
 * malformed, gives a name a second meaning, leads back to itself, or redirects a public forge
 */
export function readForgeAliases(
	pairs: string[],
): ReadonlyMap<string, string> | undefined {
	const direct = new Map<string, string>();
	for (const pair of pairs) {
		const [alias, target, ...more] = pair.split("=").map(readHost);
		if (!alias || !target || more.length > 0) return undefined;
		if (isKnownForge(alias)) return undefined;
		if ((direct.get(alias) ?? target) !== target) return undefined;
		direct.set(alias, target);
	}
	const aliases = new Map<string, string>();
	for (const alias of direct.keys()) {
		let target = alias;
		for (let steps = 0; direct.has(target); steps++) {
			if (steps === direct.size) return undefined;
			target = direct.get(target) as string;
		}
		aliases.set(alias, target);
	}
	return aliases;
}

/** Returns a host name in the form in which addresses are compared. */
function readHost(text: string): string | undefined {
	const parsed = /^[^/\\?#@]+$/.test(text) && URL.parse(`https://${text}`);
	return parsed ? hostOf(parsed) : undefined;
}

/** Returns what the settings say about forges. */
export function forgesOf({
	FORGE_ALIASES,
}: {
	FORGE_ALIASES: ReadonlyMap<string, string>;
}): Pick<RepositoryOptions, "aliases"> {
	return FORGE_ALIASES.size > 0 ? { aliases: FORGE_ALIASES } : {};
}
