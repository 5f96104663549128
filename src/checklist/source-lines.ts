/** The lines of a text, counted from 0. */
export class SourceLines {
	private text: string;
	private starts: number[] = [0];

	/** @param text A text with line feeds at the ends of its lines. */
	constructor(text: string) {
		this.text = text;
		for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1))
			this.starts.push(at + 1);
	}

	/** Returns some lines unchanged, without the last one's line feed. */
	slice(from: number, to: number): string {
		const end = this.starts[to];
		return this.text.slice(
			this.starts[from],
			end === undefined ? undefined : end - 1,
		);
	}

	/** Returns whether a line is empty, apart from quote markers. */
	isEmpty(line: number): boolean {
		return /^[ \t>]*$/.test(this.slice(line, line + 1));
	}
}
