import type MarkdownIt from "markdown-it";
import StateBlock from "markdown-it/lib/rules_block/state_block.mjs";
import Token, { type Nesting } from "markdown-it/lib/token.mjs";

/** Tokens that only mark where something begins and ends. */
const unused = new Set(
	"paragraph_open paragraph_close list_item_open list_item_close table_open table_close thead_close tbody_open tbody_close th_open th_close td_open td_close hr".split(
		" ",
	),
);
const unusedToken = new Token("", "", 0);
const tab = 0x09;
const space = 0x20;

/**
 * The parser's state while it looks for blocks. It behaves like the parser's own state, but handles texts with a
 * million lines and tokens.
 */
export class BlockState extends StateBlock {
	private read: (token: Token) => void;
	private isWhole: boolean;

	/**
	 * @param read Receives one token after the other.
	 * @param isWhole Whether it also receives tokens that only mark where something begins and ends.
	 */
	constructor(
		source: string,
		parser: MarkdownIt,
		environment: object,
		read: (token: Token) => void,
		isWhole: boolean,
	) {
		super("", parser, environment, []);
		this.src = source;
		this.read = read;
		this.isWhole = isWhole;
		this.noteLines(source);
	}

	/** Keeps only one token, since tokens are large and a rule is done with its token when the next one begins. */
	override push(type: string, tag: string, nesting: Nesting): Token {
		if (!this.isWhole && unused.has(type)) {
			this.level += nesting;
			return unusedToken;
		}
		this.handOver();
		return super.push(type, tag, nesting);
	}

	/** Passes the last token to the reader. */
	handOver(): void {
		const token = this.tokens.pop();
		if (token) this.read(token);
	}

	/** Most blocks are one line, which needs no list of lines. */
	override getLines(
		begin: number,
		end: number,
		indent: number,
		keepLastLF: boolean,
	): string {
		if (end - begin === 1 && indent === 0 && !keepLastLF)
			return this.src.slice(this.bMarks[begin], this.eMarks[begin]);
		return super.getLines(begin, end, indent, keepLastLF);
	}

	/**
	 * Records where lines begin, end and are indented, in arrays of their final size: growing arrays would be copied
	 * over and over.
	 */
	private noteLines(source: string): void {
		const lists = countLineFeeds(source) + 2;
		this.bMarks = new Array(lists);
		this.eMarks = new Array(lists);
		this.tShift = new Array(lists);
		this.sCount = new Array(lists);
		this.bsCount = new Array(lists);
		let line = 0;
		for (let start = 0; start < source.length; line += 1) {
			const feed = source.indexOf("\n", start);
			const end = feed < 0 ? source.length : feed;
			let first = start;
			let indent = 0;
			for (; first < end; first += 1) {
				const character = source.charCodeAt(first);
				if (character === space) indent += 1;
				else if (character === tab) indent += 4 - (indent % 4);
				else break;
			}
			// Spaces at the end of the text are not a line of their own.
			if (feed < 0 && first === end) break;
			this.noteLine(line, start, end, first - start, indent);
			start = end + 1;
		}
		this.noteLine(line, source.length, source.length, 0, 0);
		this.lineMax = line;
	}

	private noteLine(
		line: number,
		start: number,
		end: number,
		spaces: number,
		indent: number,
	): void {
		this.bMarks[line] = start;
		this.eMarks[line] = end;
		this.tShift[line] = spaces;
		this.sCount[line] = indent;
		this.bsCount[line] = 0;
	}
}

function countLineFeeds(text: string): number {
	let count = 0;
	for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1))
		count += 1;
	return count;
}
