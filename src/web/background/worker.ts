import { compareTexts } from "../diff.ts";
import { renderMarkdown } from "../markdown/render.ts";
import { typesetReport } from "../pdf/typeset.ts";

const tasks = { compareTexts, renderMarkdown, typesetReport };

/** What runs in the background: pure functions whose time depends on text that somebody else wrote. */
export type Tasks = typeof tasks;

/** The worker's entry: calls the task by its name. */
export default function runTask({
	name,
	input,
}: {
	name: keyof Tasks;
	input: unknown[];
}): unknown {
	return (tasks[name] as (...input: unknown[]) => unknown)(...input);
}
