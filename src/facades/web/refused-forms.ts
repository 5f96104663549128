import { TRPCError } from "@trpc/server";
import type { FastifyRequest } from "fastify";
import {
	isRecorded,
	markRecorded,
	recordRefusal,
} from "../../audit/refusals.ts";
import { recordedWords } from "../../core/errors.ts";
import { ReportId } from "../../features/reports/schema.ts";
import type { Site } from "./site.ts";

/**
 * Records that a form was refused: for its origin, for its session, or because
 * it came too late.
 *
 * @param detail the reason, in a sentence of ours
 */
export async function recordRefusedForm(
	site: Site,
	request: FastifyRequest,
	detail: string,
): Promise<void> {
	const route = request.routeOptions.url ?? null;
	const isOfReport = route?.startsWith("/reports/:id");
	const about = isOfReport && ReportId.safeParse(request.params).data;
	await recordRefusal(
		site.contextFor(request),
		{ action: "form_refused", target: route },
		{ detail, report_id: about ? about.id : null },
	);
}

/**
 * Records a form whose refusal is an error, unless it is recorded for the
 * procedure that the form called. A form that contains mistakes, or whose
 * sender is no longer signed in, is shown again: it was not refused.
 */
export async function recordIfRefused(
	site: Site,
	request: FastifyRequest,
	error: unknown,
): Promise<void> {
	if (request.method !== "POST" || !(error instanceof TRPCError)) return;
	if (error.code !== "FORBIDDEN" && error.code !== "CONFLICT") return;
	if (isRecorded(error)) return;
	markRecorded(error);
	await recordRefusedForm(site, request, recordedWords(error));
}
