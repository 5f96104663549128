import fc from "fast-check";

/** JSON written verbatim: what `JSON.stringify` cannot or may not produce. */
export class RawJson {
	text: string;
	constructor(text: string) {
		this.text = text;
	}
}

/** Picks one of these, in proportion to their weights. */
export function oneOf<T>(
	...weighted: (readonly [weight: number, fc.Arbitrary<T>])[]
): fc.Arbitrary<T> {
	return fc.oneof(
		...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })),
	);
}

/** Text that somebody may send by mistake or on purpose. */
export const hostileString: fc.Arbitrary<string> = oneOf(
	// What PostgreSQL cannot store.
	[2, fc.constantFrom("a\0b", "\0", "a\ud800", "\udfffa")],
	[
		4,
		fc.constantFrom(
			...["", " ", "%00", "../..", "\r\nx: y", "'; drop table", "\u202e"],
			...["__proto__", "constructor", "toString", "<script>alert(1)</script>"],
			...["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"],
			...["git@host:", "https://", "https://user:secret@host/a/b", "a@b"],
			...["x".repeat(256), "æ".repeat(300), "x".repeat(20_000)],
			"🙂".repeat(5_001),
		),
	],
	[2, fc.string({ unit: "binary", maxLength: 40 })],
);

/** A header's value of any visible characters. */
export const hostileHeader: fc.Arbitrary<string> = fc
	.string({ maxLength: 200 })
	.map((text) => text.replaceAll(/[^ -~]/g, ""));

/** One byte more than a report may have. */
const tooMuch = "x".repeat(1024 * 1024 + 1);

/** A value of any type, as may appear in a field of a body. */
export const hostileJson: fc.Arbitrary<unknown> = oneOf<unknown>(
	[6, hostileString],
	[3, fc.constantFrom(null, true, 0, -1, 1e308, [], {}, [[]], { a: "\0" })],
	[2, fc.jsonValue()],
	[4, fc.constant(tooMuch)],
	[1, fc.constant({ large: tooMuch })],
	[
		2,
		fc
			.constantFrom(
				`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
				`${"[".repeat(50_000)}${"]".repeat(50_000)}`,
				'{"__proto__":{"status":"approved"}}',
				'{"constructor":{"prototype":1}}',
				...['"\\ud800"', '{"\\u0000":1}', "1e999", "-0", '{"a":1,"a":2}'],
			)
			.map((text) => new RawJson(text)),
	],
);

/** A body that is not a JSON object. */
export const notAnObject: fc.Arbitrary<string | Buffer> = oneOf<
	string | Buffer
>(
	[
		9,
		fc.constantFrom(
			...[
				"",
				"null",
				"[]",
				'"text"',
				"1",
				"true",
				"{",
				"}",
				"{}{}",
				"nul",
				"\0",
			],
			...['{"a":1,}', "{'a':1}", "\ufeff{}", '{"__proto__":{}}', '{"a":'],
			"[".repeat(99_999),
		),
	],
	[1, fc.constant(`{"report_data":"${"x".repeat(8 * 1024 * 1024)}"}`)],
	[2, fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes))],
);
