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
 * Records that a form was refused: from where it came, for the session it is
 * of, or because it is too late for it.
 *
 * @param detail why, in a sentence of ours
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
 * The same for a form whose refusal is an error, unless that is recorded as the
 * procedure's that was tried with it. A form in which something is wrong, or
 * whose sender is not signed in any more, comes back: it is not refused.
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
