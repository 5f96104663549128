import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Database } from "../database.ts";
import type { Context } from "../trpc.ts";
import type { Facade } from "../words.ts";
import type { Workers } from "../workers/pool.ts";

/** What procedures get that nobody asks over a network. */
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
