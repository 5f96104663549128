import { composeLetters } from "./compose-letters.ts";

/**
 * Returns a report's source as it is parsed, for assessment and display: one line feed at the end of each line,
 * whatever line endings it has, and each letter with its marks in one character. Every line keeps its number.
 *
 * @param sent The report as it was sent.
 */
export function toSource(sent: string): string {
	const text = sent.includes("\r") ? sent.replace(/\r\n?/g, "\n") : sent;
	return composeLetters(text);
}
