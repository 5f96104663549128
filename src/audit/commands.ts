import type { Database } from "../database.ts";
import { exportLog } from "./export.ts";
import { AuditFilter } from "./schema.ts";
import { type Verification, verifyChain } from "./verify.ts";

/** The options of `mcp-go-live audit`, as they were typed. */
export interface AuditOptions {
	head?: string | undefined;
	seq?: string | undefined;
	since?: string | undefined;
	until?: string | undefined;
}

/** What can be done with the audit log, and which options each takes. */
export const auditCommands = {
	verify: { run: verify, options: ["head", "seq"] },
	export: { run: exportTo, options: ["since", "until"] },
} as const;

/** Says in two lines whether the log is whole; ends with 1 when it is not. */
async function verify(
	db: Database,
	{ head, seq }: AuditOptions,
	onProgress: (done: number, total: number) => void,
): Promise<void> {
	const note = readNote(head, seq);
	const found = await verifyChain(db, { note, onProgress });
	if (found.broken) {
		process.stderr.write(describeBreak(found, found.broken));
		process.exitCode = 1;
		return;
	}
	process.stdout.write(
		`The audit log is whole: ${found.seq} ${found.seq === 1 ? "row" : "rows"}, each as it was recorded.\nTo prove later that nothing up to here was rewritten, note: --seq ${found.seq} --head ${found.hash}\n`,
	);
}

async function exportTo(
	db: Database,
	{ since, until }: AuditOptions,
): Promise<void> {
	const range = AuditFilter.pick({ since: true, until: true });
	const { data, error } = range.safeParse({ since, until });
	if (error) {
		const [issue] = error.issues;
		throw new Error(`--${issue?.path.join(".")}: ${issue?.message}`);
	}
	await exportLog(db, process.stdout, data);
}

function readNote(head: string | undefined, seq: string | undefined) {
	if (head === undefined) {
		if (seq !== undefined) throw new Error("--seq needs --head beside it.");
		return undefined;
	}
	if (!/^[0-9a-f]{64}$/.test(head)) {
		throw new Error("--head must be a hash: 64 digits from 0 to f.");
	}
	if (seq === undefined) return { hash: head };
	if (!/^\d{1,15}$/.test(seq)) {
		throw new Error("--seq must be a row's number.");
	}
	return { hash: head, seq: Number(seq) };
}

function describeBreak(
	{ seq }: Verification,
	broken: NonNullable<Verification["broken"]>,
): string {
	return `THE AUDIT LOG IS BROKEN AT ROW ${broken.seq}: ${broken.what}.\nUp to row ${seq} the chain is unbroken.\n`;
}
