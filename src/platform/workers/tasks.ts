/** A task's limits, and the message when they are not enough. */
interface TaskLimits {
	/** Maximum CPU time in milliseconds. */
	cpuLimit: number;
	/** The message when the text takes more CPU time or all memory: what to do about it. */
	refusal: string;
}

/**
 * Pure functions whose running time depends on text that somebody else wrote; each runs in a
 * process of its own.
 */
export const tasks = {
	parseJson: {
		cpuLimit: 2_000,
		refusal:
			"The request body is too complex to read: shorten it, or leave out what the report does not need.",
	},
	assess: {
		cpuLimit: 2_000,
		refusal:
			"This report is too complex to read: shorten it, or write it more simply, with fewer brackets, emphases and nested lists in one paragraph.",
	},
	renderMarkdown: {
		cpuLimit: 5_000,
		refusal:
			"This report is too complex to render. Read its raw text, or download its Markdown.",
	},
	textDiff: {
		cpuLimit: 5_000,
		refusal:
			"These texts are too complex to compare. Open both revisions side by side instead.",
	},
	typesetReport: {
		cpuLimit: 10_000,
		refusal:
			"This report is too complex to typeset. Download its Markdown instead.",
	},
} satisfies Record<string, TaskLimits>;

export type TaskName = keyof typeof tasks;
