import type StateInline from "markdown-it/lib/rules_inline/state_inline.mjs";

const tilde = 0x7e;
const slash = 0x2f;
/** The parser's marker for a single tilde while it looks for pairs: any number that no other character uses. */
const singleTilde = -tilde;

/**
 * An inline rule for the parser, which itself strikes out only between double tildes: text between `~single~` ones is
 * struck out, as on GitHub. Tildes in paths (`~/bin`, `/~kim`) and within words do not count.
 */
export function noteSingleTilde(state: StateInline, silent: boolean): boolean {
	const { src, pos } = state;
	if (silent || src.charCodeAt(pos) !== tilde) return false;
	if (src.charCodeAt(pos + 1) === tilde) return false;
	const { can_open, can_close } = state.scanDelims(pos, false);
	state.push("text", "", 0).content = "~";
	state.delimiters.push({
		marker: singleTilde,
		length: 0,
		token: state.tokens.length - 1,
		end: -1,
		open:
			can_open &&
			src.charCodeAt(pos - 1) !== slash &&
			src.charCodeAt(pos + 1) !== slash,
		close: can_close,
	});
	state.pos += 1;
	return true;
}

/**
 * A rule that turns pairs of single tildes into the same tokens as double ones; its return value is not used.
 */
export function pairSingleTildes(state: StateInline): boolean {
	if (!state.src.includes("~")) return false;
	pairWithin(state, state.delimiters);
	for (const meta of state.tokens_meta)
		if (meta) pairWithin(state, meta.delimiters);
	return false;
}

function pairWithin(
	{ tokens }: StateInline,
	delimiters: StateInline["delimiters"],
): void {
	for (const { marker, end, token } of delimiters) {
		if (marker !== singleTilde) continue;
		const last = delimiters[end];
		if (!last) continue;
		Object.assign(tokens[token] ?? {}, openToken);
		Object.assign(tokens[last.token] ?? {}, closeToken);
	}
}

const shared = { tag: "s", markup: "~", content: "" };
const openToken = { ...shared, type: "s_open", nesting: 1 };
const closeToken = { ...shared, type: "s_close", nesting: -1 };
