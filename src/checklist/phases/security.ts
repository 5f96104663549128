import { owaspMcp, references } from "../references.ts";
import type { ChecklistPhase } from "../schema.ts";

const trifecta = "Lethal Trifecta Compliance";
const content = "Prohibited Content Types";
const tools = "Tool Definitions";

/** Phase 1: the lethal trifecta, prohibited content, and what a model is told about the tools. */
export const security: ChecklistPhase = {
	id: "security",
	number: 1,
	title: "Security Assessment",
	summary:
		"The server does not combine private data, untrusted content and external communication, and its tools say what they do.",
	checks: [
		{
			id: "SEC-1",
			title: "Access to private data",
			severity: "required",
			section: trifecta,
			question:
				"Which private data can the tools reach, and with whose identity is each piece of it read?",
			evidence:
				"Begin with None, Controlled or Present. Either the statement that no private data is reachable, or every data source with the place in the code that reads it on behalf of the signed-in user.",
			verify:
				"List every outgoing data access, and name for each the identity that it uses:\n\n```sh\ngit grep -nE 'fetch\\(|axios|httpx|requests\\.|createPool|connect\\(' -- src\n```",
			redesign:
				"Read the data with the signed-in user's own token (on-behalf-of), or take the data source out of the server.",
			references: [references.lethalTrifecta, references.cosai],
		},
		{
			id: "SEC-2",
			title: "Untrusted content",
			severity: "required",
			section: trifecta,
			question:
				"Can text that someone outside the organisation wrote (mail, tickets, web pages, documents) reach the model through a tool's result?",
			evidence:
				"Begin with None, Controlled or Present. Either the statement that no such text exists in any result, or the place that keeps it out of the model's context: aggregation, fixed fields, or an allow-list of values.",
			verify:
				"For every tool, write down each field of its result and who can write to that field. Free text from outside is untrusted content.",
			redesign:
				"Return numbers, ids and fixed values instead of free text, or move the reading of untrusted content to a server without private data.",
			references: [
				references.lethalTrifecta,
				references.promptInjection,
				owaspMcp("MCP06 Intent Flow Subversion"),
			],
		},
		{
			id: "SEC-3",
			title: "External communication",
			severity: "required",
			section: trifecta,
			question:
				"Can any tool make data leave the organisation: requests to chosen addresses, mail, messages, links or images that a client loads?",
			evidence:
				"Begin with None, Controlled or Present. Either the statement that all calls stay inside, or the fixed list of outside hosts with the network policy that allows nothing else.",
			verify:
				"Show which outside hosts the server may reach:\n\n```sh\nkubectl get networkpolicy -n <namespace> -o yaml\ngit grep -nE 'https?://' -- src\n```",
			redesign:
				"Remove the tool, fix the destination in code, or close the way out with an egress policy.",
			references: [references.lethalTrifecta, references.networkPolicy],
		},
		{
			id: "SEC-4",
			title: "Lethal trifecta combination",
			severity: "critical",
			section: trifecta,
			question:
				"Is at least one of the three legs (private data, untrusted content, external communication) absent or under control?",
			evidence:
				"The name of the leg that is missing or controlled, and what keeps it so when a tool is added.",
			verify:
				"Put SEC-1, SEC-2 and SEC-3 side by side. All three present in one server, or in servers that one client uses together, is a stop.",
			redesign:
				"Stop. Split the server, so that no single part holds all three legs, and start again with phase 1.",
			references: [references.lethalTrifecta, references.cosai],
		},
		{
			id: "SEC-5",
			title: "Prohibited content types",
			severity: "critical",
			section: content,
			question:
				"Do all tools return text or structured data only, with no audio, no images and no resource links?",
			evidence:
				"The list of content types that the tools return, or a test that refuses every other type.",
			verify:
				"Search the results that the tools build:\n\n```sh\ngit grep -nE 'type: *.(audio|image|resource_link|resource).' -- src\n```",
			redesign:
				"Return the information as text, or leave it out. Audio, images and resource links are not allowed in production.",
			references: [references.mcpTools, references.promptInjection],
		},
		{
			id: "SEC-6",
			title: "Tool descriptions",
			severity: "required",
			section: tools,
			question:
				"Do names, descriptions and parameter texts only describe the tool, without instructions to the model and without invisible characters?",
			evidence:
				"The committed list of tool definitions, reviewed by a second person, and a check for characters outside the expected set.",
			verify:
				"Print the definitions as a client sees them, and look for invisible characters:\n\n```sh\nnpx @modelcontextprotocol/inspector --cli <server url> --method tools/list | LC_ALL=C grep -nP '\\xE2\\x80[\\x8B-\\x8F\\xAA-\\xAE]|\\xF3\\xA0'\n```",
			redesign:
				"Rewrite the text so that it says what the tool does, what it needs and what it returns, and nothing else.",
			references: [
				owaspMcp("MCP03 Tool Poisoning"),
				references.mcpTools,
				references.cosai,
			],
		},
		{
			id: "SEC-7",
			title: "Read and write tools separated",
			severity: "required",
			section: tools,
			question:
				"Is every tool either reading or writing, and do its annotations (readOnlyHint, destructiveHint, idempotentHint, openWorldHint) tell the truth?",
			evidence:
				"A table of all tools with what they change and the annotations that they carry.",
			verify:
				"Print the annotations and compare them with what the code does:\n\n```sh\nnpx @modelcontextprotocol/inspector --cli <server url> --method tools/list\n```",
			redesign:
				"Split tools that both read and write, and set all four annotations on each.",
			references: [
				references.mcpTools,
				owaspMcp("MCP02 Privilege Escalation via Scope Creep"),
			],
		},
		{
			id: "SEC-8",
			title: "Input and output schemas",
			severity: "required",
			section: tools,
			question:
				"Does every tool refuse input that does not fit its schema, and is the form of its result fixed?",
			evidence:
				"The schemas in the code, and a test that sends a wrong type, an unknown value and a text that is too long.",
			verify:
				"Call a tool with wrong arguments on a test instance, and see a refusal that shows no internals.",
			redesign:
				"Describe input and output with a schema library, with limits on length and range, and validate before the first use.",
			references: [
				references.mcpTools,
				owaspMcp("MCP05 Command Injection & Execution"),
			],
		},
	],
};
