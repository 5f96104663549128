/**
 * A JSON object that stays the text it came as: to build 1 MiB of it and to
 * write it again would hold everybody else up.
 */
export class JsonText {
	/** Valid JSON, of an object. */
	readonly text: string;
	/** Why it cannot be kept, if so, in words for whoever sent it. */
	readonly problem: string | undefined;

	constructor(text: string, problem?: string) {
		this.text = text;
		this.problem = problem;
	}

	/** For whoever writes it as JSON without knowing what it is. */
	toJSON(): Record<string, unknown> {
		return JSON.parse(this.text);
	}
}

/** JSON of an answer; what it holds as text is put in as it is. */
export function writeJson(answer: object): string {
	const texts = Object.entries(answer).filter(
		(member): member is [string, JsonText] => member[1] instanceof JsonText,
	);
	if (texts.length === 0) return JSON.stringify(answer);
	const without = texts.map(([name]) => [name, undefined]);
	const rest = JSON.stringify({ ...answer, ...Object.fromEntries(without) });
	const members = texts.map(
		([name, { text }]) => `${JSON.stringify(name)}:${text}`,
	);
	return `{${[rest.slice(1, -1), ...members].filter(Boolean).join()}}`;
}

/** A JSON object as text, whichever of the two it is. */
export function textOfJson(json: Record<string, unknown> | JsonText): string {
	return json instanceof JsonText ? json.text : JSON.stringify(json);
}
