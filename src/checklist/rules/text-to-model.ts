import { hiddenCharacter } from "../../core/hidden-characters.ts";
import { cutText } from "../resolve-answers.ts";

const gap = String.raw`\P{L}{1,6}`;
/** Up to four words between two others, without unbounded repetition, so that the time stays linear. */
const words = String.raw`(?:\P{L}{1,6}[\p{L}']{1,20}){0,4}\P{L}{1,6}`;
const unsaid = String.raw`(?<!\b(?:i|we|to|can|could|will|may|who|must|should|not)\s`;
/** Subjects that approve in an ordinary sentence: "Code owners approve the request before each merge". */
const others = String.raw`(?<!\b(?:owners|codeowners|reviewers|approvers|maintainers|administrators|colleagues|pipelines|servers|gateways|teams|both|they)\s`;
const ungiven = String.raw`(?<!\b(?:we|to|will|must|should|reviewers?|team)\s`;

/**
 * Ways to address a model, in English and Norwegian. Each is anchored at a rare word, and looks behind only once it
 * is found.
 */
const atWord = [
	`(?:ignore|disregard|forget|override|bypass)${words}(?:instructions?|prompts?|rules|guidelines|directives)\\b`,
	`(?:approve|accept)${unsaid}(?:approve|accept))${gap}(?:this|the)${gap}(?:report|server|submission)\\b`,
	`(?:approve|accept)${unsaid}(?:approve|accept))${others}(?:approve|accept))${gap}(?:this|the)${gap}(?:request|review)\\b`,
	`approve${unsaid}approve)${gap}this\\b`,
	`you${gap}are${gap}(?:now${gap})?(?:an?|the)${gap}(?:ai|assistant|language|llm|reviewer|helpful)\\b`,
	`as${gap}an?${gap}(?:ai|llm|language${gap}model)\\b`,
	`(?:dear|hey|hello|hi|attention|note${gap}to|message${gap}(?:to|for))${gap}(?:the${gap}|any${gap})?(?:ai|llm|model|assistant|claude|chatgpt|gpt|copilot|gemini|agent)\\b`,
	`(?:call|invoke|use|run)${gap}(?:the${gap}|tool${gap}){0,2}review_report\\b`,
	"review_report\\s{0,3}\\(",
	`with${gap}status${gap}approved\\b`,
	`(?:claude|chatgpt|gpt|copilot|gemini|assistant)${gap}(?:please${gap})?(?:approve|accept|confirm|mark|submit)\\b`,
	`(?:record|register|grant|give)${ungiven}(?:record|register|grant|give))${gap}(?:the|your|an)${gap}approval\\b`,
	`(?:system|assistant)(?<=^[\\s>*#-]{0,10}(?:system|assistant))\\s?:${words}(?:approve|approved|approval|approves)\\b`,
	`(?:mark|rate|treat|consider|report)${gap}(?:this|all|every|the)${words}(?:as${gap})(?:approved|passed|pass|passing|safe|compliant|low)\\b`,
	`set${words}status${words}approved\\b`,
	`do${gap}not${gap}(?:tell|mention|reveal|show|inform|warn)${words}(?:user|reviewer|human|anyone|developer)\\b`,
	`du${gap}er${gap}(?:nå${gap})?en${gap}(?:assistent|språkmodell|ki)(?!\\p{L})`,
].join("|");
/** Matching each separately is faster than all in one. */
const patterns = [
	`\\b(?:${atWord})`,
	`(?=[igos])(?<!\\p{L})(?:ignorer|glem|overstyr|se${gap}bort${gap}fra)${words}(?:instruks|instrukser|instruksjoner|instruksjonene|regler|reglene|beskjeder)(?!\\p{L})`,
	`(?=g)(?<!\\p{L})godkjenn${gap}(?:denne|dette|rapporten|serveren)(?!\\p{L})`,
	"<\\|?(?:im_start|im_end|system|endoftext)\\b",
	"\\[/?inst\\]",
].map((pattern) => new RegExp(pattern, "mu"));

/** Length in characters below which a text cannot be an instruction. */
export const shortestInstruction = 8;

/** Markup of emphasis and code, and the two variation selectors of emoji. */
const emphasis = /[*~`]|\uFE0E|\uFE0F/g;

/** Maximum length of a quoted instruction, in characters. */
const quotedLength = 80;

/**
 * Finds the texts that address the model that may read the report, rather than a person.
 *
 * @param pieces Markdown source, including code and comments; emphasis and invisible characters hide nothing.
 * @returns The pieces, each with the words that address the model, on one line.
 */
export function findAddressed<T extends { text: string }>(
	pieces: T[],
): (T & { words: string })[] {
	// Most reports address no model, which one look at the whole shows. No pattern looks back across two line breaks.
	let whole = "";
	for (const { text } of pieces)
		if (text.length >= shortestInstruction) whole += `${text}\n\n`;
	if (findInstruction(whole) === undefined) return [];
	return pieces.flatMap((piece) => {
		const words = findInstruction(piece.text);
		return words === undefined ? [] : [{ ...piece, words }];
	});
}

function findInstruction(text: string): string | undefined {
	if (text.length < shortestInstruction) return undefined;
	const plain = inSmallLetters(
		text.replace(hiddenCharacter, "").replace(emphasis, ""),
	);
	for (const pattern of patterns) {
		const words = pattern.exec(plain)?.[0];
		if (words !== undefined)
			return cutText(words.replace(/\s+/g, " "), quotedLength);
	}
	return undefined;
}

/**
 * Returns the text in lower case, for patterns that would take five times as long to ignore case. Only those take the
 * long s for an s, and a dotted capital İ would become two characters: it stays one letter that is not an i.
 */
function inSmallLetters(text: string): string {
	return text.replaceAll("İ", "ı").toLowerCase().replaceAll("ſ", "s");
}
