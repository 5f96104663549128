import fc from "fast-check";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/core/config.ts";
import { hiddenCharacter } from "../../src/core/hidden-characters.ts";
import {
	MAX_URL_LENGTH,
	readRepository,
	repositoryKey,
} from "../../src/core/repository.ts";
import labelled from "../fixtures/repositories.json" with { type: "json" };
import neighbours from "../fixtures/repository-neighbours.json" with {
	type: "json",
};

const same = [...labelled.same, ...neighbours.same];

test.each(same)("$forge: $why: one repository", ({ urls }) => {
	const [key, ...others] = new Set(urls.map((url) => repositoryKey(url)));
	expect(key).toBeDefined();
	expect(others).toEqual([]);
});

test("no two groups of addresses are one repository", () => {
	const keys = same.map(({ urls }) => repositoryKey(urls[0] ?? ""));
	const repeated = keys.filter((key, index) => keys.indexOf(key) !== index);
	expect(repeated).toEqual([]);
});

test.each([...labelled.different, ...neighbours.different])(
	"$why: two repositories",
	({ urls }) => {
		const [one, other] = urls.map((url) => readRepository(url));
		// One of a pair may be no repository at all, but not both: nothing would be told apart.
		expect(one?.key ?? other?.key).toBeDefined();
		expect(one?.key).not.toBe(other?.key);
	},
);

test.each([
	...labelled.refused,
	...labelled.decided.refused,
	...neighbours.refused,
])("$why: $url is refused with a sentence", ({ url }) => {
	const { key, problem } = readRepository(url);
	expect(key).toBeUndefined();
	expect(problem).toMatch(/^Must .+\.$/);
});

test.each(labelled.decided.joined)("$why", ({ joined }) => {
	const [key, ...others] = new Set(joined.map((url) => repositoryKey(url)));
	expect(key).toBeDefined();
	expect(others).toEqual([]);
});

test.each(labelled.forge_aliases)(
	"with FORGE_ALIASES=$aliases",
	({ aliases, urls }) => {
		const { FORGE_ALIASES } = parseConfig({ FORGE_ALIASES: aliases });
		const [key, ...others] = new Set(
			urls.map((url) => repositoryKey(url, { aliases: FORGE_ALIASES })),
		);
		expect(key).toContain(`${aliases.split("=")[1]}/`);
		expect(others).toEqual([]);
		expect(new Set(urls.map((url) => repositoryKey(url))).size).toBe(2);
	},
);

test.each([
	["a=b, b=c", "https://a/o/k", "c/o/k"],
	["a=c b=c", "https://b/o/k", "c/o/k"],
	["git.no:8443=git.no", "https://git.no:8443/o/k", "git.no/o/k"],
	["git.no:8443=git.no", "https://git.no:9443/o/k", "git.no:9443/o/k"],
	["WWW.Git.no.=gitlab.no", "https://git.no/o/k", "gitlab.no/o/k"],
	["hub=github.com", "git@hub:o/k.git", "github.com/o/k"],
	["hub=github.com", "https://hub/o/k/pull/7", "github.com/o/k"],
	["[::1]=git.no", "https://[::1]/o/k", "git.no/o/k"],
])("FORGE_ALIASES=%s reads %s as %s", (aliases, url, key) => {
	const { FORGE_ALIASES } = parseConfig({ FORGE_ALIASES: aliases });
	expect(repositoryKey(url, { aliases: FORGE_ALIASES })).toBe(key);
});

test.each([
	"git.no",
	"git.no=",
	"=git.no",
	"a=b=c",
	"a=a",
	"a=b b=a",
	"a=b a=c",
	"https://a=b",
	"a/x=b",
	"me@a=b",
	"a=b:99999",
	"github.com=gitlab.no",
	"www.github.com=gitlab.no",
	"ssh.github.com=gitlab.no",
	"acme.visualstudio.com=gitlab.no",
	"ssh.dev.azure.com=gitlab.no",
])("FORGE_ALIASES=%s is refused at the start", (aliases) => {
	expect(() => parseConfig({ FORGE_ALIASES: aliases })).toThrow(
		/^FORGE_ALIASES must list pairs of host names/,
	);
});

/** What addresses are made of, and what tries to pass for it. */
const piece = fc.oneof(
	fc.constantFrom(
		..."- .git ...git _git _ssh _full scm projects users repos tree blob src branch issues v3 DefaultCollection . ..".split(
			" ",
		),
		..."kit Kit ~ann b%C3%BCcher My%20Kit 100%25 c%23 a%3Fb %E2%84%AA %C4%B0 %CE%A3 %EA%AD%B0 stra%C3%9Fe %00 %2F %20".split(
			" ",
		),
	),
	fc.string({ unit: "binary", maxLength: 4 }),
);
const host = fc.constantFrom(
	..."github.com gitlab.com bitbucket.org codeberg.org dev.azure.com ssh.dev.azure.com acme.visualstudio.com vs-ssh.visualstudio.com gist.github.com git.sr.ht git.kernel.org www.git.no www.www.no git.no:8443 [::1]:1 a.ghe.com".split(
		" ",
	),
);
const address = fc
	.tuple(
		fc.constantFrom("https://", "HTTP://", "ssh://", "ssh://acme@", "git@"),
		host,
		fc.array(piece, { maxLength: 7 }),
		fc.constantFrom("", "/", ".git", "?x", "#x"),
	)
	.map(([scheme, name, path, end]) =>
		scheme === "git@"
			? `git@${name}:${path.join("/")}${end}`
			: `${scheme}${name}/${path.join("/")}${end}`,
	);

test("a key is an address of its own repository, and holds nothing that is not seen", () => {
	let read = 0;
	let accepted = 0;
	fc.assert(
		fc.property(address, (url) => {
			const { key } = readRepository(url);
			read += 1;
			if (key === undefined) return;
			accepted += 1;
			expect(key).toBe(key.toLowerCase().normalize("NFC"));
			expect(key).not.toMatch(/[^\S ]|\p{C}|\.git$|\/$/u);
			expect(key.search(hiddenCharacter)).toBe(-1);
			if (repositoryKey(`https://${key}`) === key) return;
			const clone = repositoryKey(`https://${key}.git`);
			// Behind scm, https may be Bitbucket Server's: then ssh alone is sure.
			if (clone === undefined && /\/scm\//.test(key)) {
				expect(repositoryKey(`ssh://git@${key}`)).toBe(key);
				return;
			}
			// What may be called as a page is sure with .git alone.
			expect(key).toMatch(/\/(tree|blob|src|issues|projects|_git|_ssh)(\/|$)/);
			expect(clone).toBe(key);
		}),
		{ numRuns: 20_000 },
	);
	expect(accepted).toBeGreaterThan(read / 20);
});

test("of a forge that is known, a key is the address of its own repository", () => {
	const name = fc.stringMatching(/^[a-zA-Z0-9_.-]{0,20}[a-zA-Z0-9]$/);
	const forge = fc.constantFrom("github.com", "bitbucket.org", "codeberg.org");
	fc.assert(
		fc.property(forge, name, name, (known, owner, repository) => {
			const { key } = readRepository(`https://${known}/${owner}/${repository}`);
			expect(repositoryKey(`https://${key}`)).toBe(key);
			expect(repositoryKey(`git@${known}:${owner}/${repository}.git`)).toBe(
				key,
			);
		}),
	);
});

test("any text is a repository or a sentence, and so is one that is too long", () => {
	fc.assert(
		fc.property(
			fc.oneof(fc.string({ unit: "binary" }), fc.string(), address),
			(text) => {
				const { key, problem } = readRepository(text);
				expect(key === undefined).toBe(problem !== undefined);
			},
		),
		{ numRuns: 5000 },
	);
	const longest = `https://git.no/${"a".repeat(MAX_URL_LENGTH - 15)}`;
	expect(repositoryKey(longest)).toBeDefined();
	expect(readRepository(`${longest}a`).problem).toBe(
		"Must be at most 500 characters.",
	);
});

test("no hidden character is let into a key, as it is or behind an escape", () => {
	let hidden = 0;
	for (let code = 0; code <= 0x10ffff; code++) {
		const character = String.fromCodePoint(code);
		if (character.search(hiddenCharacter) < 0) continue;
		hidden += 1;
		expect(repositoryKey(`https://git.no/a/b${character}c`)).toBeUndefined();
		const escaped = encodeURIComponent(character);
		expect(repositoryKey(`https://git.no/a/b${escaped}c`)).toBeUndefined();
	}
	expect(hidden).toBeGreaterThan(4000);
});
