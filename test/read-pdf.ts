import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

/** The text of a PDF, page by page, with one space between its pieces. */
export async function readPdf(bytes: Buffer): Promise<string[]> {
	const document = await getDocument({ data: new Uint8Array(bytes) }).promise;
	const pages: string[] = [];
	for (let number = 1; number <= document.numPages; number++) {
		const { items } = await (await document.getPage(number)).getTextContent();
		pages.push(
			items
				.map((item) => ("str" in item ? item.str : ""))
				.join(" ")
				.replaceAll(/ +/g, " "),
		);
	}
	return pages;
}
