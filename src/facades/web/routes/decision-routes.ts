import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
	errorHeaders,
	publicError,
	reportError,
} from "../../../core/public-error.ts";
import type { WantedDecision } from "../components/decision-form.ts";
import { meanwhile } from "../components/meanwhile.ts";
import { confirmPage } from "../pages/confirm.ts";
import { errorPage } from "../pages/error.ts";
import { readQueueQuery, reportUrl } from "../queue-address.ts";
import { recordIfRefused, recordRefusedForm } from "../refused-forms.ts";
import {
	isOfSession,
	OTHER_SESSION,
	refuseForeignOrigin,
	rememberReviewer,
} from "../session.ts";
import type { Site } from "../site.ts";
import { findProblems, readWanted } from "../wanted-decision.ts";
import { leadToReport, sendReport } from "./report-routes.ts";

/** The audit log's reason for refusing a late form; the decisions in between have their own rows. */
const TOO_LATE = "The report was decided since the form was opened.";

type DecisionRequest = FastifyRequest<{
	Params: { id: string };
	Body: Record<string, unknown> | null;
}>;

/** Mounts the two steps of a decision: asking for confirmation, and deciding. */
export function mountDecisionForms(scope: FastifyInstance, site: Site): void {
	leadToReport(scope, "decide");
	scope.post("/reports/:id/decide", (request: DecisionRequest, reply) =>
		takeForm(site, request, reply, askForConfirmation),
	);
	leadToReport(scope, "decision");
	scope.post("/reports/:id/decision", (request: DecisionRequest, reply) =>
		takeForm(site, request, reply, store),
	);
}

/** What a step does with a valid form. */
type Step = (
	site: Site,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: WantedDecision,
) => Promise<FastifyReply>;

/** Takes one step, or returns the form with the reasons against it. */
async function takeForm(
	site: Site,
	request: DecisionRequest,
	reply: FastifyReply,
	step: Step,
): Promise<FastifyReply> {
	refuseForeignOrigin(request, site.publicUrl);
	const wanted = readWanted(request.body, site.viewerOf(request)?.email);
	// The form comes back to be changed, perhaps after signing in again: that only displays it.
	const isChange =
		step === askForConfirmation && request.body?.change === "yes";
	try {
		if (!isChange && !isOfSession(site.cookies, request)) {
			await recordRefusedForm(site, request, OTHER_SESSION);
			return await giveBack(site, request, reply, wanted, 403, OTHER_SESSION);
		}
		const isWrong = findProblems(request.params.id, wanted) !== undefined;
		const late = await tellMeanwhile(site, request, wanted);
		if (isWrong || late || isChange) {
			if (late && !isWrong && !isChange) {
				await recordRefusedForm(site, request, TOO_LATE);
			}
			const status = isWrong ? 400 : late ? 409 : 200;
			return await giveBack(site, request, reply, wanted, status);
		}
		return await step(site, request, reply, wanted);
	} catch (error) {
		return answerFailure(site, error, request, reply, wanted);
	}
}

async function askForConfirmation(
	site: Site,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: WantedDecision,
): Promise<FastifyReply> {
	const { id } = request.params;
	const caller = site.callerFor(request);
	const [report, assessment, approvals] = await Promise.all([
		caller.reports.get({ id }),
		caller.reports.assessment({ id }),
		caller.reports.approvals({ id }),
	]);
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

async function store(
	site: Site,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: WantedDecision,
): Promise<FastifyReply> {
	const { id } = request.params;
	const { problems: _, ...decision } = wanted;
	await site.callerFor(request).reports.setStatus({ id, ...decision });
	if (!site.hasSignIn) {
		rememberReviewer(site.cookies, reply, wanted.reviewed_by);
	}
	return reply.redirect(reportUrl(id, readQueueQuery(request)), 303);
}

/** Returns what was decided since the form was opened; `undefined` if it is not too late. */
async function tellMeanwhile(
	site: Site,
	request: DecisionRequest,
	wanted: WantedDecision,
): Promise<string | undefined> {
	const { id } = request.params;
	const { own } = await site.callerFor(request).reports.history({ id });
	return meanwhile(own, wanted);
}

/** A decision that was not stored is never lost: it comes back with the reason. */
async function answerFailure(
	site: Site,
	error: unknown,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: WantedDecision,
): Promise<FastifyReply> {
	const shown = publicError(error);
	await recordIfRefused(site, request, error);
	// Refused because of what the report is to this reviewer, or has become since.
	if (shown.status === 409 || (shown.status === 403 && !shown.challenge)) {
		// The procedure's message about a late decision is meant for programs.
		const late = await tellMeanwhile(site, request, wanted);
		const why = late ? undefined : shown.detail;
		return giveBack(site, request, reply, wanted, shown.status, why);
	}
	if (shown.status < 500) throw error;
	reportError(error, request.log);
	const { retryAfter } = shown;
	reply.code(shown.status).headers(errorHeaders({ retryAfter }));
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

/**
 * Sends the current report with what was typed and all its problems.
 *
 * @param why an additional reason why it was not stored
 */
async function giveBack(
	site: Site,
	request: DecisionRequest,
	reply: FastifyReply,
	wanted: WantedDecision,
	status: number,
	why?: string,
): Promise<FastifyReply> {
	const { id } = request.params;
	// The next form is for the current report, so what happened since must be shown here.
	const late = await tellMeanwhile(site, request, wanted);
	const form = [why, late].filter((text) => text !== undefined).join(" ");
	reply.code(status);
	return sendReport(site, request, reply, id, {
		...wanted,
		problems: {
			...(status === 400 && findProblems(id, wanted)),
			...(form && { form }),
		},
	});
}
