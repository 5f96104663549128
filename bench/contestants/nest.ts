/**
 * Peer: NestJS 11 on Fastify, zod in a pipe, `pg`. Its decorators are applied
 * by hand, since Node runs TypeScript without compiling decorators.
 */
import "reflect-metadata";
import {
	Body,
	Controller,
	Get,
	Module,
	Param,
	type PipeTransform,
	Post,
	Query,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { z } from "zod";
import { NewReport, ReportId } from "../../src/features/reports/schema.ts";
import { listenOn, pool } from "./pool.ts";
import {
	getReport,
	insertReport,
	listReports,
	type Submission,
} from "./statements.ts";

class ReportsController {
	async get({ id }: { id: string }) {
		const { rows } = await pool.query(getReport(id));
		return rows[0];
	}

	async list(limit: string) {
		const { rows } = await pool.query(listReports(Number(limit)));
		return rows;
	}

	async submit(report: Submission) {
		const { rows } = await pool.query(insertReport(report));
		return rows[0];
	}
}

function parse(schema: z.ZodType): PipeTransform {
	return { transform: (value: unknown) => schema.parse(value) };
}

function decorate(
	name: "get" | "list" | "submit",
	route: MethodDecorator,
	argument: ParameterDecorator,
): void {
	const { prototype } = ReportsController;
	argument(prototype, name, 0);
	const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
	if (descriptor) route(prototype, name, descriptor);
}

decorate("get", Get(":id"), Param(parse(ReportId)));
decorate("list", Get(), Query("limit"));
decorate("submit", Post(), Body(parse(NewReport)));
Controller("api/v1/reports")(ReportsController);

class AppModule {}
Module({ controllers: [ReportsController] })(AppModule);

const app = await NestFactory.create(
	AppModule,
	new FastifyAdapter({ bodyLimit: 8 * 1024 * 1024 }),
	{ logger: false },
);
await app.listen(listenOn.port, listenOn.host);
