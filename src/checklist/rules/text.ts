import { decodeEntities, type Markdown } from "../markdown.ts";
import type { Draft, Reading } from "../reading.ts";
import type { RuleId } from "../rules.ts";
import { findHiddenCharacters } from "./hidden-characters.ts";
import { findAddressed } from "./text-to-model.ts";

/** What the text carries beside what it says: hidden characters, instructions to a model, images, HTML, unread parts. */
export function findSuspiciousText({ source, markdown }: Reading): Draft[] {
	const { images, html, unread } = markdown;
	const remote = images.filter(({ text }) => /^(?:https?:)?\/\//i.test(text));
	const comments = html.filter(({ text }) => isComment(text));
	const tags = html.filter(({ text }) => !isComment(text));
	return [
		...findHiddenCharacters(source),
		...onePerLine(
			"text-to-model",
			findInstructions(source, markdown),
			() => "The text reads like an instruction to a model.",
		),
		...onePerLine(
			"remote-image",
			[...remote, ...tags.filter(({ text }) => /<img\b/i.test(text))],
			({ text }) =>
				`An image is loaded from elsewhere: ${text.trim().slice(0, 200)}`,
		),
		...onePerLine(
			"raw-html",
			tags,
			({ text }) => `HTML: ${text.slice(0, 100).trim()}`,
		),
		...onePerLine(
			"html-comment",
			comments,
			() => "A comment is not visible to a reviewer.",
		),
		...onePerLine(
			"text-not-read",
			unread,
			({ text }) => `The text is ${text}, and was not read.`,
		),
	];
}

function findInstructions(source: string, markdown: Markdown): Piece[] {
	return findAddressed([...markdown.texts, ...listUnparsed(source, markdown)]);
}

/** Lines that a model sees and no parser hands on as they are: definitions and their titles, surplus cells, entities. */
function listUnparsed(source: string, { texts, blocks }: Markdown): Piece[] {
	const parsed = new Set<number>();
	for (const { text, line } of texts) {
		parsed.add(line);
		for (let at = text.indexOf("\n"), next = line; at >= 0; ) {
			next += 1;
			parsed.add(next);
			at = text.indexOf("\n", at + 1);
		}
	}
	const columns = new Map(
		blocks.flatMap((block) =>
			block.type === "row" ? [[block.line, block.cells.length] as const] : [],
		),
	);
	const hasSurplus = (text: string, line: number) => {
		const width = columns.get(line);
		return width !== undefined && text.split("|", 100).length > width + 2;
	};
	const hasEntities = /[&\\]/.test(source);
	return splitLines(source).flatMap((text, index) => {
		const line = index + 1;
		const isRead = parsed.has(line) && !hasSurplus(text, line);
		const isAsItStands = !hasEntities || !/[&\\]/.test(text);
		return text === "" || (isRead && isAsItStands)
			? []
			: { text: decodeEntities(text), line };
	});
}

function splitLines(source: string): string[] {
	// Splitting at a character is several times quicker than at a pattern.
	const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
	return text.split("\n");
}

type Piece = { text: string; line: number };

function onePerLine(
	rule: RuleId,
	pieces: Piece[],
	describe: (piece: Piece) => string,
): Draft[] {
	const byLine = new Map(pieces.map((piece) => [piece.line, piece]));
	return [...byLine.values()].map((piece) => ({
		rule,
		line: piece.line,
		message: describe(piece),
	}));
}

function isComment(html: string): boolean {
	const text = html.trim();
	return text.startsWith("<!--") && text.indexOf("-->") === text.length - 3;
}
