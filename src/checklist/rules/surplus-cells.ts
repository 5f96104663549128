const leader = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*/;

/**
 * Returns the text of a table row in cells that its table has no column for: a parser drops them, and with them what
 * follows the bar of a command such as `kubectl get pods | grep x`.
 *
 * @param row The source line, including the markup of a list or quote around the table.
 * @param columns Columns of the table.
 */
export function readSurplusCells(row: string, columns: number): string {
	if (!mayHaveSurplus(row, columns)) return "";
	const cells = row
		.replace(leader, "")
		.trim()
		.split(/(?<!\\)\|/);
	if (cells[0] === "") cells.shift();
	return cells.slice(columns).join(" ").trim();
}

/**
 * Returns whether a row has more bars than its columns need, including escaped ones; faster than splitting it.
 */
function mayHaveSurplus(row: string, columns: number): boolean {
	let bars = row.startsWith("|") ? -1 : 0;
	if (row.endsWith("|")) bars -= 1;
	for (let at = row.indexOf("|"); at >= 0; at = row.indexOf("|", at + 1))
		bars += 1;
	return bars >= columns;
}
