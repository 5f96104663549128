import { z } from "zod";
import { hasEntry, listEntries } from "../../audit/queries.ts";
import { DEFAULT_PAGE_SIZE, refuseUnknownStart } from "../../core/paging.ts";
import { procedure, router } from "../../procedure.ts";
import { AuditEntry, AuditFilter } from "./schema.ts";

/** The audit log: who did what, provably. */
export const auditRouter = router({
	list: procedure
		.meta({
			access: "audit:read",
			readAs: "audit_read",
			openapi: {
				method: "GET",
				path: "/api/v1/audit",
				operationId: "listAuditEntries",
				tags: ["Audit log"],
				summary: "List the audit log",
				description:
					"Who did what, and what was refused, newest first. Every row contains its own hash and that of the previous row. A full page has a `Link` to the next one.",
			},
			rest: {
				success: 200,
				errors: { 400: "A filter is not valid; `issues` names every problem." },
				pageSize: DEFAULT_PAGE_SIZE,
				cursor: "seq",
			},
		})
		.input(AuditFilter.prefault({}))
		.output(z.array(AuditEntry))
		.query(async ({ ctx: { db }, input }) => {
			const page = await listEntries(db, input);
			await refuseUnknownStart(
				page,
				input.after,
				(after) => hasEntry(db, after),
				{
					missing: "The audit log has no row",
					give: "the seq of the last row you have seen",
				},
			);
			return page;
		}),
});
