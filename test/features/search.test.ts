import { describe, expect, test } from "vitest";
import { choosePiece } from "../../src/features/search/rules.ts";

/** Texts as search_text has them: every name twice, and half of the people with one name. */
const sample = Array.from({ length: 200 }, (_, index) =>
	[
		`mcp-service-${4000 + index}`,
		`github.com/example/mcp-${4000 + index}`,
		`developer-${index % 2 ? 17 : index}@example.com`,
	].join("\n"),
);

describe("what the trigram index is asked for", () => {
	test("is what few have, not what all begin with", () => {
		expect(choosePiece("mcp-service-98765", sample)).toBe("98765");
		expect(choosePiece("github.com/example/zebra", sample)).toMatch(/zebra$/);
	});

	test("is the inside of a word, where the first letter is not looked up alone", () => {
		// Neither is in the sample, and the piece with the dash comes first.
		expect(choosePiece("x-98765", [])).toBe("x-987");
		expect(choosePiece("x-98765", sample)).toBe("98765");
	});

	test("is the beginning of a word where nothing else is rare", () => {
		expect(choosePiece("mcp-service-987", sample)).toBe("e-987");
	});

	test("is the whole text where every piece of it is common", () => {
		expect(choosePiece("developer-17@", sample)).toBe("developer-17@");
	});

	test("is nothing where the index knows of nothing", () => {
		for (const text of ["", "a", "-", "..", "a-b", "é"]) {
			expect(choosePiece(text, sample), text).toBeUndefined();
		}
	});

	test("is found in what is found, whatever the text is", () => {
		const texts = [
			"日本語のサーバー",
			"100%_sure\\",
			"o'neil",
			"a".repeat(500),
		];
		for (const text of texts) {
			expect(text, text).toContain(choosePiece(text, sample));
		}
	});
});
