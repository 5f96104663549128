import { errorCodes } from "fastify";
import { Finding } from "../../checklist/assessment-schema.ts";
import { bodyTooLarge, REPORT_BODY } from "../../core/body-limits.ts";
import { refuseUnknown, urlTooLong } from "../../core/errors.ts";
import { problemDetails, publicError } from "../../core/public-error.ts";
import type { Role } from "../../core/words.ts";
import {
	confirmationNeeded,
	decidedAlready,
	foreignReport,
	impossibleChange,
	notAsSeen,
} from "../../features/decisions/rules.ts";
import { Decision } from "../../features/decisions/schema.ts";
import {
	duplicateReport,
	incompleteReport,
	unknownReport,
} from "../../features/reports/rules.ts";
import {
	MAX_REPORT_BYTES,
	NewReport,
	summaryExample,
} from "../../features/reports/schema.ts";
import {
	unknownPerson,
	unknownSession,
} from "../../features/sessions/rules.ts";
import { tooManyTokens, unknownToken } from "../../features/tokens/rules.ts";
import {
	actingAs,
	grant,
	notPermitted,
	notSignedIn,
	type ProvenIdentity,
} from "../../identity/identity.ts";
import { tooComplex } from "../../platform/workers/pool.ts";
import { appRouter } from "../../router.ts";
import { unreadableProblem } from "../http/limits/connections.ts";
import { beyondLimit } from "../http/limits/rate-limit.ts";
import { foreignHost } from "../http/origins.ts";
import { membersOf } from "../http/procedure-inputs.ts";

const EXAMPLE_REQUEST_ID = "req-0190f3c2";

/** Invalid for every procedure. */
const invalidInput = {
	id: "abc-123",
	status: "done",
	risk_level: "none",
	limit: "0",
	days: "0",
	owner: "nobody",
};

/**
 * Returns what an operation answers when it fails with this status, in the
 * words of the error really thrown there.
 */
export function exampleProblem(
	status: string,
	{ procedure, path }: { procedure: string; path: string },
) {
	const isInvalid = status === "400";
	const error = isInvalid
		? parseInvalid(procedure)
		: ownError(procedure, path, status);
	const id = isInvalid ? invalidInput.id : summaryExample.id;
	return problemOf(error, path.replace("{id}", id));
}

/** Returns what any operation may answer with this status. */
export function commonExample(status: string) {
	const code = unreadable[status];
	if (code) return unreadableProblem(code, EXAMPLE_REQUEST_ID);
	return problemOf(commonErrors[status]?.(), "/api/v1/reports");
}

function problemOf(error: unknown, url: string) {
	return problemDetails(publicError(error), { url, id: EXAMPLE_REQUEST_ID });
}

/** Returns the service's real answer to an input in which nothing is valid. */
function parseInvalid(procedure: string): unknown {
	const { inputs } = (
		appRouter._def.procedures as unknown as Record<
			string,
			{ _def: { inputs: { safeParse(input: unknown): { error?: unknown } }[] } }
		>
	)[procedure]?._def ?? { inputs: [] };
	return inputs[0]?.safeParse(invalidInput).error;
}

function ownError(procedure: string, path: string, status: string): unknown {
	const isAboutReport = path.startsWith("/api/v1/reports/{id}");
	const makeError =
		ownErrors[`${procedure} ${status}`] ??
		(isAboutReport ? errorsOfOneReport[status] : undefined);
	if (!makeError) {
		throw new Error(
			`${procedure} names the error ${status}: give it an example in openapi-problem-examples.ts`,
		);
	}
	return makeError();
}

const developer = person("developer");
const admin = person("admin");
const decision = Decision.meta()?.examples?.[0] as Decision;
const decidedReport = {
	...summaryExample,
	status: decision.to_status,
	reviewed_by: decision.decided_by,
	reviewed_at: decision.decided_at,
};
const finding = Finding.meta()?.examples?.[0] as Finding;

/** Called only when the document is generated: each returns what the procedure throws with this status. */
const ownErrors: Record<string, () => unknown> = {
	"reports.submit 403": () =>
		thrownBy(() => actingAs(developer, "developer_email", decision.decided_by)),
	"reports.submit 409": () => duplicateReport(summaryExample),
	"reports.submit 413": () => tooLargeReport(),
	"reports.submit 422": () =>
		incompleteReport({ error_count: 1, findings: [finding] }),
	"reports.check 413": () => tooLargeReport(),
	"reports.check 422": () => tooComplex("assess"),
	"reports.setStatus 403": () =>
		confirmationNeeded(`https://go-live.example.com/confirm/${"0".repeat(64)}`),
	"reports.setStatus 409": () => impossibleChange(decidedReport, "rejected"),
	"reports.setStatus 412": () => notAsSeen(summaryExample),
	"reports.withdraw 403": () => foreignReport(summaryExample.developer_email),
	"reports.withdraw 409": () => decidedAlready(decidedReport),
	"tokens.create 403": () => notPermitted(developer, "reports:decide"),
	"tokens.create 409": () => tooManyTokens(developer.email),
	"tokens.createService 403": () => notPermitted(admin, "audit:read"),
	"tokens.createService 409": () => tooManyTokens("platform@example.com"),
	"tokens.get 404": () => unknownToken(summaryExample.id),
	"sessions.end 404": () => unknownSession(summaryExample.id),
	"sessions.endAccess 404": () => unknownPerson(summaryExample.developer_email),
	"tokens.revoke 404": () => unknownToken(summaryExample.id),
	"health.ready 503": () => outOfReach(),
};

const errorsOfOneReport: Record<string, () => unknown> = {
	404: () => unknownReport(summaryExample.id),
	422: () => tooComplex("assess"),
};

const commonErrors: Record<string, () => unknown> = {
	400: () =>
		thrownBy(() =>
			refuseUnknown({ statsu: "approved" }, membersOf("reports.list")),
		),
	401: () => notSignedIn(),
	403: () => foreignHost(),
	413: () => bodyTooLarge(REPORT_BODY),
	414: () => urlTooLong(),
	415: () => new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(),
	429: () => beyondLimit("This address has", 1200, 37),
	500: () => new Error("unexpected"),
	503: () => outOfReach(),
};

/** Node's code for bytes that are not yet a request, by the status that answers them. */
const unreadable: Record<string, string> = {
	408: "ERR_HTTP_REQUEST_TIMEOUT",
	431: "HPE_HEADER_OVERFLOW",
};

function person(role: Role): ProvenIdentity {
	const roles = [role];
	return {
		kind: "person",
		method: "oidc",
		subject: "https://login.example.com alex",
		email: summaryExample.developer_email,
		email_canonical: summaryExample.developer_email,
		name: null,
		roles,
		permissions: grant({ roles, kind: "person" }),
	};
}

function tooLargeReport(): unknown {
	const report_data = "x".repeat(MAX_REPORT_BYTES + 1);
	return thrownBy(() =>
		NewReport.pick({ report_data: true }).parse({ report_data }),
	);
}

/** Returns the error that Node reports when no database is listening. */
function outOfReach(): Error {
	return Object.assign(new Error(), { code: "ECONNREFUSED" });
}

function thrownBy(act: () => unknown): unknown {
	try {
		act();
	} catch (error) {
		return error;
	}
	throw new Error("an example of an error needs what throws one");
}
