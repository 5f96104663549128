import type { AuditEntry } from "../features/audit/schema.ts";
import type { Database } from "../platform/postgres/database.ts";
import { readAddressKey } from "./address-queries.ts";
import {
	findUncounted,
	type RecordedEntry,
	readEntries,
	readHead,
} from "./queries.ts";
import { hashAddress, hashEntry, NO_HASH } from "./rules.ts";

/** Rows read per query. */
const BATCH = 1000;

/** What an operator noted about the log earlier: the hash of a row, and its number if known. */
export interface Note {
	hash: string;
	seq?: number;
}

/** The result of verifying the chain. */
export interface Verification {
	/** The last valid row and its hash; 0 and zeros for an empty log. */
	seq: number;
	hash: string;
	/** The first fault: the row, and what is wrong with it. */
	broken?: { seq: number; what: string };
}

/**
 * Walks the whole chain, from the first row to the one that the head names, and recomputes every
 * hash. Rows appended in the meantime are left to the next run.
 *
 * @param options `note` must be part of the chain; `onProgress` is called after every batch
 */
export async function verifyChain(
	db: Database,
	options: {
		note?: Note | undefined;
		onProgress?(done: number, total: number): void;
	} = {},
): Promise<Verification> {
	const head = await readHead(db);
	let last = { seq: 0, hash: NO_HASH };
	const stop = (what: string, seq = last.seq + 1): Verification => ({
		...last,
		broken: { seq, what },
	});
	if (!head) {
		return stop("the head is missing: nobody can tell which row is the last");
	}
	const key = await readAddressKey(db);
	const { note } = options;
	let isNoteFound = !note || isNoted(note, last);
	while (last.seq < head.seq) {
		const to = Math.min(last.seq + BATCH, head.seq);
		for (const read of await readEntries(db, last.seq + 1, to)) {
			const { entry } = read;
			const fault = findFault(last, entry) ?? findFaultBeside(read, key);
			if (fault) return stop(fault, Math.min(entry.seq, last.seq + 1));
			last = { seq: entry.seq, hash: entry.hash };
			if (note && last.seq === note.seq && last.hash !== note.hash) {
				return stop(
					`its hash is ${last.hash}, not the one you noted: the log was rewritten up to here`,
					last.seq,
				);
			}
			isNoteFound ||= note !== undefined && isNoted(note, last);
		}
		if (last.seq < to) {
			return stop(`the row is missing; the head counts ${head.seq} rows`);
		}
		options.onProgress?.(last.seq, head.seq);
	}
	if (last.hash !== head.hash) {
		return stop(
			`the head names the hash ${head.hash}, but the last row has ${last.hash}`,
			last.seq,
		);
	}
	const uncounted = await findUncounted(db);
	if (uncounted !== undefined) {
		return stop("the head does not count this row", uncounted);
	}
	if (!isNoteFound) {
		return stop(
			note?.seq === undefined
				? `no row has the hash you noted: the row here was rewritten`
				: `the log ends before row ${note.seq}, which you noted`,
			last.seq,
		);
	}
	return last;
}

function isNoted(note: Note, { seq, hash }: Pick<AuditEntry, "seq" | "hash">) {
	return hash === note.hash && (note.seq === undefined || note.seq === seq);
}

/** Returns what is wrong with a row that should follow the last one. */
function findFault(
	last: Pick<AuditEntry, "seq" | "hash">,
	entry: AuditEntry,
): string | undefined {
	if (entry.seq > last.seq + 1) {
		return `the row is missing; after row ${last.seq} comes row ${entry.seq}`;
	}
	if (entry.seq <= last.seq)
		return "there is more than one row with this number";
	const isFollowing = entry.previous_hash === last.hash;
	if (hashEntry(entry) !== entry.hash) {
		return isFollowing
			? "its content was changed: it does not have the recorded hash"
			: "its content was changed, or it is another row: it neither has the recorded hash nor follows the previous row";
	}
	if (!isFollowing) {
		return `it does not follow row ${last.seq}: one of the two was replaced and given a new hash`;
	}
}

/** Returns what is wrong with the address stored beside a row, if there still is one. */
function findFaultBeside(
	{ entry, beside }: RecordedEntry,
	key: Buffer | undefined,
): string | undefined {
	const { address, address_hash } = entry;
	if (address_hash !== null && address !== null) {
		return "an address was added to it that is not part of the chain";
	}
	if (beside === null) return undefined;
	if (address_hash === null) {
		return "an address was stored beside it, though none was recorded";
	}
	if (!key) return "the key for hashing addresses is missing";
	return hashAddress(key, beside) === address_hash
		? undefined
		: "the address beside it was changed: it does not have the recorded hash";
}
