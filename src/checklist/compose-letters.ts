/** Combining marks in letters of European languages, such as the ring of å. */
const mark = /[\u0300-\u036F]/;
/**
 * No letter has so many marks. Sorting them takes quadratic time; hidden ones among them have no order, and are left
 * for the rules to find.
 */
const tooManyMarks =
	/([\p{M}--\p{Default_Ignorable_Code_Point}]{8})[\p{M}--\p{Default_Ignorable_Code_Point}]+/gv;

/**
 * Returns a text with each letter and its marks in one character (Unicode NFC), like the words it is compared with;
 * some systems write them separately. Lines stay unchanged, and a text without such marks is returned as it is.
 */
export function composeLetters(text: string): string {
	return mark.test(text)
		? text.replace(tooManyMarks, "$1").normalize("NFC")
		: text;
}
