/**
 * A block of a report for display, with the line at which it begins, counted from 1. Its running text is unparsed.
 */
export type DocumentBlock = { line: number } & (
	| { type: "heading"; depth: number; text: string }
	| { type: "paragraph"; text: string }
	| { type: "code"; info: string; text: string }
	| { type: "break" }
	| { type: "quote"; blocks: DocumentBlock[] }
	| DocumentList
	| DocumentTable
	| Unread
);

/** A list. It is tight if there is no empty line between its items or within them. */
export type DocumentList = {
	type: "list";
	/** The number of the first item; null for bullets. */
	start: number | null;
	isTight: boolean;
	items: { line: number; blocks: DocumentBlock[] }[];
};

/** A table. Its first row is the head, and every row has the same number of cells. */
export type DocumentTable = {
	type: "table";
	aligns: ("left" | "right" | "center" | null)[];
	rows: DocumentRow[];
};

/** A row of a table. `surplus` is the text in cells for which the table has no column. */
export type DocumentRow = { line: number; cells: string[]; surplus: string };

/** A part that answers nothing, and that Markdown would show only in part. */
export type Unread = { type: "unread"; why: string; text: string };

/** A report for display. */
export type Document = {
	blocks: DocumentBlock[];
	/** The parser's own environment, with the link definitions that the running text refers to. */
	environment: object;
};
