import { expect, test } from "vitest";
import { facadeOf } from "../../../src/facades/http/facade-of.ts";

const unknown = { url: undefined };

test.each([
	["/api/v1/reports", "rest"],
	["/api", "rest"],
	["/api?status=all", "rest"],
	["/trpc/reports.list", "trpc"],
	["/mcp", "mcp"],
	["/mcp/", "mcp"],
	["/mcp#tools", "mcp"],
	["/", "web"],
	["/reports/api", "web"],
	["/mcp-x", "web"],
	["/mcp_x", "web"],
	["/mcp.json", "web"],
	["/mcpx", "web"],
	["/MCP", "web"],
	["//mcp", "web"],
	["/openapi.json", "web"],
	["/.well-known/oauth-protected-resource/mcp", "web"],
])("a request for %s, where nothing is, belongs to %s", (url, facade) => {
	expect(facadeOf({ routeOptions: unknown, url })).toBe(facade);
});

test("a request belongs to its route's façade, however its path is written", () => {
	const routeOptions = { url: "/api/v1/reports/:id" };
	const url = "/%61pi/v1/reports/1";
	expect(facadeOf({ routeOptions, url })).toBe("rest");
	expect(facadeOf({ routeOptions: unknown, url })).toBe("web");
	expect(facadeOf({ routeOptions: { url: "/reports/:id" }, url: "/mcp" })).toBe(
		"web",
	);
});
