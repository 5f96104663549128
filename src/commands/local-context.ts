import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Config } from "../core/config.ts";
import type { Facade } from "../core/words.ts";
import type { Database } from "../platform/postgres/database.ts";
import type { Workers } from "../platform/workers/pool.ts";
import type { Context } from "../procedure.ts";

/** Creates the context of procedures that are not called over a network. */
export function localContext(
	db: Database,
	config: Config,
	log: Logger,
	workers: Workers,
	facade: Facade,
): Omit<Context, "identity"> {
	const requestId = `local-${process.pid}`;
	const serviceRequestId = randomUUID();
	return {
		db,
		log: log.child({
			request_id: requestId,
			service_request_id: serviceRequestId,
		}),
		runTask: workers.runnerFor("local"),
		settings: config,
		requestId,
		serviceRequestId,
		refusal: undefined,
		facade,
		client: null,
		address: null,
	};
}
