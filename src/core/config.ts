import { isIP } from "node:net";
import { z } from "zod";
import { readForgeAliases } from "./forge-aliases.ts";
import {
	hasPlaceholderPassword,
	isLoopback,
	isPlaceholder,
	readSecretFiles,
} from "./secrets.ts";

/** The service's settings, read once from the environment. */
export type Config = z.infer<typeof schema>;

const port = z.coerce
	.number("must be a port number")
	.int("must be a whole number")
	.min(0, "must be a port number from 0 to 65535")
	.max(65535, "must be a port number from 0 to 65535");

const wholeNumber = z.coerce
	.number("must be a number")
	.int("must be a whole number");
const reviewers = wholeNumber
	.min(1, "must be at least 1")
	.max(10, "must be at most 10");
/** A list of values, separated by spaces or commas. */
const list = z
	.string()
	.transform((text) => text.split(/[\s,]+/).filter((value) => value !== ""));

const schema = z
	.object({
		/** Whether to refuse reports in which the assessment finds errors, instead of only advising. */
		REQUIRE_COMPLETE_REPORT: z
			.enum(["true", "false"], "must be true or false")
			.default("false")
			.transform((value) => value === "true"),
		/** TCP port; 0 picks a free one. */
		PORT: port.default(8080),
		HOST: z
			.string()
			.default("127.0.0.1")
			// Without the brackets that a URL puts around an IPv6 address.
			.transform((host) => host.replace(/^\[(.*)\]$/, "$1")),
		/** PostgreSQL 16 or later. If absent, the service runs a private one in `DATA_DIR`. */
		DATABASE_URL: z
			.string()
			.regex(
				/^postgres(ql)?:\/\//,
				"must start with postgresql://, as in postgresql://user:password@host:5432/database",
			)
			.refine(
				isUrl,
				"is not a valid URL. Percent-encode characters such as @ : / # % in its user and password",
			)
			.refine(
				(url) => !isUrl(url) || !hasPlaceholderPassword(url),
				"has a placeholder as its password. Set a password of your own for that role",
			)
			.optional(),
		DATA_DIR: z.string().optional(),
		/** Maximum number of connections that one process opens. */
		DATABASE_POOL_SIZE: wholeNumber
			.min(2, "must be at least 2")
			.max(1000, "must be at most 1000")
			.default(10),
		LOG_LEVEL: z
			.enum(
				["fatal", "error", "warn", "info", "debug", "trace", "silent"],
				"must be one of fatal, error, warn, info, debug, trace, silent",
			)
			.default("info"),
		/** The address that people and clients use, if it is not `http://HOST:PORT`. */
		PUBLIC_URL: z
			.url({
				protocol: /^https?$/,
				error:
					"must be an http or https URL, as in https://go-live.example.com",
			})
			.transform((url) => url.replace(/\/+$/, ""))
			.refine(
				isOrigin,
				"must be a scheme and host, with a port if needed, as in https://go-live.example.com: the pages must be at its root",
			)
			.optional(),
		/** Host names that requests may be addressed to, besides this machine's own; `*` allows all. */
		ALLOWED_HOSTS: list
			.refine(
				(hosts) => hosts.every(isHostName),
				"must list host names without scheme, port or *, as in go-live.example.com; * alone allows all",
			)
			.default([]),
		/**
		 * Origins of other sites whose scripts may use the API, such as `https://portal.example.com`.
		 */
		CORS_ORIGINS: list
			.refine(
				(origins) => origins.every(isOrigin),
				"must list whole origins, as in https://portal.example.com: scheme and host, no path, no *",
			)
			.default([]),
		/**
		 * The proxies that are trusted to report a client's address, host and scheme. Not a number of
		 * hops: a client that bypasses the proxy could claim anything.
		 */
		TRUST_PROXY: list
			.refine(
				(proxies) => proxies.every(isAddressOrRange),
				"must list the addresses of the proxies, as in 10.0.0.0/8,192.0.2.7; loopback and uniquelocal stand for this machine's and all private addresses. Ranges that include everybody, as in 0.0.0.0/0, are refused: a client could claim any address",
			)
			.default([]),
		/** Requests per minute and façade for one identity or address; 0: no limit. */
		RATE_LIMIT: wholeNumber.min(0, "must be at least 0").default(1200),
		/** Whether requests are counted in the database, together with all other instances. */
		RATE_LIMIT_SHARED: z
			.enum(["true", "false"], "must be true or false")
			.default("false")
			.transform((value) => value === "true"),
		/** Maximum number of open connections; more are closed without an answer. */
		MAX_CONNECTIONS: wholeNumber
			.min(1, "must be at least 1")
			.max(1_000_000, "must be at most 1000000")
			.default(1000),
		/** Maximum number of open connections per address, except for proxies in TRUST_PROXY. */
		MAX_CONNECTIONS_PER_ADDRESS: wholeNumber
			.min(1, "must be at least 1")
			.max(1_000_000, "must be at most 1000000")
			.default(64),
		/**
		 * Who may do what: `none` lets everybody do everything, `oidc` relies on the organisation's
		 * identity provider.
		 */
		AUTH: z.enum(["none", "oidc"], "must be none or oidc").optional(),
		/** Identity providers whose access tokens are accepted; the pages sign in with the first. */
		OIDC_ISSUER: list
			.default([])
			.refine((issuers) => issuers.every(isSafeUrl), {
				error:
					"must be the https URL of the identity provider's issuer, or several, separated by spaces",
			}),
		/** Audiences that an access token may have, besides `PUBLIC_URL/mcp`. */
		OIDC_AUDIENCE: list.default([]),
		/** The pages' client registration at the identity provider. */
		OIDC_CLIENT_ID: z.string().optional(),
		OIDC_CLIENT_SECRET: z
			.string()
			.refine(
				(secret) => !isPlaceholder(secret),
				"is a placeholder. Set the client secret from the identity provider",
			)
			.optional(),
		/** The claim that lists a person's roles; dots lead into nested claims. */
		OIDC_ROLES_CLAIM: z.string().default("roles"),
		/** The claim that holds a person's e-mail address. */
		OIDC_EMAIL_CLAIM: z.string().default("email"),
		/**
		 * Whether an address is accepted if the provider does not say that it is verified. An address
		 * that the provider calls unverified is never accepted.
		 */
		OIDC_EMAIL_VERIFIED: z
			.enum(["required", "trusted"], "must be required or trusted")
			.default("required"),
		/**
		 * Whether `kari+mcp@example.com` counts as `kari@example.com` where one person must not count
		 * as two.
		 */
		PLUS_ADDRESSES: z
			.enum(["same", "different"], "must be same or different")
			.default("same"),
		/**
		 * What a token without the roles claim means: `known` roles stay as they are, or the person has
		 * `none`.
		 */
		OIDC_ROLES_ABSENT: z
			.enum(["known", "none"], "must be known or none")
			.default("known"),
		/** The scopes requested when somebody signs in. */
		OIDC_SCOPES: list.default(["openid", "profile", "email"]),
		/**
		 * What a token without any of the service's scopes may do: nothing (`refuse`), or all that the
		 * person's `roles` allow.
		 */
		OIDC_SCOPELESS: z
			.enum(["refuse", "roles"], "must be refuse or roles")
			.default("refuse"),
		/** The prefix of the service's scopes when clients request them from the provider. */
		OIDC_SCOPE_PREFIX: z
			.string()
			.regex(
				/^[!#-[\]-~]*$/,
				"must be the prefix of a scope, as in https://go-live.example.com/mcp/: no spaces, quotes or backslashes",
			)
			.default(""),
		/**
		 * Ids of clients at the provider whose tokens may approve without the person's confirmation in
		 * the browser.
		 */
		OIDC_APPROVING_CLIENTS: list.default([]),
		/**
		 * For `mcp` on standard input and output, where people sign in: the service's own access token
		 * that identifies the caller.
		 */
		ACCESS_TOKEN: z.string().optional(),
		/** Hours after which a session of the pages ends, even if it is in use. */
		SESSION_HOURS: wholeNumber
			.min(1, "must be at least 1")
			.max(168, "must be at most 168, which is a week")
			.default(8),
		/** Minutes without activity after which a session of the pages ends. */
		SESSION_IDLE_MINUTES: wholeNumber
			// The time of the last activity is stored to the minute.
			.min(5, "must be at least 5")
			.max(10_080, "must be at most 10080, which is a week")
			.default(60),
		/**
		 * Days without signing in after which a person's own access tokens sleep until they
		 * sign in again.
		 */
		TOKEN_OWNER_DAYS: wholeNumber
			.min(1, "must be at least 1")
			.max(366, "must be at most 366, the maximum lifetime of an access token")
			.default(90),
		/**
		 * Reviewers who must approve a report with a critical failure or the complete lethal trifecta.
		 */
		APPROVAL_QUORUM: reviewers.default(2),
		/**
		 * The same for a report where this is unknown: critical checks are unanswered, the trifecta is
		 * unclear, or nothing could be assessed. If absent, as many as `APPROVAL_QUORUM`, since unknown
		 * is not safe.
		 */
		APPROVAL_QUORUM_UNKNOWN: reviewers.optional(),
		/**
		 * Pairs of host names of one forge, as in `git.corp.no=gitlab.corp.no`: the first is treated as
		 * the second.
		 */
		FORGE_ALIASES: list
			.transform((pairs, context) => {
				const aliases = readForgeAliases(pairs);
				if (aliases) return aliases;
				context.addIssue({
					code: "custom",
					message:
						"must list pairs of host names of one forge, as in git.corp.no=gitlab.corp.no: without scheme and path, each name with one meaning, without circles, and without a public forge on the left",
				});
				return z.NEVER;
			})
			.default(new Map()),
		/**
		 * Whether to record who reads full reports and the audit log. If absent, only where people sign
		 * in: elsewhere the reader is unknown.
		 */
		AUDIT_READS: z
			.enum(["true", "false"], "must be true or false")
			.transform((value) => value === "true")
			.optional(),
		/** Days for which the audit log shows the network address of a request. */
		AUDIT_ADDRESS_DAYS: wholeNumber
			.min(1, "must be at least 1")
			.max(3650, "must be at most 3650, which is ten years")
			.default(90),
	})
	.superRefine((config, context) => {
		if (config.AUDIT_READS && config.AUTH !== "oidc") {
			context.addIssue({
				code: "custom",
				path: ["AUDIT_READS"],
				message:
					"must not be true without AUTH=oidc: where nobody signs in, the reader is unknown",
			});
		}
		// A misspelled AUTH must not open the gate: it would count as absent.
		const forSignIn = ofSignIn.find((name) => isSet(config[name]));
		if (config.AUTH !== "oidc" && forSignIn) {
			context.addIssue({
				code: "custom",
				path: ["AUTH"],
				message: `must be oidc where ${forSignIn} is set. To let everybody submit and approve, remove that setting`,
			});
		} else if (config.AUTH === undefined) {
			const [path, what] = reachable(config) ?? [];
			if (!path) return;
			context.addIssue({
				code: "custom",
				path: [path],
				message: `${what}, and there is no authentication: everybody who reaches it may submit and approve. Set AUTH=oidc to require signing in, or AUTH=none if this is intended`,
			});
		}
	})
	.superRefine((config, context) => {
		if (config.AUTH !== "oidc") return;
		for (const name of needed) {
			if (!isSet(config[name])) {
				context.addIssue({
					code: "custom",
					path: [name],
					message: "is required with AUTH=oidc",
				});
			}
		}
		if (config.PUBLIC_URL && !isSafeUrl(config.PUBLIC_URL)) {
			context.addIssue({
				code: "custom",
				path: ["PUBLIC_URL"],
				message:
					"must be an https URL with AUTH=oidc, or tokens would be sent unencrypted",
			});
		}
	});

/** Settings that have a meaning only where people sign in. */
const ofSignIn = [
	"OIDC_ISSUER",
	"OIDC_AUDIENCE",
	"OIDC_CLIENT_ID",
	"OIDC_CLIENT_SECRET",
	"OIDC_APPROVING_CLIENTS",
] as const;

function isSet(value: string | string[] | undefined): boolean {
	return value !== undefined && value.length > 0;
}

/**
 * Returns the setting that makes the service reachable from other machines, and the words for it.
 */
function reachable({
	HOST,
	PUBLIC_URL,
	TRUST_PROXY,
}: {
	HOST: string;
	PUBLIC_URL?: string | undefined;
	TRUST_PROXY: string[];
}): [name: string, words: string] | undefined {
	if (!isLoopback(HOST)) return ["HOST", "is not a loopback address"];
	const publicHost = URL.parse(PUBLIC_URL ?? "")?.hostname;
	if (publicHost !== undefined && !isLoopback(publicHost)) {
		return ["PUBLIC_URL", "is reachable from other machines"];
	}
	if (TRUST_PROXY.length > 0) return ["TRUST_PROXY", "names a proxy"];
	return undefined;
}

/** Settings that signing in requires. */
const needed = [
	"OIDC_ISSUER",
	"OIDC_AUDIENCE",
	"OIDC_CLIENT_ID",
	"PUBLIC_URL",
] as const;

/**
 * Parses the environment. A blank variable counts as absent, and a secret may be stored in the file
 * that NAME_FILE names.
 *
 * @throws Error with one sentence per invalid variable, naming it
 */
export function parseConfig(
	environment: NodeJS.ProcessEnv = process.env,
): Config {
	const { settings, problems } = readSecretFiles(
		Object.fromEntries(
			Object.entries(environment).filter(([, value]) => value?.trim() !== ""),
		),
	);
	const result = schema.safeParse(settings);
	if (result.success && problems.length === 0) return result.data;
	const issues = result.error?.issues ?? [];
	throw new Error(
		[
			...problems,
			...issues.map(({ path, message }) => `${path.join(".")} ${message}.`),
		].join("\n"),
	);
}

/** Returns whether reads are recorded. */
export function recordsReads({
	AUTH,
	AUDIT_READS = true,
}: Pick<Config, "AUTH" | "AUDIT_READS">): boolean {
	return AUTH === "oidc" && AUDIT_READS;
}

function isUrl(text: string): boolean {
	try {
		const { username, password } = new URL(text);
		decodeURIComponent(username + password);
		return true;
	} catch {
		return false;
	}
}

function isOrigin(text: string): boolean {
	const url = URL.parse(text);
	return /^https?:\/\/[^*]+$/.test(text) && url?.origin === text;
}

function isHostName(text: string): boolean {
	return /^(\*|[\w.-]+|\[[\da-f:.]+\])$/i.test(text);
}

function isAddressOrRange(text: string): boolean {
	if (/^(loopback|linklocal|uniquelocal)$/.test(text)) return true;
	const [address = "", bits = "1", ...rest] = text.split("/");
	const version = isIP(address);
	return (
		version !== 0 &&
		rest.length === 0 &&
		/^\d{1,3}$/.test(bits) &&
		Number(bits) > 0 &&
		Number(bits) <= (version === 4 ? 32 : 128)
	);
}

/** Returns whether traffic to the URL stays private: https, or this machine. */
function isSafeUrl(text: string): boolean {
	const url = URL.parse(text);
	return (
		url !== null &&
		(url.protocol === "https:" ||
			(url.protocol === "http:" && isLoopback(url.hostname)))
	);
}
