import type StateBlock from "markdown-it/lib/rules_block/state_block.mjs";

/** Maximum depth of nested lists and quotes that is read. */
export const readableDepth = 100;

/**
 * Creates a parser rule that stops where lists and quotes are nested too deeply, and leaves a `too_deep` token with
 * the source up to the end of the quote or of the text.
 */
export function stopNesting(
	state: StateBlock,
	startLine: number,
	endLine: number,
): boolean {
	if (state.level < readableDepth) return false;
	const token = state.push("too_deep", "", 0);
	token.map = [startLine, endLine];
	token.content = state.getLines(startLine, endLine, state.blkIndent, false);
	state.line = endLine;
	return true;
}
