import type { Logger } from "pino";
import type { Facade } from "./audit/schema.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database.ts";
import type { Context } from "./trpc.ts";

/** What procedures get that nobody asks over a network. */
export function localContext(
	db: Database,
	config: Config,
	log: Logger,
	facade: Facade,
): Omit<Context, "identity"> {
	const requestId = `local-${process.pid}`;
	return {
		db,
		log: log.child({ request_id: requestId }),
		settings: config,
		requestId,
		refusal: undefined,
		facade,
		client: null,
		address: null,
	};
}
