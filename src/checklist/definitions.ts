import type { RuleBlock } from "markdown-it/lib/parser_block.mjs";

/**
 * Creates a parser rule that finds the same link definitions as the parser's own, and leaves a `definition` token
 * with the source in their place, because they would otherwise be invisible. A footnote is a definition, too.
 */
export function keepDefinitions(findDefinition: RuleBlock): RuleBlock {
	return (state, startLine, endLine, silent) => {
		if (!findDefinition(state, startLine, endLine, silent)) return false;
		if (silent) return true;
		const token = state.push("definition", "", 0);
		token.map = [startLine, state.line];
		token.content = state.getLines(
			startLine,
			state.line,
			state.blkIndent,
			false,
		);
		return true;
	};
}
