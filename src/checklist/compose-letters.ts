/** Marks of which letters of European languages are made, such as the ring of å. */
const mark = /[\u0300-\u036F]/;
/**
 * No letter has so many marks. Putting them in order takes time with the square of their number; those that nobody
 * sees have no order, and are left to be found.
 */
const tooManyMarks =
	/([\p{M}--\p{Default_Ignorable_Code_Point}]{8})[\p{M}--\p{Default_Ignorable_Code_Point}]+/gv;

/**
 * A text with each letter and its marks in one character (Unicode NFC), as the words are written that it is compared
 * with; some systems write them apart. Lines stay as they are, and a text without such marks is the same text.
 */
export function composeLetters(text: string): string {
	return mark.test(text)
		? text.replace(tooManyMarks, "$1").normalize("NFC")
		: text;
}
