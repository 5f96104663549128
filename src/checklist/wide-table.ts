import type StateBlock from "markdown-it/lib/rules_block/state_block.mjs";

/**
 * Maximum number of columns of a table that is read; the parser fills short rows up to the width of the head, however
 * wide it is.
 */
const readableColumns = 64;

/**
 * Creates a parser rule that removes a table with too many columns, up to the next empty line. It leaves a
 * `wide_table` token with the table's source in its place.
 */
export function skipWideTable(
	state: StateBlock,
	startLine: number,
	endLine: number,
	silent: boolean,
): boolean {
	const delimiters = readSourceLine(state, startLine + 1, endLine);
	const isWide =
		delimiters.length > readableColumns &&
		/^[|:\- \t]+$/.test(delimiters) &&
		delimiters.split("|", readableColumns + 3).length > readableColumns + 2;
	if (!isWide || silent) return isWide;
	let line = startLine;
	while (line < endLine && !state.isEmpty(line)) line += 1;
	const token = state.push("wide_table", "", 0);
	token.map = [startLine, line];
	token.content = state.getLines(startLine, line, state.blkIndent, false);
	state.line = line;
	return true;
}

function readSourceLine(
	state: StateBlock,
	line: number,
	endLine: number,
): string {
	if (line >= endLine) return "";
	const start = (state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0);
	return state.src.slice(start, state.eMarks[line]);
}
