/** What `parseArgs` shall know of in every benchmark that asks in rounds. */
export const roundOptions = {
	quick: { type: "boolean", default: false },
	rounds: { type: "string" },
	seconds: { type: "string" },
	reports: { type: "string" },
	output: { type: "string" },
} as const;

interface Values {
	quick: boolean;
	rounds?: string | undefined;
	seconds?: string | undefined;
	reports?: string | undefined;
	output?: string | undefined;
}

/**
 * How long and how often is asked.
 *
 * @param values what was typed
 * @param usual what stands for what was not
 * @param quickSeconds seconds of the one round of `--quick`, which compares nothing
 * @returns besides, the number of the first round: 0 is a warm-up
 */
export function readRounds(
	values: Values,
	usual: { rounds: number; seconds: number; output: string },
	quickSeconds: number,
) {
	const { quick } = values;
	return {
		rounds: Number(values.rounds ?? (quick ? 1 : usual.rounds)),
		seconds: Number(values.seconds ?? (quick ? quickSeconds : usual.seconds)),
		reports: Number(values.reports ?? (quick ? 500 : 20_000)),
		output: values.output ?? (quick ? "" : usual.output),
		first: quick ? 1 : 0,
	};
}
