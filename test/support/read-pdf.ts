import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

/** Returns the text of a PDF, page by page, with one space between its pieces. */
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

/** Returns whether all text of a PDF is on its paper. */
export async function isAllOnPaper(bytes: Buffer): Promise<boolean> {
	const document = await getDocument({ data: new Uint8Array(bytes) }).promise;
	for (let number = 1; number <= document.numPages; number++) {
		const page = await document.getPage(number);
		const [, , width = 0] = page.view;
		const { items } = await page.getTextContent();
		const isBeyond = items.some(
			(item) => "str" in item && Number(item.transform[4]) + item.width > width,
		);
		if (isBeyond) return false;
	}
	return true;
}
