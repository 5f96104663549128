import { defaultSchema, type Options } from "rehype-sanitize";

/** What is left of a report's markup: GitHub's schema without images, inputs and ids. */
export const sanitizeSchema: Options = {
	...defaultSchema,
	tagNames: (defaultSchema.tagNames ?? []).filter(
		(name) => !["img", "picture", "source", "input"].includes(name),
	),
	attributes: {
		a: ["href", "dataFootnoteRef", "dataFootnoteBackref", "ariaDescribedBy"],
		code: [["className", /^language-./, "raw-html"]],
		h2: [["className", "sr-only"]],
		li: [["className", "task-list-item"]],
		ol: ["start", ["className", "contains-task-list"]],
		section: ["dataFootnotes", ["className", "footnotes"]],
		span: [
			["className", "blocked", "task"],
			["role", "img"],
			["ariaLabel", "Done", "Not done"],
		],
		td: ["align"],
		th: ["align"],
		ul: [["className", "contains-task-list"]],
		// Made by the renderer for footnotes alone, under a prefix: reports cannot give any.
		"*": ["id"],
	},
	clobber: [],
	protocols: { href: ["http", "https", "mailto"] },
};
