import { type Expression, type SqlBool, sql } from "kysely";
import { type Person, splitSubject } from "../../identity/identity.ts";
import type { Database } from "../../platform/postgres/database.ts";

/** The owner of reports. An e-mail address alone never makes an owner. */
export type Owner = Pick<Person, "subject">;

/**
 * The condition that a report belongs to a person.
 *
 * @param table the name of the reports' table, where several tables have an owner
 */
export function isOwnedBy(
	{ subject }: Owner,
	table = "mcp_server_reports",
): Expression<SqlBool> {
	const { issuer, sub } = splitSubject(subject);
	return sql<boolean>`(${sql.ref(`${table}.owner_issuer`)} = ${issuer} and ${sql.ref(`${table}.owner_sub`)} = ${sub})`;
}

/** Returns whether a report exists and belongs to a person. */
export async function isOwn(
	db: Database,
	id: string,
	owner: Owner,
): Promise<boolean> {
	const found = await db
		.selectFrom("mcp_server_reports")
		.select("id")
		.where("id", "=", id)
		.where(isOwnedBy(owner))
		.executeTakeFirst();
	return found !== undefined;
}
