import type { Markdown } from "../markdown.ts";
import { decodeEntities } from "../markdown-parser.ts";
import type { Draft, Reading } from "../reading.ts";
import type { RuleId } from "../rules.ts";
import { findHiddenCharacters } from "./hidden-characters.ts";
import { readSurplusCells } from "./surplus-cells.ts";
import { findAddressed, shortestInstruction } from "./text-to-model.ts";

/**
 * Finds what the text contains beside its statements: hidden characters, instructions to a model, images, HTML,
 * unread parts.
 */
export function findSuspiciousText({ source, markdown }: Reading): Draft[] {
	const { images, html, unread, texts } = markdown;
	const { unparsed, surplus } = listUnparsed(source, markdown);
	const remote = images.filter(({ text }) => /^(?:https?:)?\/\//i.test(text));
	const comments = html.filter(({ text }) => isComment(text));
	const tags = html.filter(({ text }) => !isComment(text));
	return [
		...findHiddenCharacters(source),
		...onePerLine(
			"text-to-model",
			findAddressed(texts.concat(unparsed)),
			({ words }) =>
				`The text reads like an instruction to a model: "${words}".`,
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
		...onePerLine(
			"text-not-read",
			surplus,
			({ text }) =>
				`The row has more cells than its table; write | as \\|. Not read: "${text.slice(0, 200).trim()}"`,
		),
	];
}

/**
 * Lists lines that a model sees but the parser does not pass on unchanged: definitions and their titles, surplus
 * cells, entities.
 */
function listUnparsed(
	source: string,
	{ texts, blocks }: Markdown,
): { unparsed: Piece[]; surplus: Piece[] } {
	const hasEntities = /[&\\]/.test(source);
	// By line number in a byte array, which is instant even for a million lines.
	const parsed = new Uint8Array(source.length + 2);
	const columns = new Uint8Array(source.length + 2);
	for (const { text, line } of texts) {
		let next = line;
		parsed[next] = 1;
		for (
			let at = text.indexOf("\n");
			at >= 0;
			at = text.indexOf("\n", at + 1)
		) {
			next += 1;
			parsed[next] = 1;
		}
	}
	for (const block of blocks)
		if (block.type === "row") columns[block.line] = block.cells.length;
	const unparsed: Piece[] = [];
	const surplus: Piece[] = [];
	let line = 0;
	for (let start = 0, end = 0; end < source.length; start = end + 1) {
		line += 1;
		end = source.indexOf("\n", start);
		if (end < 0) end = source.length;
		if (end - start < shortestInstruction) continue;
		if (parsed[line] && !columns[line] && !hasEntities) continue;
		const text = source.slice(start, end);
		const width = columns[line] ?? 0;
		const more = width > 0 ? readSurplusCells(text, width) : "";
		if (more) surplus.push({ text: more, line });
		const isRead = parsed[line] && !more;
		const hasEntity = hasEntities && /[&\\]/.test(text);
		if (!isRead || hasEntity)
			unparsed.push({ text: hasEntity ? decodeEntities(text) : text, line });
	}
	return { unparsed, surplus };
}

type Piece = { text: string; line: number };

function onePerLine<T extends Piece>(
	rule: RuleId,
	pieces: T[],
	describe: (piece: T) => string,
): Draft[] {
	const byLine = new Map<number, T>();
	for (const piece of pieces) byLine.set(piece.line, piece);
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
