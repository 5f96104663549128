/** Pure work whose time depends on text that somebody else wrote. */
interface Task {
	/** Milliseconds of CPU time that it may take. */
	cpuLimit: number;
	/** What is said when the text takes more, or all memory: what to do about it. */
	refusal: string;
	/**
	 * Loads the function, in the process that runs it. What it takes and returns
	 * is copied between processes.
	 */
	load(): Promise<(...input: never[]) => unknown>;
}

/** Everything that runs in a process of its own, by name. */
export const tasks = {
	parseJson: {
		cpuLimit: 2_000,
		refusal:
			"The request body is too complex to read: shorten it, or leave out what the report does not need.",
		load: async () => (await import("../json-parse.ts")).parseJson,
	},
	assess: {
		cpuLimit: 2_000,
		refusal:
			"This report is too complex to read: shorten it, or write it more simply, with fewer brackets, emphases and nested lists in one paragraph.",
		load: async () => (await import("../assessments/assess.ts")).assess,
	},
	renderMarkdown: {
		cpuLimit: 5_000,
		refusal:
			"This report is too complex to render. Read its raw text, or download its Markdown.",
		load: async () =>
			(await import("../web/markdown/render.ts")).renderMarkdown,
	},
	textDiff: {
		cpuLimit: 5_000,
		refusal:
			"These texts are too complex to compare. Open both revisions side by side instead.",
		load: async () => (await import("../web/components/text-diff.ts")).textDiff,
	},
	typesetReport: {
		cpuLimit: 10_000,
		refusal:
			"This report is too complex to typeset. Download its Markdown instead.",
		load: async () => (await import("../web/pdf/typeset.ts")).typesetReport,
	},
} satisfies Record<string, Task>;

export type TaskName = keyof typeof tasks;
type Loaded<Name extends TaskName> = Awaited<
	ReturnType<(typeof tasks)[Name]["load"]>
>;
export type Input<Name extends TaskName> = Parameters<Loaded<Name>>;
export type Output<Name extends TaskName> = Awaited<ReturnType<Loaded<Name>>>;
