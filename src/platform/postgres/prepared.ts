import {
	type Compilable,
	DummyDriver,
	type Expression,
	Kysely,
	PostgresAdapter,
	PostgresIntrospector,
	PostgresQueryCompiler,
	sql,
} from "kysely";
import type { Database } from "./database.ts";
import { keepPrepared } from "./pool.ts";
import type { Tables } from "./tables.ts";

/** Compiles SQL without a connection. */
const writer = new Kysely<Tables>({
	dialect: {
		createAdapter: () => new PostgresAdapter(),
		createDriver: () => new DummyDriver(),
		createIntrospector: (db) => new PostgresIntrospector(db),
		createQueryCompiler: () => new PostgresQueryCompiler(),
	},
});

/** A placeholder in a statement for a value of this name. */
class Place {
	readonly name: string;
	constructor(name: string) {
		this.name = name;
	}
}

/**
 * Compiles a frequent statement once, and keeps it prepared in the database: building one with
 * Kysely costs more than sending it. Its plan must be right for all values.
 *
 * @param build the query; `value(name)` stands for the value that each call passes
 * @returns a function that runs it with those values, on a database or a transaction
 */
export function prepareStatement<Values extends object, Row>(
	build: (
		db: Database,
		value: <Name extends keyof Values & string>(
			name: Name,
		) => Expression<Values[Name]>,
	) => Compilable<Row>,
): (db: Database, values: Values) => Promise<Row[]> {
	const query = build(writer, (name) => sql.val(new Place(name)) as never);
	const statement = query.compile();
	keepPrepared(statement.sql);
	return async (db, values) => {
		const { rows } = await db.executeQuery<Row>({
			...statement,
			parameters: statement.parameters.map((parameter) =>
				parameter instanceof Place
					? values[parameter.name as keyof Values]
					: parameter,
			),
		});
		return rows;
	};
}
