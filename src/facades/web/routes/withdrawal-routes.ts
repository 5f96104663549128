import type { FastifyInstance, FastifyRequest } from "fastify";
import { withdrawPage } from "../pages/withdraw.ts";
import { readQueueQuery, reportUrl } from "../queue-address.ts";
import { refuseForeignForm } from "../session.ts";
import type { Site } from "../site.ts";
import { leadToReport } from "./report-routes.ts";

type AboutReport = FastifyRequest<{ Params: { id: string } }>;

/** Mounts the two steps by which submitters withdraw their own report. */
export function mountWithdrawal(scope: FastifyInstance, site: Site): void {
	leadToReport(scope, "withdraw");
	scope.post("/reports/:id/withdraw", async (request: AboutReport, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		const { id } = request.params;
		const report = await site.callerFor(request).reports.get({ id });
		const csrf = site.tokenFor(request, reply);
		const list = readQueueQuery(request);
		return site.sendPage(request, reply, withdrawPage({ report, list, csrf }));
	});

	leadToReport(scope, "withdrawal");
	scope.post("/reports/:id/withdrawal", async (request: AboutReport, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		const { id } = request.params;
		await site.callerFor(request).reports.withdraw({ id });
		return reply.redirect(reportUrl(id, readQueueQuery(request)), 303);
	});
}
