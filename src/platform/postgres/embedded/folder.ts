import { spawnSync } from "node:child_process";
import {
	accessSync,
	chmodSync,
	chownSync,
	constants,
	mkdirSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmdirSync,
	statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Account, surroundings } from "./binaries.ts";

/** A folder for the private PostgreSQL, and the user who runs it there. */
export interface DataFolder {
	/** Absolute, without symbolic links. */
	readonly dataDir: string;
	/** Absent for the service's own user. */
	readonly account: Account | undefined;
}

/**
 * Makes sure that DATA_DIR exists and that the user who will run PostgreSQL can reach it.
 *
 * Only a new or empty folder is made private; in any other the operator's modes stay, and our own
 * files in it are private by themselves.
 *
 * @param dataDir the requested folder
 * @param fallbackDir used instead when PostgreSQL's user cannot reach `dataDir`; absent when the
 * operator insists on `dataDir`
 * @throws Error with a sentence that names DATA_DIR and says what to do
 */
export function prepareFolder(
	dataDir: string,
	fallbackDir?: string,
): DataFolder {
	const { path, created } = makeFolder(resolve(dataDir));
	const account = process.getuid?.() === 0 ? chooseAccount(path) : undefined;
	if (!account || canEnter(dirname(path), account))
		takeOverIfEmpty(path, account);
	if (account && !canEnter(path, account)) {
		if (created) rmdirSync(path);
		if (fallbackDir) return prepareFolder(fallbackDir);
		throw new Error(
			`DATA_DIR ${path} cannot be reached by the user who runs PostgreSQL (uid ${account.uid}; PostgreSQL refuses to run as root). Let that user enter every folder above it, or set DATA_DIR to another folder.`,
		);
	}
	return { dataDir: path, account };
}

function makeFolder(wanted: string) {
	try {
		const created = mkdirSync(wanted, { recursive: true });
		const path = realpathSync(wanted);
		accessSync(path, constants.W_OK | constants.X_OK);
		return { path, created };
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException;
		const problem =
			code === "EEXIST" || code === "ENOTDIR"
				? "is, or is below, a file and not a folder"
				: `cannot be created or written (${message})`;
		throw new Error(
			`DATA_DIR ${wanted} ${problem}. Set DATA_DIR to a folder that the service may write, or DATABASE_URL to a PostgreSQL server.`,
			{ cause },
		);
	}
}

// The owner of existing data runs PostgreSQL: it serves them to nobody else.
function chooseAccount(path: string): Account {
	const owner = statSync(join(path, "postgres"), { throwIfNoEntry: false });
	if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
	const users = readFileSync("/etc/passwd", "utf8")
		.split("\n")
		.map((line) => line.split(":"));
	for (const name of ["postgres", "nobody"]) {
		const [, , uid, gid] = users.find((user) => user[0] === name) ?? [];
		if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
	}
	throw new Error(
		"PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it. Start the service as another user, or set DATABASE_URL to a PostgreSQL server.",
	);
}

function takeOverIfEmpty(path: string, account: Account | undefined) {
	const { mode, uid } = statSync(path);
	const isShared = (mode & 0o1000) !== 0;
	if (isShared || readdirSync(path).length > 0) return;
	if (account) chownSync(path, account.uid, account.gid);
	if (account || uid === process.getuid?.()) chmodSync(path, 0o700);
}

function canEnter(path: string, account: Account) {
	const enter = ["-c", 'cd "$1"', "sh", path];
	return (
		spawnSync("/bin/sh", enter, { ...account, ...surroundings }).status === 0
	);
}
