import { type Identity, may } from "../identity.ts";
import { procedure } from "../trpc.ts";
import { isOwn, type Owner } from "./owner.ts";
import { unknownReport } from "./rules.ts";
import { ReportId } from "./schema.ts";

/** To whose reports somebody is limited; `undefined` for who may read all. */
export function limitTo(identity: Identity): Owner | undefined {
	if (identity.method === "none") return undefined;
	return may(identity, "reports:read_all")
		? undefined
		: { subject: identity.subject };
}

/** A procedure about one report. Who may not read it does not learn that it exists. */
export const reportProcedure = procedure
	.input(ReportId)
	.use(async ({ ctx: { db, identity }, input: { id }, next }) => {
		const owner = limitTo(identity);
		if (owner && !(await isOwn(db, id, owner))) throw unknownReport(id, true);
		return next();
	});
