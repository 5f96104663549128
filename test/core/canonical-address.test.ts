import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	canonicalAddress,
	isSameAddress,
	isSameMailbox,
} from "../../src/core/canonical-address.ts";
import { hiddenCharacter } from "../../src/core/hidden-characters.ts";

/** Spellings of one address each, the canonical one first. */
const spellings: string[][] = [
	["kari@example.com", "Kari@Example.COM", "KARI@EXAMPLE.COM."],
	[
		"åsa@example.com",
		"Åsa@example.com",
		"A\u030Asa@example.com",
		"ÅSA@example.com",
	],
	[
		"a@xn--bcher-kva.no",
		"a@bücher.no",
		"A@BÜCHER.no",
		"a@bu\u0308cher.no",
		"a@XN--BCHER-KVA.NO.",
	],
	[
		"kari@example.com",
		"ｋａｒｉ＠ｅｘａｍｐｌｅ．ｃｏｍ",
		"kari@example\u3002com",
	],
	["i\u0307lker@example.com", "İlker@example.com", "İLKER@example.com"],
	["straße@xn--strae-oqa.de", "STRAẞE@straße.de"],
	["νίκοσ@example.gr", "ΝΊΚΟΣ@example.gr", "νίκος@example.gr"],
	["ﬁnn@example.com".normalize("NFKC"), "ﬁnn@example.com", "FINN@example.com"],
	["kari+mcp@example.com", "Kari+MCP@example.com", "kari＋mcp@example.com"],
	["o'neil_x.y-z@a.b-c.no", "O'Neil_x.y-z@A.B-C.NO"],
	["kari@localhost", "KARI@LocalHost"],
];

test.each(spellings)("%s is one address, in all of its spellings", (...all) => {
	const [canonical = ""] = all;
	for (const one of all) {
		expect(canonicalAddress(one), one).toBe(canonical);
		expect(isSameAddress(one, canonical)).toBe(true);
	}
});

/** What would be taken for another address, or is none. */
const refused: [what: string, address: string][] = [
	["empty", ""],
	["without an @", "https://login.example.com 248289761001"],
	["a subject with an @ in it", "https://login.example.com 1@example.com"],
	["with two", "kari@example.com@example.com"],
	["with a second one that looks otherwise", "kari@example.com＠evil.no"],
	["without a name", "@example.com"],
	["without a domain", "kari@"],
	["with a domain of dots", "kari@."],
	["with an empty label", "kari@example..com"],
	["with two dots at the end", "kari@example.com.."],
	["with a space", "ka ri@example.com"],
	["with a space before", " kari@example.com"],
	["with a wide space", "kari\u3000@example.com"],
	["with an accent that makes a space", "kari\u00A8@example.com"],
	["with a line break", "kari@example.com\n"],
	["with NUL", "ka\0ri@example.com"],
	["with a soft hyphen in the domain", "kari@exa\u00ADmple.com"],
	["with a zero-width space", "kari\u200B@example.com"],
	["with a byte order mark", "\uFEFFkari@example.com"],
	["with a change of direction", "kari\u202E@example.com"],
	["with a variation selector", "kari\uFE0F@example.com"],
	["with half a surrogate pair", "kari\uD800@example.com"],
	["with what Unicode does not know yet", "kari\u{E01F0}@example.com"],
	["with a private character", "kari\uE000@example.com"],
	["in quotes, which are another spelling", '"kari"@example.com'],
	["with a comment", "kari(home)@example.com"],
	["with a name before it", "Kari <kari@example.com>"],
	["two of them", "kari@example.com,ola@example.com"],
	["composed of what is refused", "kari\u226E@example.com"],
	["a domain that goes on as a path", "kari@example.com/evil"],
	["a domain with a query", "kari@example.com?x"],
	["a domain with a port", "kari@example.com:25"],
	["a domain with percent signs", "kari@ex%61mple.com"],
	["a domain with a backslash", "kari@example.com\\evil"],
	["an address for a domain", "kari@127.0.0.1"],
	["the same in other numbers", "kari@0x7f.1"],
	["a bracketed address", "kari@[127.0.0.1]"],
	["an underscore in the domain", "kari@ex_ample.com"],
	["a label that is too long", `kari@${"a".repeat(64)}.com`],
	["too long", `${"a".repeat(250)}@a.com`],
	["too long in its canonical form", `${"\uFDFA".repeat(20)}@example.com`],
];

test.each(refused)("an address %s is none", (_what, address) => {
	expect(canonicalAddress(address)).toBeUndefined();
});

test("no character that is not seen can stand in an address", () => {
	let hidden = 0;
	for (let code = 0; code < 0x110000; code++) {
		const character = String.fromCodePoint(code);
		if (character.search(hiddenCharacter) < 0) continue;
		hidden++;
		expect(
			canonicalAddress(`ka${character}ri@example.com`),
			code.toString(16),
		).toBeUndefined();
		expect(
			canonicalAddress(`kari@exa${character}mple.com`),
			code.toString(16),
		).toBeUndefined();
	}
	expect(hidden).toBeGreaterThan(4000);
});

describe("whatever the address,", () => {
	const letters = fc.oneof(
		fc.constantFrom(
			..."aåäöüßſẞıİiσςΣΆάﬁﬀ²Ａ＠@+.。．-_ \u0301\u0307\u0308\u030A\u0323\u0345\u200B\uFE0FКДЖЇ한글㈜Ǆǅǆᾳ",
		),
		fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
		fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
	);
	const part = fc
		.array(letters, { minLength: 1, maxLength: 8 })
		.map((all) => all.join(""));
	const address = fc
		.tuple(part, part, fc.constantFrom("", ".no", ".xn--p1ai", ".рф", "."))
		.map(([name, domain, end]) => `${name}@${domain}${end}`);
	const runs = { numRuns: 20_000 };

	test("its canonical form is its own", () => {
		fc.assert(
			fc.property(address, (one) => {
				const canonical = canonicalAddress(one);
				if (canonical !== undefined) {
					expect(canonicalAddress(canonical)).toBe(canonical);
				}
			}),
			runs,
		);
	});

	test("its composed and decomposed spellings are one", () => {
		fc.assert(
			fc.property(
				address,
				fc.constantFrom("NFC", "NFD", "NFKC", "NFKD"),
				(one, form) => {
					const canonical = canonicalAddress(one);
					if (canonical !== undefined) {
						expect(canonicalAddress(one.normalize(form))).toBe(canonical);
					}
				},
			),
			runs,
		);
	});

	test("its letters may be small or capital", () => {
		/** Some letters have no capital of their own, as ß; a mailbox may be told apart by them. */
		const isPair = (letter: string) =>
			letter.normalize("NFKC").toUpperCase().toLowerCase() ===
			letter.normalize("NFKC").toLowerCase().replaceAll("ς", "σ");
		fc.assert(
			fc.property(address, (one) => {
				const canonical = canonicalAddress(one);
				if (canonical === undefined || ![...one].every(isPair)) return;
				const [name = "", domain = ""] = one.split("@");
				expect(canonicalAddress(`${name.toUpperCase()}@${domain}`)).toBe(
					canonical,
				);
				expect(canonicalAddress(`${name.toLowerCase()}@${domain}`)).toBe(
					canonical,
				);
			}),
			runs,
		);
	});

	test("it takes time in step with its length, and not long", () => {
		const before = process.cpuUsage();
		for (const unit of ["+", ".", "a.", "-", "\u0301", "xn--", "@", "İ"]) {
			canonicalAddress(unit.repeat(1_000_000));
			canonicalAddress(`a@${unit.repeat(250)}`);
			canonicalAddress(`${unit.repeat(120)}@a.no`);
		}
		const { user } = process.cpuUsage(before);
		expect(user / 1000).toBeLessThan(200);
	});
});

test.each([
	["kari@example.com", "kari+mcp@example.com", true],
	["kari+a@example.com", "kari+b+c@example.com", true],
	["kari+a@example.com", "kari+a@example.no", false],
	["kari+a@example.com", "karin+a@example.com", false],
	// Nothing is left without the tag: two such are two.
	["+a@example.com", "+b@example.com", false],
	["@example.com", "+b@example.com", false],
])(
	"%s and %s are one mailbox where tags do not count: %s",
	(one, other, isOne) => {
		expect(isSameMailbox(one, other, "same")).toBe(isOne);
		expect(isSameMailbox(other, one, "same")).toBe(isOne);
		expect(isSameMailbox(one, other, "different")).toBe(false);
		expect(isSameMailbox(one, one, "different")).toBe(true);
	},
);

test("who has no address is nobody's double", () => {
	for (const setting of ["same", "different"] as const) {
		expect(isSameMailbox(null, null, setting)).toBe(false);
		expect(isSameMailbox(null, "kari@example.com", setting)).toBe(false);
	}
});
