/** Why a part of a report is not read as an answer, in words that follow "The text is". */
export const unread = {
	tooWide: "a table too wide",
	tooDeep: "nested too deeply",
	hidden: "hidden by HTML",
	html: "HTML",
	definition: "a link definition",
	surplus: "beyond the columns of its table",
	tooLong: (limit: number) =>
		`longer than ${limit.toLocaleString("en")} characters`,
	tooManyBrackets: (limit: number) => `full of more than ${limit} brackets`,
};

/** Returns the note shown beside such a part. */
export function notRead(why: string): string {
	return `Not read as an answer: ${why}`;
}
