import { randomUUID } from "node:crypto";
import type { FastifyInstance, InjectOptions } from "fastify";
import { pino } from "pino";
import { inject, onTestFinished } from "vitest";
import { buildApp, type Thresholds } from "../../src/app.ts";
import { type Config, parseConfig } from "../../src/core/config.ts";
import { serializers } from "../../src/core/logging.ts";
import type { Report } from "../../src/features/reports/schema.ts";
import {
	type Database,
	openDatabase,
} from "../../src/platform/postgres/database.ts";
import { databaseUrl, onServer } from "./global-setup.ts";

/** Registers a clean-up to run at the end; `onTestFinished` or `afterAll`. */
type AtEnd = (cleanUp: () => Promise<void>) => void;

/** Creates a migrated, empty database, which is dropped at the end. */
export async function makeDatabase(
	atEnd: AtEnd = onTestFinished,
	options: { isMigrated: boolean } = { isMigrated: true },
): Promise<string> {
	const serverUrl = inject("serverUrl");
	const name = `go_live_${randomUUID().replaceAll("-", "")}`;
	const template = options.isMigrated ? inject("templateName") : "template0";
	await onServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
	atEnd(() => onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`));
	return databaseUrl(serverUrl, name);
}

/** A service in this process, with its own database. */
export interface TestService {
	app: FastifyInstance;
	db: Database;
	databaseUrl: string;
	/** Every line it logged, as JSON text. */
	logs: string[];
	/** Sends a request without a socket, and parses the JSON of the answer. */
	ask(request: InjectOptions): Promise<Answer>;
	/** Listens on a free port of 127.0.0.1; returns `http://127.0.0.1:port`. */
	listen(): Promise<string>;
}

export interface Answer {
	status: number;
	headers: Record<string, unknown>;
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
	body: any;
}

/** Starts a service that is closed at the end. */
export async function startService(
	atEnd: AtEnd = onTestFinished,
	settings: Partial<Config> & { databaseUrl?: string } & Thresholds = {},
): Promise<TestService> {
	const url = settings.databaseUrl ?? (await makeDatabase(atEnd));
	const db = openDatabase(url, { poolSize: 10 });
	const logs: string[] = [];
	const log = pino(
		{ level: "debug", serializers },
		{ write: (line: string) => logs.push(line) },
	);
	// Tests send more than people do; those about the limits set one.
	const config = { ...parseConfig({ RATE_LIMIT: "0" }), ...settings };
	const app = buildApp(db, config, log, settings);
	atEnd(async () => {
		await app.close();
		await db.destroy();
	});
	await app.ready();
	return {
		app,
		db,
		databaseUrl: url,
		logs,
		async ask(request) {
			const answer = await app.inject(request);
			const isJson = /json/.test(String(answer.headers["content-type"]));
			return {
				status: answer.statusCode,
				headers: answer.headers,
				body: isJson && answer.body !== "" ? answer.json() : answer.body,
			};
		},
		listen: () => app.listen({ host: "127.0.0.1", port: 0 }),
	};
}

/** Returns a submission as the PRD writes it, for a new repository unless given. */
export function newReport(changes: Record<string, unknown> = {}) {
	return {
		server_name: "mcp-servicenow",
		repository_url: `https://github.com/intility/${randomUUID()}`,
		developer_email: "alex@intility.no",
		report_data: "# Go-Live Report\n\n## Phase 1: Security...\n\n...",
		...changes,
	};
}

/** Submits over REST; fails the test unless it is accepted. */
export async function submit(
	service: TestService,
	changes: Record<string, unknown> = {},
): Promise<Report> {
	const { status, body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		payload: newReport(changes),
	});
	if (status !== 201) throw new Error(JSON.stringify(body));
	return body;
}

/** Changes a status over REST. */
export function decide(
	service: TestService,
	id: string,
	status: string,
	changes: Record<string, unknown> = {},
): Promise<Answer> {
	return service.ask({
		method: "PATCH",
		url: `/api/v1/reports/${id}/status`,
		payload: { status, reviewed_by: "platform@intility.no", ...changes },
	});
}
