import {
	type McpServer,
	ProtocolError,
	ProtocolErrorCode,
	ResourceTemplate,
} from "@modelcontextprotocol/server";
import { checklist } from "../../checklist/checklist.ts";
import {
	renderChecklist,
	renderGoLivePrompt,
	renderPhase,
} from "./render-checklist.ts";

const { version, phases } = checklist;
const mimeType = "text/markdown";

/** Registers the checklist as resources, and the prompt that starts the guided run. */
export function registerChecklist(server: McpServer): void {
	server.registerResource(
		"checklist",
		"golive://checklist",
		{
			title: "The go-live checklist",
			description: "Six phases with their checks, one per line.",
			mimeType,
		},
		(uri) => ({
			contents: [
				{ uri: uri.href, mimeType, text: renderChecklist(version, phases) },
			],
		}),
	);

	const ids = phases.map(({ id }) => id);
	server.registerResource(
		"checklist-phase",
		new ResourceTemplate("golive://checklist/{phase}", {
			list: () => ({
				resources: phases.map(({ id, number, title }) => ({
					uri: `golive://checklist/${id}`,
					name: `Phase ${number}: ${title}`,
					mimeType,
				})),
			}),
			complete: {
				phase: (start) => ids.filter((id) => id.startsWith(start)),
			},
		}),
		{
			title: "A phase of the go-live checklist",
			description:
				"Every check of one phase: question, evidence, how to verify it, what to change, references.",
			mimeType,
		},
		(uri, variables) => {
			const phase = phases.find(({ id }) => id === variables.phase);
			if (!phase) {
				throw new ProtocolError(
					ProtocolErrorCode.InvalidParams,
					`There is no phase ${variables.phase}. The phases are ${ids.join(", ")}.`,
				);
			}
			return {
				contents: [{ uri: uri.href, mimeType, text: renderPhase(phase) }],
			};
		},
	);

	server.registerPrompt(
		"go_live",
		{
			title: "Go live with an MCP server",
			description:
				"Start the guided run through the six-phase go-live checklist.",
		},
		() => ({
			messages: [
				{
					role: "user",
					content: {
						type: "text",
						text: renderGoLivePrompt(version, phases),
					},
				},
			],
		}),
	);
}
