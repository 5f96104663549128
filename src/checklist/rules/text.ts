import { decodeEntities } from "../markdown.ts";
import type { Draft, Reading } from "../reading.ts";
import type { RuleId } from "../rules.ts";
import { findHiddenCharacters } from "./hidden-characters.ts";
import { addressesModel } from "./text-to-model.ts";

/** What the text carries beside what it says: hidden characters, instructions to a model, images, HTML, unread parts. */
export function findSuspiciousText({ source, markdown }: Reading): Draft[] {
	const { images, html, texts, unread } = markdown;
	const remote = images.filter(({ text }) => /^(?:https?:)?\/\//i.test(text));
	const comments = html.filter(({ text }) => isComment(text));
	const tags = html.filter(({ text }) => !isComment(text));
	return [
		...findHiddenCharacters(source),
		...onePerLine(
			"text-to-model",
			findInstructions(source, texts),
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

function findInstructions(source: string, texts: Piece[]): Piece[] {
	const found = texts.filter(({ text }) => addressesModel(text));
	const covered = new Set(
		found.flatMap(({ text, line }) =>
			text.split("\n").map((_, index) => line + index),
		),
	);
	const lines = readSourceLines(source).filter(
		({ text, line }) => !covered.has(line) && addressesModel(text),
	);
	return [...found, ...lines];
}

/** Lines as a model sees them, with titles, definitions and surplus cells that no parser hands on, entities decoded. */
function readSourceLines(source: string): Piece[] {
	return source.split(/\r\n|\r|\n/).map((text, index) => ({
		text: decodeEntities(text),
		line: index + 1,
	}));
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
