import { owaspMcp, references } from "../references.ts";
import type { ChecklistPhase } from "../schema.ts";

const tracing = "Tracing";
const monitoring = "Monitoring";

/** Phase 5: what can be observed of the running server. */
export const observability: ChecklistPhase = {
	id: "observability",
	number: 5,
	title: "Observability Setup",
	summary:
		"OpenTelemetry traces reach Intility's Logfire, and somebody sees when something goes wrong.",
	checks: [
		{
			id: "OBS-1",
			title: "Traces to Logfire",
			severity: "required",
			section: tracing,
			question:
				"Does every request leave an OpenTelemetry trace in Intility's Logfire instance?",
			evidence: "A link to one real trace of a tool call.",
			verify:
				"Make one call on the test instance and find its trace in Logfire. Show where the traces go, without the token:\n\n```sh\nkubectl get deploy <name> -n <namespace> -o yaml | grep -A1 OTEL_EXPORTER_OTLP_ENDPOINT\n```",
			redesign:
				"Set the OTLP exporter to the Logfire instance, and start the instrumentation before everything else.",
			references: [
				references.logfireClients,
				owaspMcp("MCP08 Lack of Audit and Telemetry"),
			],
		},
		{
			id: "OBS-2",
			title: "Span attributes",
			severity: "required",
			section: tracing,
			question:
				"Do spans carry service name, version, environment, tool name and outcome, and no personal data, tokens or prompts?",
			evidence:
				"The attributes of one span, among them `service.name`, `mcp.method.name`, `gen_ai.tool.name` and `error.type` on a failure.",
			verify:
				"Open one span of a good call and one of a failed call, and read all their attributes.",
			redesign:
				"Follow the semantic conventions for MCP, and remove attributes that hold content.",
			references: [references.mcpSpans],
		},
		{
			id: "OBS-3",
			title: "Monitoring dashboard",
			severity: "required",
			section: monitoring,
			question:
				"Is there a dashboard with calls, errors and duration for each tool, that the owning team knows?",
			evidence: "A link to the dashboard.",
			verify: "Open the dashboard and see the calls of the last hour.",
			redesign:
				"Create a dashboard with rate, errors and duration for each tool.",
			references: [references.logfireDashboards],
		},
		{
			id: "OBS-4",
			title: "Alerts",
			severity: "recommended",
			section: monitoring,
			question:
				"Does somebody get a message when errors, refusals or durations rise?",
			evidence:
				"The alerts with their limits and who receives them, and one alert that was tried out.",
			verify: "Show the list of alerts, and when each was last tried.",
			redesign:
				"Create alerts on the error rate, on refused tokens and on duration.",
			references: [references.logfireAlerts],
		},
	],
};
