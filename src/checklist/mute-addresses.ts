import {
	denialWords,
	failureWords,
	futureWords,
	harmlessWords,
	refusalWords,
} from "./wordings/doubts.ts";
import { redFlags } from "./wordings/red-flags.ts";
import {
	legAbsent,
	legControlled,
	legPresent,
	noWords,
	statusWords,
	yesWords,
} from "./wordings/statuses.ts";

/** Words that mean something in a sentence, but nothing in an address. */
const turning = new Set([
	...[denialWords, futureWords, failureWords, refusalWords].flat(),
	...["open", "present", "uncontrolled", "unrestricted"],
]);
/** Words that a report answers with. "Key.no" and "no.go" consist of nothing else, and are not addresses. */
const answering = new Set(
	[
		...turning,
		...[harmlessWords, legAbsent, legControlled, legPresent],
		...[noWords, yesWords, ...Object.values(statusWords)],
		...Object.values(redFlags).map(({ phrases }) => phrases),
	]
		.flat()
		.flatMap((phrase) => phrase.split(" ")),
);
const part = new Set(
	[
		..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@:/+~%#=&?",
	].map((character) => character.charCodeAt(0)),
);
const word = /[a-z0-9]+/gi;
/** Maximum length of an address in characters; a longer one hides more than it says. */
const longestAddress = 300;
const url = /^[a-z][a-z0-9+.-]*:\/\/./i;
const mail = /^(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/i;
const fileName =
	/\.(?:c|cjs|conf|cs|css|csv|env|go|html|ini|java|js|json|jsx|kt|lock|log|md|mjs|php|pdf|py|rb|rs|sh|sql|tf|toml|ts|tsx|txt|xml|yaml|yml)(?:[:#][\w:-]*)?$/i;
const host =
	/^[\w-]+(?:\.[\w-]+)*\.(?:app|cloud|com|de|dev|dk|edu|eu|example|fi|gov|internal|io|lan|local|net|no|org|se|svc|test)(?::\d+)?(?:\/.*)?$/i;

/**
 * Takes the meaning from words inside addresses, file names and paths: `intility.no` denies nothing, and
 * `test/not-found.test.ts` misses nothing. Takes time proportional to the length.
 *
 * @param text A line of a report.
 * @returns The text with the same number of words; the words of an address that has such words match none of them,
 *   and no character in it ends a sentence.
 */
export function muteAddresses(text: string): string {
	let dot = text.indexOf(".");
	if (dot < 0) return text;
	let muted = "";
	let done = 0;
	for (; dot >= 0; dot = text.indexOf(".", dot + 1)) {
		if (!part.has(text.charCodeAt(dot + 1))) continue;
		let start = dot;
		while (start > done && part.has(text.charCodeAt(start - 1))) start -= 1;
		dot += 1;
		while (part.has(text.charCodeAt(dot))) dot += 1;
		const token = text.slice(start, dot);
		if (token.length > longestAddress || !hasTurning(token)) continue;
		const address = token.replace(/[.:?]+$/, "");
		if (!isAddress(address)) continue;
		muted += text.slice(done, start) + muteWords(address);
		done = start + address.length;
	}
	return muted + text.slice(done);
}

function hasTurning(token: string): boolean {
	return toLowerWords(token).some((one) => turning.has(one));
}

function isAddress(token: string): boolean {
	if (url.test(token) || mail.test(token)) return true;
	if (!fileName.test(token) && !host.test(token)) return false;
	const named = token.includes("/")
		? token
		: token.slice(0, token.lastIndexOf("."));
	return (
		(token.includes("/") && fileName.test(token)) ||
		toLowerWords(named).some((one) => !answering.has(one))
	);
}

function toLowerWords(token: string): readonly string[] {
	return token.toLowerCase().match(word) ?? [];
}

function muteWords(token: string): string {
	return token
		.replace(/[.:?]/g, "_")
		.replace(word, (one) => (turning.has(one.toLowerCase()) ? `${one}0` : one));
}
