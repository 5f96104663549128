import { readFileSync } from "node:fs";

/**
 * The settings that hold a secret. Each may be given as NAME_FILE instead: the path of a file that
 * contains it, as container platforms mount them.
 */
const secretSettings = [
	"DATABASE_URL",
	"OIDC_CLIENT_SECRET",
	"ACCESS_TOKEN",
] as const;

/**
 * Replaces each NAME_FILE by NAME with the content of the file.
 *
 * @returns the settings with their secrets, and one sentence per file that cannot be used; no
 * sentence contains a path or a secret, since people mix up the two
 */
export function readSecretFiles(given: NodeJS.ProcessEnv): {
	settings: NodeJS.ProcessEnv;
	problems: string[];
} {
	const settings = { ...given };
	const problems: string[] = [];
	for (const name of secretSettings) {
		const path = given[`${name}_FILE`];
		if (path === undefined) continue;
		if (given[name] !== undefined) {
			problems.push(
				`${name} and ${name}_FILE are both set: keep only the intended one.`,
			);
			continue;
		}
		try {
			settings[name] = readSecret(path);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			problems.push(
				`${name}_FILE names a file that cannot be used (${code ?? "it is empty"}).`,
			);
			// Otherwise the service would start without it, with different settings.
			delete settings[name];
		}
	}
	return { settings, problems };
}

const placeholder =
	/^(change[-_ ]?(me|it|this)|replace[-_ ]?(me|this)?|pass(word|wd|phrase)?|secret|example|sample|placeholder|default|todo|none|null|undefined|go-live-local|x{3,}|\*{3,}|\.{3,}|<.*>|\{\{.*\}\}|\$\{?\w*(pass|secret|token|key)\w*\}?|(your|my)[-_ ].*)\d{0,4}!?$/i;

/** Returns whether a secret is only a placeholder, or publicly known. */
export function isPlaceholder(secret: string): boolean {
	return placeholder.test(secret.trim());
}

/**
 * Returns whether a database URL has a placeholder for its password and leads to another machine:
 * on this machine, whoever connects already has access.
 */
export function hasPlaceholderPassword(url: string): boolean {
	const { hostname, password, searchParams } = new URL(url);
	const host = searchParams.get("host") ?? hostname;
	const secret = searchParams.get("password") ?? decodeURIComponent(password);
	return secret !== "" && !isLocal(host) && isPlaceholder(secret);
}

/** Returns whether a host to listen on or connect to is this machine itself. */
export function isLoopback(host: string): boolean {
	return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}

/** Returns whether a host is this machine, or the folder of a Unix socket. */
function isLocal(host: string): boolean {
	return host === "" || host.startsWith("/") || isLoopback(host);
}

/** Reads a secret without the line break that editors and `echo` add. */
function readSecret(path: string): string {
	const secret = readFileSync(path, "utf8").replace(/\r?\n$/, "");
	if (secret.trim() === "") throw new Error("empty");
	return secret;
}
