import { personOf } from "../../core/person-of.ts";
import { type Identity, may } from "../../identity/identity.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { procedure } from "../../procedure.ts";
import { isOwn, type Owner } from "./owner.ts";
import { findStandingReport } from "./queries.ts";
import { unknownReport } from "./rules.ts";
import { ReportId } from "./schema.ts";

/**
 * Returns the owner to whose reports a caller is limited; `undefined` for callers who may read all.
 */
export function limitTo(identity: Identity): Owner | undefined {
	const person = personOf(identity);
	return !person || may(person, "reports:read_all")
		? undefined
		: { subject: person.subject };
}

/**
 * Returns whether a caller may know about a report; for one that does not exist, whether they may
 * read all.
 */
export async function mayRead(
	db: Database,
	identity: Identity,
	id: string,
): Promise<boolean> {
	const owner = limitTo(identity);
	return !owner || (await isOwn(db, id, owner));
}

/**
 * Refuses a report that the caller may not read, without revealing that it exists.
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

/** A procedure about one report that the caller may read. */
export const reportProcedure = procedure
	.input(ReportId)
	.use(async ({ ctx, input: { id }, next }) => {
		await refuseHidden(ctx, id);
		return next();
	});
