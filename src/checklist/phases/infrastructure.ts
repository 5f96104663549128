import { owaspMcp, references } from "../references.ts";
import type { ChecklistPhase } from "../schema.ts";

const gateway = "Envoy Gateway";
const runtime = "Runtime";
const audit = "Audit Logging";

/** Phase 3: the gateway in front of the server, and its isolation. */
export const infrastructure: ChecklistPhase = {
	id: "infrastructure",
	number: 3,
	title: "Infrastructure Setup",
	summary:
		"The server runs behind Envoy Gateway, with few rights, closed networks and an audit log.",
	checks: [
		{
			id: "INF-1",
			title: "Envoy Gateway API",
			severity: "required",
			section: gateway,
			question:
				"Is the server reachable only through Envoy Gateway, with a route and a SecurityPolicy of its own?",
			evidence:
				"The names of HTTPRoute and SecurityPolicy, both accepted, and the refusal that a request without a token gets.",
			verify:
				"```sh\nkubectl get httproute,securitypolicy -n <namespace>\ncurl -i https://<host>/mcp\n```",
			redesign:
				"Attach an HTTPRoute and a SecurityPolicy with JWT validation, and take every other way in away.",
			references: [
				references.envoyJwt,
				owaspMcp("MCP07 Insufficient Authentication & Authorization"),
			],
		},
		{
			id: "INF-2",
			title: "Security contexts",
			severity: "required",
			section: runtime,
			question:
				"Does the container run as a non-root user, with a read-only file system, no privilege escalation and no capabilities?",
			evidence: "The securityContext of pod and container.",
			verify:
				"```sh\nkubectl get deploy <name> -n <namespace> -o jsonpath='{.spec.template.spec.securityContext}{\"\\n\"}{.spec.template.spec.containers[*].securityContext}'\n```",
			redesign:
				"Set runAsNonRoot, readOnlyRootFilesystem, allowPrivilegeEscalation: false, capabilities.drop: [ALL] and seccompProfile RuntimeDefault.",
			references: [references.securityContext, references.podSecurity],
		},
		{
			id: "INF-3",
			title: "Audit logging",
			severity: "required",
			section: audit,
			question:
				"Is every tool call logged with who, what, when and the outcome, without secrets, in a place that the server cannot change?",
			evidence:
				"One log line of a real call, the place it is kept, and for how long.",
			verify:
				"Make one call on the test instance, and find it in the log with user, tool, time and outcome:\n\n```sh\nkubectl logs deploy/<name> -n <namespace> --since=5m\n```",
			redesign:
				"Log every call in the gateway and in the server, and send both to the central log store.",
			references: [
				owaspMcp("MCP08 Lack of Audit and Telemetry"),
				references.envoyAccessLog,
			],
		},
		{
			id: "INF-4",
			title: "Resource limits",
			severity: "required",
			section: runtime,
			question:
				"Are memory, CPU, request size, time and number of calls limited?",
			evidence:
				"Requests and limits of the container, and the gateway's limits on rate, size and time.",
			verify:
				"```sh\nkubectl get deploy <name> -n <namespace> -o jsonpath='{.spec.template.spec.containers[*].resources}'\nkubectl get backendtrafficpolicy,clienttrafficpolicy -n <namespace> -o yaml\n```",
			redesign:
				"Set requests and limits, and a rate limit and time-outs in the gateway.",
			references: [references.resourceLimits],
		},
		{
			id: "INF-5",
			title: "TLS",
			severity: "required",
			section: gateway,
			question:
				"Is every connection to the server and from it encrypted, with certificates that renew themselves?",
			evidence:
				"The listener with its certificate and issuer, and the date until which it is valid.",
			verify:
				"```sh\nopenssl s_client -connect <host>:443 -servername <host> </dev/null | openssl x509 -noout -issuer -dates\n```",
			redesign:
				"Terminate TLS in the gateway with a managed certificate, and turn plain HTTP off.",
			references: [references.envoyTls],
		},
		{
			id: "INF-6",
			title: "Network policy",
			severity: "required",
			section: runtime,
			question:
				"Is traffic in and out denied unless it is listed, so that the server reaches only what it needs?",
			evidence:
				"A policy that denies by default, and the list of what is allowed.",
			verify: "```sh\nkubectl get networkpolicy -n <namespace> -o yaml\n```",
			redesign:
				"Deny ingress and egress by default, allow ingress from the gateway and egress to the named systems.",
			references: [references.networkPolicy],
		},
	],
};
