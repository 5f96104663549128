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

	/** Some lines as they stand, without the last one's end. */
	slice(from: number, to: number): string {
		const end = this.starts[to];
		return this.text.slice(
			this.starts[from],
			end === undefined ? undefined : end - 1,
		);
	}

	/** Whether a line is empty, signs of quotes aside. */
	isEmpty(line: number): boolean {
		return /^[ \t>]*$/.test(this.slice(line, line + 1));
	}
}
