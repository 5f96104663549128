import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
	chmodSync,
	chownSync,
	closeSync,
	existsSync,
	fsyncSync,
	lstatSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { surroundings } from "./binaries.ts";
import type { DataFolder } from "./folder.ts";

/** The data directory of PostgreSQL inside DATA_DIR. */
export const clusterIn = (dataDir: string) => join(dataDir, "postgres", "data");

/** The superuser's name inside the private PostgreSQL. */
export const databaseUser = "go_live";

/** Returns whether DATA_DIR contains a cluster. */
export function hasCluster(dataDir: string): boolean {
	return existsSync(join(clusterIn(dataDir), "PG_VERSION"));
}

/**
 * Creates the database files in DATA_DIR unless they exist: all or nothing, however the process
 * ends and however many start at once.
 *
 * @param binaries the folder of `initdb`
 * @param isSafe false skips flushing to disk (tests)
 * @throws Error with what `initdb` said
 */
export async function createCluster(
	{ dataDir, account }: DataFolder,
	binaries: string,
	isSafe: boolean,
): Promise<void> {
	removeLeftovers(dataDir);
	if (existsSync(join(dataDir, "postgres"))) readPassword(dataDir);
	if (existsSync(join(clusterIn(dataDir), "PG_VERSION"))) {
		closeToOthers(dataDir);
		return;
	}
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
				// The builtin provider is the same on every machine, and knows all letters.
				"--locale-provider=builtin",
				"--builtin-locale=C.UTF-8",
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
		// A concurrent start may have been faster: its database is used.
		if (existsSync(join(clusterIn(dataDir), "PG_VERSION"))) return;
		const { message, stderr } = cause as Error & { stderr?: string };
		throw new Error(
			`PostgreSQL's files could not be created in DATA_DIR ${dataDir}: ${(stderr || message).trim()}. Fix that, or set DATA_DIR to another folder.`,
			{ cause },
		);
	}
}

/** Reads the password that was created with the database files. */
export function readPassword(dataDir: string): string {
	try {
		return readFileSync(join(dataDir, "postgres", "password"), "utf8");
	} catch (cause) {
		throw new Error(
			`DATA_DIR ${dataDir} contains a folder "postgres" that this user cannot use (${(cause as Error).message}). Start as the user it belongs to, or set DATA_DIR to another folder.`,
			{ cause },
		);
	}
}

/** Returns whether any process has this id. */
export function isAlive(pid: number) {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

// Where a volume is shared by group, as with Kubernetes' fsGroup, everything in it is opened to
// that group at each mount, and PostgreSQL refuses such a folder.
function closeToOthers(dataDir: string) {
	for (const folder of [join(dataDir, "postgres"), clusterIn(dataDir)]) {
		const { mode } = lstatSync(folder);
		// Does not follow links: root may do this in somebody else's folder.
		if ((mode & 0o170000) !== 0o040000 || (mode & 0o027) === 0) continue;
		try {
			chmodSync(folder, 0o700);
		} catch {
			// It belongs to another user: PostgreSQL will say what is wrong with it.
		}
	}
}

// Removes the unfinished files of an interrupted first start.
function removeLeftovers(dataDir: string) {
	for (const name of readdirSync(dataDir)) {
		const pid = Number(/^postgres\.new-(\d+)-/.exec(name)?.[1]);
		if (!pid || (pid !== process.pid && isAlive(pid))) continue;
		try {
			rmSync(join(dataDir, name), { recursive: true, force: true });
		} catch {
			// It belongs to another user, or is still being written: it does no harm.
		}
	}
}

function waitForDisk(folder: string) {
	const descriptor = openSync(folder, "r");
	fsyncSync(descriptor);
	closeSync(descriptor);
}
