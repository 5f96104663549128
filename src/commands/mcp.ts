import { openReads, type Reads } from "../audit/reads.ts";
import { tellLeftOut } from "../audit/refusals.ts";
import { parseConfig, recordsReads } from "../core/config.ts";
import { createLogger } from "../core/logging.ts";
import { serveMcpStdio } from "../facades/mcp/stdio.ts";
import {
	accessTokenRefused,
	requireAccessToken,
	tellWhoAsks,
} from "../facades/mcp/stdio-identity.ts";
import { openStorage } from "../platform/postgres/storage.ts";
import { openWorkers } from "../platform/workers/pool.ts";
import { localContext } from "./local-context.ts";
import { refuseStaleKeys } from "./rekey.ts";
import { onShutdown } from "./shutdown.ts";

/**
 * Serves MCP over standard input and output until the client closes them or the process is told to
 * stop.
 *
 * @throws Error with a message for the operator when it cannot start
 */
export async function run(): Promise<void> {
	const config = parseConfig();
	requireAccessToken(config);
	// Standard output carries the protocol.
	const log = createLogger(config.LOG_LEVEL, 2);
	const opening = openStorage(config, log);
	const workers = openWorkers(log);
	let reads: Reads | undefined;
	let session: { close(): Promise<void> } | undefined;
	const drain = async () => {
		await session?.close();
		await reads?.close();
		if (session) await tellLeftOut((await opening).db);
		workers.close();
	};
	const stop = onShutdown(log, drain, opening);
	process.stdin.once("end", stop);
	process.stdin.once("close", stop);
	// Nobody reads our answers any more.
	process.stdout.once("error", stop);
	const storage = await opening;
	try {
		await refuseStaleKeys(storage.db, config);
	} catch (error) {
		await storage.close();
		throw error;
	}
	const identify = tellWhoAsks(storage.db, config);
	const asking = await identify();
	if (asking.refusal) {
		await storage.close();
		throw accessTokenRefused(asking.refusal);
	}
	const context = localContext(storage.db, config, log, workers, "mcp");
	if (recordsReads(config)) reads = openReads(storage.db, log);
	session = serveMcpStdio({ ...context, ...asking, reads }, identify);
	log.info(`MCP Go-Live serves MCP on stdio; data in ${storage.where}`);
}
