/**
 * How long the service takes from its start to its first answer, and how much
 * an installation takes: `node bench/start.ts`.
 */
import {
	chmodSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "./contestants.ts";
import { startBenchServer } from "./database.ts";
import { median } from "./measure.ts";

const root = new URL("..", import.meta.url).pathname;
const command = [process.execPath, join(root, "src/main.ts")];

const server = await startBenchServer();
try {
	const url = await server.makeDatabase("start", { reports: 1000, size: 8192 });
	console.log(
		`on PostgreSQL: ${await timeStart({ DATABASE_URL: url })} ms (≤ 1500)`,
	);
} finally {
	await server.stop();
}

const folder = mkdtempSync(join(tmpdir(), "go-live-bench-"));
chmodSync(folder, 0o711);
const environment = { DATABASE_URL: "", DATA_DIR: join(folder, "data") };
try {
	console.log(
		`embedded, the first time: ${await timeStart(environment, 1)} ms (≤ 4000)`,
	);
	console.log(`embedded, later: ${await timeStart(environment)} ms (≤ 2000)`);
} finally {
	rmSync(folder, { recursive: true });
}

const { all, withoutDev } = installSizes();
console.log(
	`installed: ${all} MB with development dependencies, ${withoutDev} MB without`,
);

async function timeStart(
	environment: Record<string, string>,
	times = 5,
): Promise<number> {
	const measured = [];
	for (let time = 0; time < times; time += 1) {
		const running = await startServer(
			command,
			"/api/v1/reports?limit=1",
			environment,
		);
		await running.stop();
		measured.push(running.startMs);
	}
	return median(measured);
}

/** From what npm installed, and which of it is for development only. */
function installSizes() {
	const lock = JSON.parse(
		readFileSync(join(root, "node_modules/.package-lock.json"), "utf8"),
	) as { packages: Record<string, { dev?: boolean; link?: boolean }> };
	const sizes = Object.entries(lock.packages)
		.filter(([, { link }]) => !link)
		.map(([path, { dev }]) => ({ dev, bytes: ownSize(join(root, path)) }));
	const sum = (of: typeof sizes) =>
		Math.round(of.reduce((total, { bytes }) => total + bytes, 0) / 1e6);
	return { all: sum(sizes), withoutDev: sum(sizes.filter(({ dev }) => !dev)) };
}

/** Without the packages inside it, which are counted on their own. */
function ownSize(folder: string): number {
	let bytes = 0;
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory() && entry.name !== "node_modules")
			bytes += ownSize(path);
		if (entry.isFile()) bytes += statSync(path).size;
	}
	return bytes;
}
