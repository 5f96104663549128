/** A Markdown table, line by line, its columns as wide as what they hold. */
export function toMarkdown(head: string[], rows: string[][]): string[] {
	const widths = head.map((_, column) =>
		Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
	);
	const line = (cells: string[]) =>
		`| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
	return [
		line(head),
		line(widths.map((width) => "-".repeat(width))),
		...rows.map(line),
	];
}
