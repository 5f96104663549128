/**
 * A JSON object kept as the text it arrived as: building 1 MiB of it and writing it again would
 * block everybody else.
 */
export class JsonText {
	/** Valid JSON of an object. */
	readonly text: string;
	/** Why it cannot be stored, if so, as a message for the sender. */
	readonly problem: string | undefined;

	constructor(text: string, problem?: string) {
		this.text = text;
		this.problem = problem;
	}

	/** Serves code that writes it as JSON without knowing what it is. */
	toJSON(): Record<string, unknown> {
		return JSON.parse(this.text);
	}
}

/** Writes an answer as JSON; members kept as text are inserted unchanged. */
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

/** Returns a JSON object as text, whichever of the two it is. */
export function textOfJson(json: Record<string, unknown> | JsonText): string {
	return json instanceof JsonText ? json.text : JSON.stringify(json);
}
