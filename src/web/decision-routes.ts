import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { publicError, reportError } from "../public-error.ts";
import type { ReportStatus } from "../reports/schema.ts";
import { meanwhile } from "./components/meanwhile.ts";
import { confirmPage } from "./pages/confirm.ts";
import { errorPage } from "./pages/error.ts";
import { readQueueQuery, reportUrl } from "./queue-address.ts";
import { leadToReport, sendReport } from "./report-routes.ts";
import {
	isOfSession,
	OTHER_SESSION,
	refuseForeignOrigin,
	rememberReviewer,
} from "./session.ts";
import type { Site } from "./site.ts";
import { findProblems, readWanted, type Wanted } from "./wanted-decision.ts";

type DecisionRequest = FastifyRequest<{
	Params: { id: string };
	Body: Record<string, unknown> | null;
}>;

/** Mounts the two steps of a decision: asking for a confirmation, and deciding. */
export function mountDecisionForms(scope: FastifyInstance, site: Site): void {
	leadToReport(scope, "decide");
	scope.post("/reports/:id/decide", async (request: DecisionRequest, reply) => {
		refuseForeignOrigin(request, site.publicUrl);
		// It comes back to be changed, perhaps after signing in anew: that only shows it.
		const isChange = request.body?.change === "yes";
		const { id } = request.params;
		const wanted = readWanted(request.body, site.viewerOf(request)?.email);
		if (!isChange && !isOfSession(site.cookies, request)) {
			reply.code(403);
			return sendUnstored(site, request, reply, wanted, OTHER_SESSION);
		}
		const problems = findProblems(id, wanted);
		if (problems || isChange) {
			reply.code(problems ? 400 : 200);
			return sendReport(site, request, reply, id, {
				...wanted,
				...(problems && { problems }),
			});
		}
		try {
			return await askForConfirmation(site, request, reply, wanted);
		} catch (error) {
			return answerFailure(site, error, request, reply, wanted);
		}
	});

	leadToReport(scope, "decision");
	scope.post(
		"/reports/:id/decision",
		async (request: DecisionRequest, reply) => {
			refuseForeignOrigin(request, site.publicUrl);
			const { id } = request.params;
			const wanted = readWanted(request.body, site.viewerOf(request)?.email);
			if (!isOfSession(site.cookies, request)) {
				reply.code(403);
				return sendUnstored(site, request, reply, wanted, OTHER_SESSION);
			}
			const problems = findProblems(id, wanted);
			if (problems) {
				reply.code(400);
				return sendReport(site, request, reply, id, { ...wanted, problems });
			}
			try {
				await site.callerFor(request).reports.setStatus({
					id,
					status: wanted.status,
					reviewed_by: wanted.reviewed_by,
					review_notes: wanted.review_notes,
				});
			} catch (error) {
				return answerFailure(site, error, request, reply, wanted);
			}
			if (!site.hasSignIn) {
				rememberReviewer(site.cookies, reply, wanted.reviewed_by);
			}
			return reply.redirect(reportUrl(id, readQueueQuery(request)), 303);
		},
	);
}

async function askForConfirmation(
	site: Site,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: Wanted,
): Promise<FastifyReply> {
	const { id } = request.params;
	const caller = site.callerFor(request);
	const [report, assessment, approvals] = await Promise.all([
		caller.reports.get({ id }),
		caller.reports.assessment({ id }),
		caller.reports.approvals({ id }),
	]);
	if (isDoneAlready(report.status, wanted.status)) {
		reply.code(409);
		const detail = await tellMeanwhile(site, request);
		return sendUnstored(site, request, reply, wanted, detail);
	}
	const csrf = site.tokenFor(request, reply);
	return site.sendPage(
		request,
		reply,
		confirmPage({
			report,
			assessment,
			approvals,
			decision: wanted,
			list: readQueueQuery(request),
			csrf,
		}),
	);
}

/** Whether a report is where this decision does not lead from. */
function isDoneAlready(present: ReportStatus, wanted: ReportStatus): boolean {
	return (present === "pending_review") === (wanted === "pending_review");
}

async function tellMeanwhile(
	site: Site,
	request: DecisionRequest,
): Promise<string> {
	const { id } = request.params;
	const decisions = await site.callerFor(request).reports.decisions({ id });
	return meanwhile(decisions.at(-1));
}

/** A decision that was not stored is never lost: it comes back with the reason. */
async function answerFailure(
	site: Site,
	error: unknown,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: Wanted,
): Promise<FastifyReply> {
	const shown = publicError(error);
	// Refused for what the report is to this reviewer, or has become meanwhile.
	if (shown.status === 409 || (shown.status === 403 && !shown.challenge)) {
		reply.code(shown.status);
		const { id } = request.params;
		const { status } = await site.callerFor(request).reports.get({ id });
		// What the procedure says then is for programs.
		const detail = isDoneAlready(status, wanted.status)
			? await tellMeanwhile(site, request)
			: shown.detail;
		return sendUnstored(site, request, reply, wanted, detail);
	}
	if (shown.status < 500) throw error;
	reportError(error, request.log);
	if (shown.retryAfter) reply.header("retry-after", String(shown.retryAfter));
	reply.code(shown.status);
	const csrf = site.tokenFor(request, reply);
	const list = readQueueQuery(request);
	const action = reportUrl(request.params.id, list, "decide");
	const unsent = { action, decision: wanted, csrf };
	return site.sendPage(
		request,
		reply,
		errorPage(shown, { id: request.id, unsent }),
	);
}

/** The report as it is now, with what was typed and why it was not stored. */
async function sendUnstored(
	site: Site,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: Wanted,
	detail: string,
): Promise<FastifyReply> {
	return sendReport(site, request, reply, request.params.id, {
		...wanted,
		problems: { form: detail },
	});
}
