import { createRequire } from "node:module";
import pdfmake from "pdfmake";
import type { TDocumentDefinitions } from "pdfmake/interfaces.js";
import { type FirstPage, firstPage } from "./first-page.ts";
import { typesetMarkdown } from "./markdown.ts";
import { printable } from "./printable.ts";
import { styles, tableLayouts } from "./styles.ts";

/** Returns a style of the font that comes with pdfmake; it has Latin, Greek and Cyrillic letters. */
const cut = (name: string) =>
	createRequire(import.meta.url).resolve(
		`pdfmake/fonts/Roboto/Roboto-${name}.ttf`,
	);
const font = {
	normal: cut("Regular"),
	bold: cut("Medium"),
	italics: cut("Italic"),
	bolditalics: cut("MediumItalic"),
};

pdfmake.setFonts({ Roboto: font });
// Only text is typeset: nothing is ever fetched, and only the font files are read.
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy((path: string) =>
	Object.values(font).includes(path),
);
pdfmake.setTableLayouts(tableLayouts);

/**
 * Typesets a report as a PDF: what was submitted, assessed and decided on the
 * first page, then the report's text.
 *
 * @returns the PDF's bytes
 */
export async function typesetReport(input: FirstPage): Promise<Uint8Array> {
	const { report } = input;
	const definition: TDocumentDefinitions = {
		info: {
			title: printable(`${report.server_name}, revision ${report.revision}`),
			creator: "MCP Go-Live",
		},
		pageMargins: [40, 46, 40, 46],
		defaultStyle: { font: "Roboto", fontSize: 9.5, lineHeight: 1.2 },
		styles,
		footer: (page, pages) => ({
			text: printable(
				`${report.server_name}, revision ${report.revision}, ${report.id}     ${page} / ${pages}`,
			),
			style: "small",
			margin: [40, 12, 40, 0],
		}),
		content: [
			...firstPage(input),
			{ text: "Report", style: "heading1", pageBreak: "before" },
			...typesetMarkdown(report.report_data),
		],
	};
	return new Uint8Array(await pdfmake.createPdf(definition).getBuffer());
}
