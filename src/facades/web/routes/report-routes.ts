import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../../../core/errors.ts";
import { DecisionPage } from "../../../features/decisions/schema.ts";
import { ReportPlace } from "../../../features/queue/schema.ts";
import { type Report, ReportId } from "../../../features/reports/schema.ts";
import type { Caller } from "../../../router.ts";
import { attachment } from "../attachment.ts";
import type { TypedDecision } from "../components/decision-form.ts";
import type { Standing } from "../components/decision-panel.ts";
import { rawText } from "../components/raw-text.ts";
import { comparePage } from "../pages/compare.ts";
import { historyPage } from "../pages/history.ts";
import { reportPage } from "../pages/report.ts";
import {
	type ReportStep,
	readQueueQuery,
	reportUrl,
} from "../queue-address.ts";
import { readReviewer } from "../session.ts";
import type { Site } from "../site.ts";
import { orWhyNot } from "../unavailable.ts";

/** A request about one report. */
type AboutReport = FastifyRequest<{
	Params: { id: string };
	Querystring: Record<string, string | undefined>;
}>;

/** A report's id in a route that continues after it. */
const ID = ":id(^[0-9a-fA-F-]{36})";

/** Mounts a report's page, its text as sent, and its comparison with another revision. */
export function mountReportPages(scope: FastifyInstance, site: Site): void {
	scope.get("/reports/:id", async (request: AboutReport, reply) => {
		const { id } = request.params;
		const typed = {
			reviewed_by: readReviewer(site.cookies, request),
			review_notes: "",
		};
		return sendReport(site, request, reply, id, typed);
	});

	scope.get(`/reports/${ID}.md`, async (request: AboutReport, reply) => {
		const { id } = request.params;
		const report = await site.callerFor(request).reports.get({ id });
		return reply
			.type("text/markdown; charset=utf-8")
			.header("content-disposition", attachment(report, "md"))
			.send(report.report_data);
	});

	scope.get(`/reports/${ID}.pdf`, async (request: AboutReport, reply) => {
		const { id } = request.params;
		const caller = site.callerFor(request);
		const [{ report, assessment }, { own: history }] = await Promise.all([
			loadRevision(caller, id),
			caller.reports.history({ id }),
		]);
		const { runTask } = site.contextFor(request);
		const pdf = await runTask("typesetReport", { report, assessment, history });
		return reply
			.type("application/pdf")
			.header("content-disposition", attachment(report, "pdf"))
			.send(Buffer.from(pdf));
	});

	scope.get("/reports/:id/raw", async (request: AboutReport, reply) => {
		const { id } = request.params;
		const report = await site.callerFor(request).reports.get({ id });
		return reply.type("text/plain; charset=utf-8").send(report.report_data);
	});

	scope.get("/reports/:id/history", async (request: AboutReport, reply) => {
		const caller = site.callerFor(request);
		const page = DecisionPage.parse({
			id: request.params.id,
			after: request.query.seen || undefined,
		});
		const [report, decisions, approvals] = await Promise.all([
			caller.reports.get({ id: page.id }),
			caller.reports.decisions(page),
			caller.reports.approvals({ id: page.id }),
		]);
		const list = readQueueQuery(request);
		const now = new Date();
		const data = { report, decisions, approvals, after: page.after, list, now };
		return site.sendPage(request, reply, await historyPage(data));
	});

	scope.get("/reports/:id/compare", async (request: AboutReport, reply) => {
		const caller = site.callerFor(request);
		const report = await caller.reports.get({ id: request.params.id });
		const wanted = wantedOther(request.query.with, report);
		const lineage = { id: report.id, ...(wanted && { wanted }) };
		const { revisions, other } = await caller.reports.lineage(lineage);
		if (wanted && !other) throw noSuchRevision();
		const list = readQueueQuery(request);
		if (!other) {
			const page = comparePage({ report, revisions, list });
			return site.sendPage(request, reply, page);
		}
		const isLater = other.revision > report.revision;
		const [before, after] = await Promise.all([
			loadRevision(caller, isLater ? report.id : other.id),
			loadRevision(caller, isLater ? other.id : report.id),
		]);
		const { runTask, log } = site.contextFor(request);
		const text = await orWhyNot(
			runTask("textDiff", before.report.report_data, after.report.report_data),
			log,
		);
		const pair = { before, after, text };
		return site.sendPage(
			request,
			reply,
			comparePage({ report, revisions, list, pair }),
		);
	});
}

/**
 * Redirects from the address of a step to its report. Only a form requests a
 * step, but its address stays in the browser and may be loaded again.
 */
export function leadToReport(scope: FastifyInstance, step: ReportStep): void {
	scope.get(`/reports/:id/${step}`, async (request: AboutReport, reply) => {
		const id = encodeURIComponent(request.params.id);
		return reply.redirect(reportUrl(id, readQueueQuery(request)), 303);
	});
}

/** Sends a report's page, with whatever was typed into its form. */
export async function sendReport(
	site: Site,
	request: FastifyRequest,
	reply: FastifyReply,
	id: string,
	typed: TypedDecision,
): Promise<FastifyReply> {
	const caller = site.callerFor(request);
	const [report, assessment] = await Promise.all([
		caller.reports.get({ id }),
		caller.reports.assessment({ id }),
	]);
	const { view } = request.query as { view?: string };
	const list = readQueueQuery(request);
	const [text, history, { other }, neighbours, standing] = await Promise.all([
		view === "raw" ? undefined : site.render(request, report),
		caller.reports.history({ id }),
		caller.reports.lineage({ id }),
		caller.reports.neighbours(ReportPlace.parse({ id, ...list })),
		standingOf(site, request, id),
	]);
	const csrf = site.tokenFor(request, reply);
	return site.sendPage(
		request,
		reply,
		reportPage({
			report,
			assessment,
			text:
				text && "html" in text
					? text
					: { raw: await rawText(report.report_data), ...text },
			history,
			previous: other,
			list,
			neighbours,
			typed,
			...(standing && { standing }),
			csrf,
			now: new Date(),
		}),
	);
}

/** Returns what the reader may do with a report; `undefined` where nobody signs in. */
async function standingOf(
	site: Site,
	request: FastifyRequest,
	id: string,
): Promise<Standing | undefined> {
	const permissions = site.viewerOf(request)?.permissions;
	if (!permissions) return undefined;
	const caller = site.callerFor(request);
	const involvement = await caller.reports.involvement({ id });
	return {
		approvals: await caller.reports.approvals({ id }),
		involvement,
		mayDecide: permissions.has("reports:decide"),
		mayWithdraw: involvement.is_submitter && permissions.has("reports:submit"),
	};
}

/**
 * Returns the id of the revision to compare a report with, if one was chosen.
 *
 * @throws TRPCError NOT_FOUND if it is not an id
 */
function wantedOther(wanted: unknown, { id }: Report): string | undefined {
	const chosen = String(wanted ?? "").toLowerCase();
	if (chosen === "" || chosen === id) return undefined;
	if (!ReportId.shape.id.safeParse(chosen).success) throw noSuchRevision();
	return chosen;
}

function noSuchRevision(): Refusal {
	return new Refusal(
		"NOT_FOUND",
		"This server has no such revision. Choose one of its revisions on the comparison page or in the report's history.",
	);
}

async function loadRevision(caller: Caller, id: string) {
	const [report, assessment] = await Promise.all([
		caller.reports.get({ id }),
		caller.reports.assessment({ id }),
	]);
	return { report, assessment };
}
