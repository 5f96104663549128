import type { Reference } from "./schema.ts";

const specification =
	"https://modelcontextprotocol.io/specification/2026-07-28";
const envoy = "https://gateway.envoyproxy.io/docs/tasks";
const kubernetes = "https://kubernetes.io/docs";
const logfire = "https://logfire.pydantic.dev/docs";

/**
 * Returns a risk of the OWASP MCP Top 10 (2025) as a reference.
 *
 * @param risk Number and name of the risk, such as `MCP03 Tool Poisoning`.
 */
export const owaspMcp = (risk: string): Reference => ({
	title: `OWASP MCP Top 10: ${risk}`,
	url: "https://owasp.org/www-project-mcp-top-10/",
});

/** The public documents that checks refer to, each defined once. */
export const references = {
	lethalTrifecta: {
		title: "Simon Willison: The lethal trifecta for AI agents",
		url: "https://simonwillison.net/2025/Jun/16/the-lethal-trifecta/",
	},
	cosai: {
		title: "CoSAI: Model Context Protocol Security",
		url: "https://github.com/cosai-oasis/ws4-secure-design-agentic-systems/blob/main/whitepapers/model-context-protocol-security.md",
	},
	promptInjection: {
		title: "OWASP Top 10 for LLM Applications: LLM01 Prompt Injection",
		url: "https://genai.owasp.org/llmrisk/llm01-prompt-injection/",
	},
	mcpTools: {
		title: "MCP specification: Tools",
		url: `${specification}/server/tools`,
	},
	mcpAuthorization: {
		title: "MCP specification: Authorization",
		url: `${specification}/basic/authorization`,
	},
	mcpSecurity: {
		title: "MCP: Security best practices",
		url: "https://modelcontextprotocol.io/docs/tutorials/security/security_best_practices",
	},
	rfc8693: {
		title: "RFC 8693: OAuth 2.0 Token Exchange",
		url: "https://www.rfc-editor.org/rfc/rfc8693",
	},
	rfc8707: {
		title: "RFC 8707: Resource Indicators for OAuth 2.0",
		url: "https://www.rfc-editor.org/rfc/rfc8707",
	},
	rfc9728: {
		title: "RFC 9728: OAuth 2.0 Protected Resource Metadata",
		url: "https://www.rfc-editor.org/rfc/rfc9728",
	},
	rfc8725: {
		title: "RFC 8725: JSON Web Token Best Current Practices",
		url: "https://www.rfc-editor.org/rfc/rfc8725",
	},
	onBehalfOf: {
		title: "Microsoft identity platform: On-behalf-of flow",
		url: "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow",
	},
	slsa: {
		title: "SLSA: Security levels",
		url: "https://slsa.dev/spec/v1.0/levels",
	},
	spdx: { title: "SPDX", url: "https://spdx.dev/" },
	cycloneDx: { title: "CycloneDX", url: "https://cyclonedx.org/" },
	envoyJwt: {
		title: "Envoy Gateway: JWT authentication",
		url: `${envoy}/security/jwt-authentication/`,
	},
	envoyTls: {
		title: "Envoy Gateway: Secure gateways",
		url: `${envoy}/security/secure-gateways/`,
	},
	envoyAccessLog: {
		title: "Envoy Gateway: Proxy access logs",
		url: `${envoy}/observability/proxy-accesslog/`,
	},
	podSecurity: {
		title: "Kubernetes: Pod security standards",
		url: `${kubernetes}/concepts/security/pod-security-standards/`,
	},
	securityContext: {
		title: "Kubernetes: Configure a security context",
		url: `${kubernetes}/tasks/configure-pod-container/security-context/`,
	},
	resourceLimits: {
		title: "Kubernetes: Resource management for pods and containers",
		url: `${kubernetes}/concepts/configuration/manage-resources-containers/`,
	},
	networkPolicy: {
		title: "Kubernetes: Network policies",
		url: `${kubernetes}/concepts/services-networking/network-policies/`,
	},
	mcpSpans: {
		title: "OpenTelemetry: Semantic conventions for MCP",
		url: "https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/",
	},
	logfireClients: {
		title: "Logfire: Alternative OpenTelemetry clients",
		url: `${logfire}/how-to-guides/alternative-clients/`,
	},
	logfireDashboards: {
		title: "Logfire: Dashboards",
		url: `${logfire}/guides/web-ui/dashboards/`,
	},
	logfireAlerts: {
		title: "Logfire: Alerts",
		url: `${logfire}/guides/web-ui/alerts/`,
	},
} as const satisfies Record<string, Reference>;
