import type { ConfirmationLink } from "../../features/decisions/confirmation-schema.ts";
import type { Report } from "../../features/reports/schema.ts";
import { inline } from "./escape.ts";

/** Renders the result of review_report where the person must confirm an approval. */
export function renderConfirmationLink(
	id: string,
	{ url, expires_at, required, reason }: ConfirmationLink,
): string {
	const quorum = reason
		? `\n**Required:** ${required} reviewers. ${reason}`
		: "";
	return `⏳ Nothing is approved yet: the person must confirm it in the browser.

**Report ID:** ${id}
**Confirm here:** ${url}
**Valid until:** ${expires_at}${quorum}

Give this link, unchanged, to the person who told you to approve, and wait. That person opens it, signs in to the service as the person you act for, sees what would be approved, and confirms it. The link works once. You cannot confirm it: do not open it. To see the report's status afterwards, call get_report.
`;
}

/** Renders the result of withdraw_report. */
export function renderWithdrawn(report: Report): string {
	return `↩️ Report withdrawn.

**Report ID:** ${report.id}
**Server:** ${inline(report.server_name)} (revision ${report.revision})
**Status:** ${report.status} (${report.review_notes})

The repository is free again: submit_report creates the next revision.
`;
}
