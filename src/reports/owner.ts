import { type Expression, type SqlBool, sql } from "kysely";
import type { Database } from "../database.ts";
import type { Person } from "../identity.ts";

/** Whose reports are meant: known by the subject, or by the address alone where it was not proven. */
export type Owner = Pick<Person, "subject" | "email">;

/**
 * The condition that a report is somebody's own.
 *
 * @param column its `owner_key`, where several tables have one
 */
export function isOwnedBy(
	{ subject, email }: Owner,
	column = "owner_key",
): Expression<SqlBool> {
	return sql<boolean>`${sql.ref(column)} in (${subject}, lower(${email}))`;
}

/** Whether a report is there, and somebody's own. */
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
