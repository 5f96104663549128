/** A stretch of a sentence, in characters. */
type Range = { from: number; to: number };

const nothing =
	/\b(?:no|ingen|inga|keine)\s+(?:match(?:es)?|hits?|results?|findings?|occurrences?|traces?|mentions?|treff|funn)\b|\b(?:finds?|found|gives?|gave|returns?|returned|shows?|showed)\s+(?:nothing|none)\b|\b(?:nothing|none)\s+found\b|:\s*(?:nothing|none)\s*$/gi;
const search =
	/\b(?:grep|rg|ripgrep)\b|\b(?:search|searched|searching|look|looked|scan|scanned|check|checked|review|reviewed)\s+for\b|\bsøk(?:t|te)?\s+etter\b/gi;
const purpose = /^\s+(?:for|of|on|etter|på|av|für)\s+/i;
/** What restricts the result. */
const exception =
	/^\W*(?:but|except|outside|besides|beyond|other|unless|apart|aside|more|only|save|yet|utenom|unntatt|bortsett|men)\b/i;
const auxiliary = /^\W*(?:is|are|was|were|has|have|had|will)\b/i;
/** Words beside the search pattern, and places that are searched. */
const fillers = new Set(
	"the any a an for in of and or nor og eller src test tests code codebase base repository repo source tree files whole entire all".split(
		" ",
	),
);
const listWords = new Set("the any and or nor og eller".split(" "));

/**
 * Finds what a sentence says was searched for in vain: "`git grep 'api_key|secret'`: no matches" or "No matches for
 * API keys". The text there is not a statement; beside the words searched for it may contain only pattern characters,
 * options and paths.
 *
 * @param text The sentence, with "no" for "0".
 * @param vocabulary Words that may be searched for.
 */
export function findFruitless(
	text: string,
	vocabulary: ReadonlySet<string>,
): Range[] {
	return [...text.matchAll(nothing)].flatMap(({ index, 0: found }) => {
		const end = index + found.length;
		const rest = text.slice(end);
		if (exception.test(rest)) return [];
		const before = readCommand(text, index, vocabulary);
		const after = readPurpose(rest, vocabulary);
		return [
			...(before === undefined ? [] : [{ from: before, to: index }]),
			...(after === undefined ? [] : [{ from: end, to: end + after }]),
		];
	});
}

/** Returns where the search pattern begins, in a command or sentence that ends before its result. */
function readCommand(
	text: string,
	end: number,
	vocabulary: ReadonlySet<string>,
): number | undefined {
	const last = [...text.slice(0, end).matchAll(search)].at(-1);
	if (!last) return undefined;
	const start = last.index + last[0].length;
	const tokens = text.slice(start, end).split(/\s+/);
	return tokens.every((token) => isSearched(token, vocabulary, fillers))
		? start
		: undefined;
}

/**
 * Returns where the pattern ends after "No matches"; undefined if the sentence may go on to say that something was
 * found.
 */
function readPurpose(
	rest: string,
	vocabulary: ReadonlySet<string>,
): number | undefined {
	let end = purpose.exec(rest)?.[0].length;
	if (end === undefined) return undefined;
	const start = end;
	for (const { 0: token, index } of rest.slice(start).matchAll(/\S+/g)) {
		if (!isSearched(token, vocabulary, listWords)) break;
		end = start + index + token.length;
		if (/[;:.)]$/.test(token)) break;
	}
	const list = rest.slice(start, end);
	const isOpen = /,/.test(list) && !/\b(?:or|nor|eller)\b/i.test(list);
	const after = rest.slice(end);
	return isOpen || auxiliary.test(after) || exception.test(after)
		? undefined
		: end;
}

function isSearched(
	token: string,
	vocabulary: ReadonlySet<string>,
	others: ReadonlySet<string>,
): boolean {
	if (/^-|[|\\[\]*^$+…]|\/\w/.test(token)) return true;
	if (/^\W*[A-Z][a-z]+[A-Z]\w*\W*$/.test(token)) return true;
	return (token.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).every(
		(word) => vocabulary.has(word) || others.has(word),
	);
}
