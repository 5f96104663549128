/** A text with one line feed at the end of each line, whichever line endings it has. */
export function unifyLineEndings(text: string): string {
	return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
