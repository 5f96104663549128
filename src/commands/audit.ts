import type { Writable } from "node:stream";
import { exportLog } from "../audit/export.ts";
import { type Note, verifyChain } from "../audit/verify.ts";
import { AuditFilter } from "../features/audit/schema.ts";
import type { Database } from "../platform/postgres/database.ts";
import { showProgress, withStorage } from "./with-storage.ts";

/** The command line's arguments after `audit`. */
export interface AuditCommand {
	action: "verify" | "export";
	/** For `verify`: the hash from an earlier run. */
	head?: string;
	seq?: string;
	/** For `export`: start and end. */
	since?: string;
	until?: string;
}

/**
 * Runs the command `audit`.
 *
 * @param options its options, and in `words` the remaining arguments
 */
export async function run({
	words: [action],
	...options
}: Omit<AuditCommand, "action"> & { words: string[] }): Promise<void> {
	const command = { ...options, action: action as AuditCommand["action"] };
	await withStorage({ logTo: 2, mustExist: true }, async ({ db }) => {
		await runAuditCommand(db, command, process.stdout, showProgress);
	});
}

/**
 * Verifies or exports the audit log.
 *
 * @param output receives the answer
 * @param onProgress is called as verification advances
 * @throws Error with a message when the log is broken or an argument is missing
 */
export async function runAuditCommand(
	db: Database,
	{ action, ...options }: AuditCommand,
	output: Writable,
	onProgress: (done: number, total: number) => void,
): Promise<void> {
	switch (action) {
		case "verify":
			refuseOthers(options, ["head", "seq"]);
			output.write(await verify(db, readNote(options), onProgress));
			break;
		case "export":
			refuseOthers(options, ["since", "until"]);
			await exportLog(db, output, readRange(options));
			break;
	}
}

async function verify(
	db: Database,
	note: Note | undefined,
	onProgress: (done: number, total: number) => void,
): Promise<string> {
	const { broken, seq, hash } = await verifyChain(db, { note, onProgress });
	if (broken) {
		throw new Error(
			`THE AUDIT LOG IS BROKEN AT ROW ${broken.seq}: ${broken.what}.\nUp to row ${seq} the chain is unbroken.`,
		);
	}
	return `The audit log is intact: ${seq} ${seq === 1 ? "row" : "rows"}, all unchanged.\nTo prove later that nothing up to here was rewritten, note: --seq ${seq} --head ${hash}\n`;
}

function refuseOthers(options: object, fitting: string[]): void {
	const other = Object.keys(options).find((one) => !fitting.includes(one));
	if (other) throw new Error(`This action does not accept --${other}.`);
}

function readNote({
	head,
	seq,
}: Pick<AuditCommand, "head" | "seq">): Note | undefined {
	if (head === undefined) {
		if (seq !== undefined) throw new Error("--seq requires --head.");
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

function readRange(given: Pick<AuditCommand, "since" | "until">) {
	const range = AuditFilter.pick({ since: true, until: true });
	const { data, error } = range.safeParse(given);
	if (data) return data;
	const [issue] = error.issues;
	throw new Error(`--${issue?.path.join(".")}: ${issue?.message}`);
}
