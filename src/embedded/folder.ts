import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
	accessSync,
	chmodSync,
	chownSync,
	closeSync,
	constants,
	existsSync,
	fsyncSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	realpathSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Account } from "./binaries.ts";

/** A folder that the private PostgreSQL can live in, and who runs it there. */
export interface DataFolder {
	/** Absolute, without symbolic links. */
	readonly dataDir: string;
	/** Absent: the service's own user. */
	readonly account: Account | undefined;
}

/** The data directory of PostgreSQL inside DATA_DIR. */
export const clusterIn = (dataDir: string) => join(dataDir, "postgres", "data");

/** The superuser's name inside the private PostgreSQL. */
export const databaseUser = "go_live";

/**
 * Makes sure that DATA_DIR exists and that the user who will run PostgreSQL can reach it.
 *
 * Only a folder that is new or empty is made private; in any other the operator's modes stay, and what is ours inside is private by itself.
 *
 * @param dataDir the folder wanted
 * @param fallbackDir taken instead when PostgreSQL's user cannot reach `dataDir`; absent when the operator insists on `dataDir`
 * @throws Error with a sentence that names DATA_DIR and says what to do
 */
export function prepareFolder(
	dataDir: string,
	fallbackDir?: string,
): DataFolder {
	const { path, created } = makeFolder(resolve(dataDir));
	const account = process.getuid?.() === 0 ? chooseAccount(path) : undefined;
	takeOverIfEmpty(path, account);
	if (account && !canEnter(path, account)) {
		if (created) rmSync(created, { recursive: true });
		if (fallbackDir) return prepareFolder(fallbackDir);
		throw new Error(
			`DATA_DIR ${path} cannot be reached by the user who runs PostgreSQL (uid ${account.uid}; PostgreSQL refuses to run as root). Let that user enter every folder above it, or set DATA_DIR to another folder.`,
		);
	}
	if (existsSync(join(path, "postgres"))) readPassword(path);
	return { dataDir: path, account };
}

/**
 * Creates the database files in DATA_DIR unless they are there: all or nothing, however the process ends and however many start at once.
 *
 * @param binaries the folder of `initdb`
 * @param isSafe false skips waiting for the disk (tests)
 * @throws Error with what `initdb` said
 */
export async function createCluster(
	{ dataDir, account }: DataFolder,
	binaries: string,
	isSafe: boolean,
): Promise<void> {
	removeLeftovers(dataDir);
	if (existsSync(join(clusterIn(dataDir), "PG_VERSION"))) return;
	const unfinished = mkdtempSync(join(dataDir, `postgres.new-${process.pid}-`));
	try {
		const passwordFile = join(unfinished, "password");
		const password = randomBytes(24).toString("base64url");
		writeFileSync(passwordFile, password, { mode: 0o600, flush: true });
		if (account)
			for (const path of [unfinished, passwordFile])
				chownSync(path, account.uid, account.gid);
		await promisify(execFile)(
			join(binaries, "initdb"),
			[
				`--pgdata=${join(unfinished, "data")}`,
				`--username=${databaseUser}`,
				`--pwfile=${passwordFile}`,
				"--auth=scram-sha-256",
				"--encoding=UTF8",
				"--locale=C",
				"--no-instructions",
				...(isSafe ? [] : ["--no-sync"]),
			],
			{ ...account, ...surroundings },
		);
		waitForDisk(unfinished);
		renameSync(unfinished, join(dataDir, "postgres"));
		waitForDisk(dataDir);
	} catch (cause) {
		rmSync(unfinished, { recursive: true, force: true });
		// Another start may have been faster: then its database serves.
		if (existsSync(join(clusterIn(dataDir), "PG_VERSION"))) return;
		const { message, stderr } = cause as Error & { stderr?: string };
		throw new Error(
			`PostgreSQL's files could not be created in DATA_DIR ${dataDir}: ${(stderr || message).trim()}. Remedy that, or set DATA_DIR to another folder.`,
			{ cause },
		);
	}
}

/** Reads the password that was made with the database files. */
export function readPassword(dataDir: string): string {
	try {
		return readFileSync(join(dataDir, "postgres", "password"), "utf8");
	} catch (cause) {
		throw new Error(
			`DATA_DIR ${dataDir} holds a folder "postgres" that this user cannot use (${(cause as Error).message}). Start as the user it belongs to, or set DATA_DIR to another folder.`,
			{ cause },
		);
	}
}

/**
 * Where and in which environment PostgreSQL's programs run: a folder that everyone can enter, and none of the service's own variables, because PG… would change the server's behaviour and the others are nobody else's business.
 */
export const surroundings = {
	cwd: "/",
	env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
};

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
				? "is, or lies below, a file and not a folder"
				: `cannot be created or written (${message})`;
		throw new Error(
			`DATA_DIR ${wanted} ${problem}. Set DATA_DIR to a folder that the service may write.`,
			{ cause },
		);
	}
}

// Existing data decide: PostgreSQL serves them only to the user who owns them.
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
	return spawnSync("/bin/sh", enter, { ...account, cwd: "/" }).status === 0;
}

// A first start that was interrupted leaves its unfinished files.
function removeLeftovers(dataDir: string) {
	for (const name of readdirSync(dataDir)) {
		const pid = Number(/^postgres\.new-(\d+)-/.exec(name)?.[1]);
		if (!pid || (pid !== process.pid && isAlive(pid))) continue;
		rmSync(join(dataDir, name), { recursive: true, force: true });
	}
}

function isAlive(pid: number) {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

function waitForDisk(folder: string) {
	const descriptor = openSync(folder, "r");
	fsyncSync(descriptor);
	closeSync(descriptor);
}
