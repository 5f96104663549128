import { composeLetters } from "./compose-letters.ts";

/**
 * A report as it is parsed, to be assessed and to be shown: with one line feed at the end of each line, whichever line
 * endings it has, and with each letter and its marks in one character. Every line keeps its number.
 * @param sent The report as it was sent.
 */
export function toSource(sent: string): string {
	const text = sent.includes("\r") ? sent.replace(/\r\n?/g, "\n") : sent;
	return composeLetters(text);
}
