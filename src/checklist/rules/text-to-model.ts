/** Up to three words between two others, without unbounded repetition, so that the time stays linear. */
const words = String.raw`(?:\P{L}{1,6}[\p{L}']{1,20}){0,4}\P{L}{1,6}`;
const gap = String.raw`\P{L}{1,6}`;

/** Ways to speak to a model, in English and Norwegian. Each is anchored at a rare word. */
const patterns = new RegExp(
	[
		`\\b(?:ignore|disregard|forget|override|bypass)${words}(?:instructions?|prompts?|rules|guidelines|directives)\\b`,
		`(?<!\\b(?:i|we|to|can|could|will|may|who|must|should|not)\\s)\\b(?:approve|accept)${gap}(?:this|the)${gap}(?:report|server|submission|request|review)\\b`,
		`(?<!\\b(?:i|we|to|can|could|will|may|who|must|should|not)\\s)\\bapprove${gap}this\\b`,
		`\\byou${gap}are${gap}(?:now${gap})?(?:an?|the)${gap}(?:ai|assistant|language|llm|reviewer|helpful)\\b`,
		`\\bas${gap}an?${gap}(?:ai|llm|language${gap}model)\\b`,
		`\\b(?:dear|hey|hello|hi|attention|note${gap}to|message${gap}(?:to|for))${gap}(?:the${gap}|any${gap})?(?:ai|llm|model|assistant|claude|chatgpt|gpt|copilot|gemini|agent)\\b`,
		`\\b(?:call|invoke|use|run)${gap}(?:the${gap}|tool${gap}){0,2}review_report\\b`,
		"\\breview_report\\s{0,3}\\(",
		`\\bwith${gap}status${gap}approved\\b`,
		`\\b(?:claude|chatgpt|gpt|copilot|gemini|assistant)${gap}(?:please${gap})?(?:approve|accept|confirm|mark|submit)\\b`,
		`(?<!\\b(?:we|to|will|must|should|reviewers?|team)\\s)\\b(?:record|register|grant|give)${gap}(?:the|your|an)${gap}approval\\b`,
		`^[\\s>*#-]{0,10}(?:system|assistant)\\s?:${words}(?:approve|approved|approval|approves)\\b`,
		`\\b(?:mark|rate|treat|consider|report)${gap}(?:this|all|every|the)${words}(?:as${gap})(?:approved|passed|pass|passing|safe|compliant|low)\\b`,
		`\\bset${words}status${words}approved\\b`,
		`\\bdo${gap}not${gap}(?:tell|mention|reveal|show|inform|warn)${words}(?:user|reviewer|human|anyone|developer)\\b`,
		`(?<!\\p{L})(?:ignorer|glem|overstyr|se${gap}bort${gap}fra)${words}(?:instruks|instrukser|instruksjoner|instruksjonene|regler|reglene|beskjeder)(?!\\p{L})`,
		`(?<!\\p{L})godkjenn${gap}(?:denne|dette|rapporten|serveren)(?!\\p{L})`,
		`\\bdu${gap}er${gap}(?:nå${gap})?en${gap}(?:assistent|språkmodell|ki)(?!\\p{L})`,
		"<\\|?(?:im_start|im_end|system|endoftext)\\b",
		"\\[/?INST\\]",
	].join("|"),
	"imu",
);

/** Nothing shorter can be an instruction. */
const shortest = 8;

const invisible = /[\u00AD\u200B-\u200F\u2060-\u2064\uFEFF*_~`]/g;

/**
 * Whether a text is addressed to the model that may read the report, rather than to a person.
 * @param text Markdown as it stands, code and comments included; emphasis and invisible characters hide nothing.
 */
export function addressesModel(text: string): boolean {
	if (text.length < shortest) return false;
	const plain = text.replace(invisible, (sign) => (sign === "_" ? "_" : ""));
	return patterns.test(plain);
}
