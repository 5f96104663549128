/** A block of a report as it is shown, with the line at which it begins, counted from 1. Running text stands as it was sent. */
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

/** A list. It is tight if no empty line stands between its items or within them. */
export type DocumentList = {
	type: "list";
	/** The number of the first item; null for bullets. */
	start: number | null;
	isTight: boolean;
	items: { line: number; blocks: DocumentBlock[] }[];
};

/** A table. Its first row is the head, and every row has as many cells. */
export type DocumentTable = {
	type: "table";
	aligns: ("left" | "right" | "center" | null)[];
	rows: DocumentRow[];
};

/** A row of a table. `surplus` is what it says in cells for which its table has no column. */
export type DocumentRow = { line: number; cells: string[]; surplus: string };

/** A part that answers nothing, and of which Markdown would show less than stands there. */
export type Unread = { type: "unread"; why: string; text: string };

/** A report as it is shown. */
export type Document = {
	blocks: DocumentBlock[];
	/** The parser's own, with the link definitions that the running text refers to. */
	environment: object;
};
