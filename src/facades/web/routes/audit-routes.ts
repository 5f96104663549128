import type { FastifyInstance } from "fastify";
import { AuditFilter } from "../../../features/audit/schema.ts";
import type { AuditQuery } from "../components/audit-filters.ts";
import { auditPage } from "../pages/audit.ts";
import { refuseWithout } from "../recognise.ts";
import type { Site } from "../site.ts";

/** Mounts the audit log, for those who may read it. */
export function mountAuditPage(scope: FastifyInstance, site: Site): void {
	scope.get("/audit", async (request, reply) => {
		const query = readAuditQuery(request.query as Record<string, unknown>);
		const { since, until, ...rest } = query;
		const filter = AuditFilter.safeParse({
			...rest,
			since: since && `${since}:00Z`,
			until: until && `${until}:00Z`,
		});
		if (!filter.success) {
			await refuseWithout(site, "audit:read", request);
			const problems = Object.fromEntries(
				filter.error.issues.map(({ path, message }) => [path[0], message]),
			);
			reply.code(400);
			return site.sendPage(
				request,
				reply,
				auditPage({ query, entries: [], hasMore: false, problems }),
			);
		}
		const entries = await site.callerFor(request).audit.list(filter.data);
		const page = auditPage({
			query,
			entries,
			hasMore: entries.length === filter.data.limit,
		});
		return site.sendPage(request, reply, page);
	});
}

/** Reads the list's state from an address, ignoring empty values. */
function readAuditQuery(given: Record<string, unknown>): AuditQuery {
	const read = (name: keyof AuditQuery) => {
		const value = given[name];
		return typeof value === "string" && value !== "" ? value.trim() : undefined;
	};
	return {
		actor: read("actor"),
		action: read("action"),
		report_id: read("report_id"),
		method: read("method"),
		facade: read("facade"),
		// Browsers send minutes, and seconds if they were typed.
		since: read("since")?.slice(0, 16),
		until: read("until")?.slice(0, 16),
		after: read("after"),
	};
}
