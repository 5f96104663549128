import type { FastifyInstance } from "fastify";
import { buildApp } from "../app.ts";
import { type Config, parseConfig } from "../core/config.ts";
import { createLogger } from "../core/logging.ts";
import { openStorage } from "../platform/postgres/storage.ts";
import { refuseStaleKeys } from "./rekey.ts";
import { onShutdown } from "./shutdown.ts";

/**
 * Serves every façade over HTTP until the process is told to stop.
 *
 * @throws Error with a message for the operator when it cannot start
 */
export async function run(): Promise<void> {
	const config = parseConfig();
	const log = createLogger(config.LOG_LEVEL, 1);
	const opening = openStorage(config, log);
	let app: FastifyInstance | undefined;
	onShutdown(log, async () => app?.close(), opening);
	const storage = await opening;
	try {
		await refuseStaleKeys(storage.db, config);
		app = buildApp(storage.db, config, log);
		await app.listen({
			port: config.PORT,
			host: config.HOST,
			// Fastify writes one line for each address it listens on.
			listenTextResolver(address) {
				const base = config.PUBLIC_URL ?? address;
				return `MCP Go-Live listens on ${base} (REST ${base}/api/v1, docs ${base}/docs, MCP ${base}/mcp, tRPC ${base}/trpc); data in ${storage.where}; ${describeAuthentication(config)}`;
			},
		});
	} catch (error) {
		await storage.close();
		throw explainListenError(error, config);
	}
}

function describeAuthentication(config: Config): string {
	if (config.AUTH !== "oidc") {
		return "no authentication: everybody who reaches it may submit and approve";
	}
	const issuers = `people sign in at ${config.OIDC_ISSUER.join(", ")}`;
	return config.OIDC_EMAIL_VERIFIED === "required"
		? `${issuers}, which must say that e-mail addresses are verified (if it never says so: OIDC_EMAIL_VERIFIED=trusted)`
		: `${issuers}, whose e-mail addresses are trusted unless it says that they are unverified`;
}

function explainListenError(error: unknown, config: Config): unknown {
	const { code } = error as { code?: string };
	const unknown = `${config.HOST} is neither an address nor a host name known here. Set HOST to an address of this machine.`;
	const reason = {
		EADDRINUSE: `port ${config.PORT} is already in use. Stop the program that listens there, or set PORT to another port.`,
		EADDRNOTAVAIL: `${config.HOST} is not an address of this machine. Set HOST to one that is.`,
		ENOTFOUND: unknown,
		EAI_AGAIN: unknown,
		EACCES: `this user may not listen on port ${config.PORT}. Set PORT to one above 1023.`,
	}[code ?? ""];
	return reason
		? new Error(`Cannot listen on ${config.HOST}: ${reason}`)
		: error;
}
