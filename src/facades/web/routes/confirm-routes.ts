import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { recordRefusal } from "../../../audit/refusals.ts";
import { reasons } from "../../../features/decisions/confirmation-rules.ts";
import type { Confirmation } from "../../../features/decisions/confirmation-schema.ts";
import {
	closedConfirmationPage,
	confirmationPage,
} from "../pages/confirmation.ts";
import { refuseForeignForm } from "../session.ts";
import type { Site } from "../site.ts";

type ConfirmRequest = FastifyRequest<{ Params: { token: string } }>;

type ClosedState = Exclude<Confirmation["state"], "open">;

/** HTTP statuses of links that are no longer valid. */
const statuses: Record<ClosedState, number> = {
	expired: 410,
	used: 410,
	outdated: 409,
};

/** Mounts the page on which a person confirms an approval requested by a program. */
export function mountConfirmPages(scope: FastifyInstance, site: Site): void {
	scope.get("/confirm/:token", async (request: ConfirmRequest, reply) => {
		const { token } = request.params;
		const caller = site.callerFor(request);
		const confirmation = await caller.confirmations.get({ token });
		const { state, report_id: id } = confirmation;
		if (state !== "open") return sendClosed(site, request, reply, state, id);
		const [report, assessment, approvals] = await Promise.all([
			caller.reports.get({ id }),
			caller.reports.assessment({ id }),
			caller.reports.approvals({ id }),
		]);
		const csrf = site.tokenFor(request, reply);
		return site.sendPage(
			request,
			reply,
			confirmationPage({
				token,
				confirmation,
				report,
				assessment,
				approvals,
				csrf,
				now: new Date(),
			}),
		);
	});

	scope.post("/confirm/:token", async (request: ConfirmRequest, reply) => {
		refuseForeignForm(site.cookies, request, site.publicUrl);
		const { token } = request.params;
		const caller = site.callerFor(request);
		const { state, report_id: id } = await caller.confirmations.get({ token });
		if (state !== "open") return sendClosed(site, request, reply, state, id);
		await caller.confirmations.confirm({ token });
		return reply.redirect(`/reports/${id}`, 303);
	});
}

async function sendClosed(
	site: Site,
	request: FastifyRequest,
	reply: FastifyReply,
	state: ClosedState,
	reportId: string,
): Promise<FastifyReply> {
	await recordRefusal(
		site.contextFor(request),
		{ action: "link_refused", target: state },
		{ detail: reasons[state], report_id: reportId },
	);
	reply.code(statuses[state]);
	return site.sendPage(
		request,
		reply,
		closedConfirmationPage(reasons[state], reportId),
	);
}
