import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeDatabase, newReport } from "../support/helpers.ts";
import {
	type ServiceProcess,
	send,
	startServiceProcess,
} from "../support/service-process.ts";

/** How many answers had which status. */
function count(answers: { status: number }[]) {
	const counts: Record<number, number> = {};
	for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
	return counts;
}

/** One service process, or two on one database. */
async function startProcesses(number: number): Promise<ServiceProcess[]> {
	const DATABASE_URL = await makeDatabase();
	return Promise.all(
		Array.from({ length: number }, () =>
			startServiceProcess({
				DATABASE_URL,
				// All come from this machine.
				MAX_CONNECTIONS_PER_ADDRESS: "1000",
			}),
		),
	);
}

const spellings = [
	"https://github.com/Example/Contested",
	"https://github.com/example/contested.git",
	"https://github.com/example/contested/",
	"http://github.com:80/example/contested?tab=readme#top",
	"https://alex@github.com:443/EXAMPLE/contested",
	"ssh://git@github.com:22/example/contested.git",
	"git@github.com:example/contested.git",
	"git@GitHub.com:Example/Contested",
];

test.each([1, 2])(
	"of 100 simultaneous submissions for one repository exactly one is accepted: %i process(es)",
	async (number) => {
		const services = await startProcesses(number);
		const answers = await Promise.all(
			Array.from({ length: 100 }, (_, index) =>
				send(
					services[index % number] as ServiceProcess,
					"POST",
					"/api/v1/reports",
					newReport({ repository_url: spellings[index % spellings.length] }),
				),
			),
		);
		expect(count(answers)).toEqual({ 201: 1, 409: 99 });
		const { id } = answers.find(({ status }) => status === 201)?.body ?? {};
		for (const { status, body } of answers) {
			if (status === 409) expect(body.existing_report_id).toBe(id);
		}
		for (const service of services) {
			const list = await send(service, "GET", "/api/v1/reports");
			expect(list.body).toMatchObject([{ id, revision: 1 }]);
		}
	},
);

test.each([1, 2])(
	"of 50 simultaneous opposite decisions exactly one counts: %i process(es)",
	async (number) => {
		const services = await startProcesses(number);
		const [service] = services as [ServiceProcess];
		const path = "/api/v1/reports";
		const { body: report } = await send(service, "POST", path, newReport());
		const answers = await Promise.all(
			Array.from({ length: 50 }, (_, index) =>
				send(
					services[index % number] as ServiceProcess,
					"PATCH",
					`${path}/${report.id}/status`,
					{
						status: index % 2 === 0 ? "approved" : "rejected",
						reviewed_by: `reviewer-${index}`,
					},
				),
			),
		);
		expect(count(answers)).toEqual({ 200: 1, 409: 49 });
		const { body: winner } = answers.find(({ status }) => status === 200) ?? {};
		const now = await send(service, "GET", `${path}/${report.id}`);
		expect(now.body).toEqual(winner);
		const decisions = await send(
			service,
			"GET",
			`${path}/${report.id}/decisions`,
		);
		expect(decisions.body).toMatchObject([
			{ to_status: winner.status, decided_by: winner.reviewed_by },
		]);
	},
);

test("kill -9 in the middle of a stream of submissions loses no acknowledged report, with or without its database", async () => {
	const DATA_DIR = await mkdtemp(join(tmpdir(), "go-live-kill-"));
	onTestFinished(() => rm(DATA_DIR, { recursive: true }));
	const lockFile = join(DATA_DIR, "postgres", "data", "postmaster.pid");
	let service = await startServiceProcess({ DATA_DIR });
	const acknowledged: { id: string }[] = [];
	let unanswered = 0;
	for (const round of [1, 2]) {
		const isEnough = () => acknowledged.length >= round * 100;
		let isDatabaseKilled = false;
		const [database] = (await readFile(lockFile, "utf8")).split("\n");
		const submitUntilKilled = async () => {
			for (;;) {
				const answer = await send(
					service,
					"POST",
					"/api/v1/reports",
					newReport(),
				).catch(() => undefined);
				// Between the two kills, the service may say that its database is gone.
				if (!answer || (isDatabaseKilled && answer.status === 503)) {
					unanswered++;
					return;
				}
				expect(answer.status).toBe(201);
				acknowledged.push(answer.body);
				if (!isEnough()) continue;
				// In the second round the database is killed too, like at a loss of power.
				if (round === 2) {
					isDatabaseKilled = true;
					killIfAlive(Number(database));
				}
				service.child.kill("SIGKILL");
			}
		};
		await Promise.all(Array.from({ length: 8 }, submitUntilKilled));
		await service.ended();
		service = await startServiceProcess({ DATA_DIR });
	}
	// Some were under way in the moment of the kill.
	expect(unanswered).toBe(16);
	expect(acknowledged.length).toBeGreaterThanOrEqual(200);
	for (const report of acknowledged) {
		const path = `/api/v1/reports/${report.id}`;
		expect((await send(service, "GET", path)).body).toEqual(report);
	}
	service.child.kill("SIGTERM");
	expect((await service.ended()).code).toBe(0);
});

function killIfAlive(pid: number) {
	try {
		process.kill(pid, "SIGKILL");
	} catch {
		// Killed already.
	}
}
