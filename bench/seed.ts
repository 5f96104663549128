/**
 * Fills a database with reports: `npm run bench:seed -- --reports 1000000`.
 * Into DATABASE_URL, or the service's own database in DATA_DIR.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { openDatabase } from "../src/platform/postgres/database.ts";
import { startEmbedded } from "../src/platform/postgres/embedded.ts";
import { migrateDatabase } from "../src/platform/postgres/migrations.ts";
import { showProgress } from "./progress.ts";
import { sampleReports } from "./samples.ts";

/** Columns as `COPY` gets them; the database generates the others. */
const columns = [
	"server_name",
	"repository_url",
	"repository_key",
	"canonical_key",
	"revision",
	"developer_email",
	"report_data",
	"content_sha256",
	"status",
	"submitted_at",
	"reviewed_at",
	"reviewed_by",
	"decision_count",
	"assessment",
] as const;

type Row = Record<(typeof columns)[number], string | number | null>;

/** What a seeded database shall hold. */
export interface SeedOptions {
	reports: number;
	/** Bytes of each report's Markdown. */
	size: number;
	onProgress?: (done: number, total: number) => void;
}

/**
 * Adds reports as a platform team has them after three years: the newest 2 %
 * pending, or a hundred to fill a page; of the others three in four approved; one repository in six with up
 * to four rejected revisions before its present one; some assessed as risky or
 * incomplete, one in a hundred not assessed. The same numbers every time, but
 * for the ids.
 *
 * @param url a migrated database without reports
 */
export async function seedReports(
	url: string,
	options: SeedOptions,
): Promise<void> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		// Portions, so that a broken run leaves whole ones and memory stays flat.
		const rows = makeRows(options);
		for (let done = 0; done < options.reports; ) {
			const portion = take(rows, Math.min(50_000, options.reports - done));
			const copy = client.query(
				copyFrom(`COPY mcp_server_reports (${columns.join(", ")}) FROM STDIN`),
			);
			await pipeline(
				Readable.from(inChunks(portion), { objectMode: true }),
				async function* (chunks) {
					for await (const { text, count } of chunks) {
						yield text;
						done += count;
						options.onProgress?.(done, options.reports);
					}
				},
				copy,
			);
		}
		await client.query(`
			INSERT INTO report_decisions (report_id, from_status, to_status, decided_by, decided_at)
			SELECT id, 'pending_review', status, reviewed_by, reviewed_at
			FROM mcp_server_reports WHERE status <> 'pending_review' ORDER BY reviewed_at`);
		await client.query("VACUUM ANALYZE");
	} finally {
		await client.end();
	}
}

const THREE_YEARS = 3 * 365 * 24 * 60 * 60 * 1000;

function* makeRows({ reports, size }: SeedOptions): Generator<Row> {
	const samples = sampleReports(size);
	const random = randomNumbers();
	const start = Date.now() - THREE_YEARS;
	const pendingFrom = Math.min(reports * 0.98, reports - 100);
	let repository = 0;
	let revision = 0;
	let revisions = 0;
	for (let index = 0; index < reports; index += 1) {
		if (revision >= revisions) {
			repository += 1;
			revision = 0;
			revisions = random() < 1 / 6 ? 2 + Math.floor(random() * 4) : 1;
		}
		revision += 1;
		// Every sample with a text of its own, so that none compresses to nothing.
		const sample = samples[Math.floor(random() * samples.length)];
		if (!sample) continue;
		const report_data = `${sample.markdown.slice(0, -12)}${String(index).padStart(11, "0")}\n`;
		const status =
			revision < revisions
				? "rejected"
				: index > pendingFrom
					? "pending_review"
					: random() < 0.75
						? "approved"
						: "rejected";
		// Sometimes several in one second, as from a script.
		const submitted = Math.floor(start + (THREE_YEARS * index) / reports);
		const isDecided = status !== "pending_review";
		yield {
			server_name: `mcp-${repository % 7 === 0 ? "servicenow" : "service"}-${repository}`,
			repository_url: `https://github.com/example/mcp-${repository}`,
			repository_key: `github.com/example/mcp-${repository}`,
			canonical_key: `github.com/example/mcp-${repository}`,
			revision,
			developer_email: `developer-${Math.floor(random() * (20 + reports / 200))}@example.com`,
			report_data,
			content_sha256: createHash("sha256").update(report_data).digest("hex"),
			status,
			submitted_at: new Date(submitted).toISOString(),
			reviewed_at: isDecided
				? new Date(
						Math.min(Date.now(), submitted + random() * 6e8),
					).toISOString()
				: null,
			decision_count: isDecided ? 1 : 0,
			reviewed_by: isDecided
				? `reviewer-${Math.floor(random() * 8)}@example.com`
				: null,
			assessment: random() < 0.01 ? null : sample.assessment,
		};
	}
}

/** The next rows. Unlike `Iterator.take` it leaves the rest to be taken later. */
function* take(rows: Iterator<Row>, count: number): Generator<Row> {
	for (let taken = 0; taken < count; taken += 1) {
		const { value, done } = rows.next();
		if (done) return;
		yield value;
	}
}

/** Rows in COPY's text format, some at a time. */
function* inChunks(rows: Iterable<Row>) {
	let text = "";
	let count = 0;
	for (const row of rows) {
		text += `${columns.map((column) => copyField(row[column])).join("\t")}\n`;
		count += 1;
		if (text.length > 256 * 1024) {
			yield { text, count };
			text = "";
			count = 0;
		}
	}
	if (count > 0) yield { text, count };
}

const escapes: Record<string, string> = {
	"\\": "\\\\",
	"\t": "\\t",
	"\n": "\\n",
	"\r": "\\r",
};

function copyField(value: string | number | null): string {
	if (value === null) return "\\N";
	return String(value).replaceAll(
		/[\\\t\n\r]/g,
		(found) => escapes[found] ?? "",
	);
}

/** Mulberry32: evenly spread numbers from 0 to 1, the same in every run. */
function randomNumbers(): () => number {
	let state = 20_251_020;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	};
}

if (import.meta.main) {
	const { values } = parseArgs({
		options: {
			reports: { type: "string", default: "20000" },
			size: { type: "string", default: "8192" },
		},
	});
	const embedded = process.env.DATABASE_URL
		? undefined
		: await startEmbedded({
				dataDir: process.env.DATA_DIR ?? "./data",
				isExplicit: process.env.DATA_DIR !== undefined,
			});
	const url = process.env.DATABASE_URL ?? embedded?.url ?? "";
	try {
		const db = openDatabase(url, { poolSize: 1, isPatient: true });
		await migrateDatabase(db);
		await db.destroy();
		await seedReports(url, {
			reports: Number(values.reports),
			size: Number(values.size),
			onProgress: showProgress,
		});
	} finally {
		await embedded?.stop();
	}
}
