import { type Identity, may } from "../../identity/identity.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { procedure } from "../../procedure.ts";
import { isOwn, type Owner } from "./owner.ts";
import { findStandingReport } from "./queries.ts";
import { unknownReport } from "./rules.ts";
import { ReportId } from "./schema.ts";

/** To whose reports somebody is limited; `undefined` for who may read all. */
export function limitTo(identity: Identity): Owner | undefined {
	if (identity.method === "none") return undefined;
	return may(identity, "reports:read_all")
		? undefined
		: { subject: identity.subject };
}

/** Whether somebody may know of a report; of one that is not there, who may read all. */
export async function mayRead(
	db: Database,
	identity: Identity,
	id: string,
): Promise<boolean> {
	const owner = limitTo(identity);
	return !owner || (await isOwn(db, id, owner));
}

/**
 * Who may not read a report does not learn that it exists.
 *
 * @throws TRPCError NOT_FOUND
 */
export async function refuseHidden(
	{ db, identity }: { db: Database; identity: Identity },
	id: string,
): Promise<void> {
	if (await mayRead(db, identity, id)) return;
	const isDisguised = (await findStandingReport(db, id)) !== undefined;
	throw unknownReport(id, { isLimited: true, isDisguised });
}

/** A procedure about one report, for who may read it. */
export const reportProcedure = procedure
	.input(ReportId)
	.use(async ({ ctx, input: { id }, next }) => {
		await refuseHidden(ctx, id);
		return next();
	});
