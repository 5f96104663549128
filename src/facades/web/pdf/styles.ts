import type { CustomTableLayout, StyleDictionary } from "pdfmake/interfaces.js";

/** The styles of a typeset report. */
export const styles: StyleDictionary = {
	title: { fontSize: 20, bold: true, margin: [0, 0, 0, 8] },
	heading1: { fontSize: 16, bold: true, margin: [0, 8, 0, 6] },
	heading2: { fontSize: 13, bold: true, margin: [0, 10, 0, 4] },
	heading3: { fontSize: 11, bold: true, margin: [0, 8, 0, 3] },
	heading4: { fontSize: 10, bold: true, margin: [0, 6, 0, 3] },
	paragraph: { margin: [0, 0, 0, 5] },
	quote: { italics: true },
	code: { fontSize: 8.5 },
	small: { fontSize: 7.5, color: "#4b5563" },
	tableHead: { fontSize: 8.5, bold: true },
	tableCell: { fontSize: 8.5 },
	alarm: { bold: true, color: "#b3261e" },
};

const hairline = {
	hLineWidth: () => 0.5,
	hLineColor: () => "#c8ced6",
};

/** Tables with lines between their rows, and the box around code. */
export const tableLayouts: Record<string, CustomTableLayout> = {
	lines: { ...hairline, vLineWidth: () => 0 },
	code: { ...hairline, vLineWidth: () => 0, fillColor: () => "#f3f5f8" },
};
