import { z } from "zod";

/** The service's settings, read once from the environment. */
export type Config = z.infer<typeof schema>;

const port = z.coerce
	.number("must be a port number")
	.int("must be a whole number")
	.min(0, "must be a port number from 0 to 65535")
	.max(65535, "must be a port number from 0 to 65535");

const schema = z
	.object({
		/** Refuse reports in which the assessment finds errors, instead of advising. */
		REQUIRE_COMPLETE_REPORT: z
			.enum(["true", "false"], "must be true or false")
			.default("false")
			.transform((value) => value === "true"),
		/** TCP port; 0 takes a free one. */
		PORT: port.default(8080),
		HOST: z.string().default("127.0.0.1"),
		/** PostgreSQL 16 or later. Absent: the service runs a private one in `DATA_DIR`. */
		DATABASE_URL: z
			.string()
			.regex(
				/^postgres(ql)?:\/\//,
				"must start with postgresql://, as in postgresql://user:password@host:5432/database",
			)
			.refine(
				isUrl,
				"is not a valid URL. In its user and password, characters such as @ : / # % stand percent-encoded",
			)
			.optional(),
		DATA_DIR: z.string().optional(),
		/** Connections that one process opens at the most. */
		DATABASE_POOL_SIZE: z.coerce
			.number("must be a number")
			.int("must be a whole number")
			.min(2, "must be at least 2")
			.max(1000, "must be at most 1000")
			.default(10),
		LOG_LEVEL: z
			.enum(
				["fatal", "error", "warn", "info", "debug", "trace", "silent"],
				"must be one of fatal, error, warn, info, debug, trace, silent",
			)
			.default("info"),
		/** The address that people and clients use, when it is not `http://HOST:PORT`. */
		PUBLIC_URL: z
			.url({
				protocol: /^https?$/,
				error:
					"must be an http or https URL, as in https://go-live.example.com",
			})
			.transform((url) => url.replace(/\/+$/, ""))
			.optional(),
		/** Host names that requests may be addressed to, beside this machine's own; `*` allows all. */
		ALLOWED_HOSTS: z
			.string()
			.transform((list) => list.split(/[\s,]+/).filter((name) => name !== ""))
			.default([]),
		AUTH: z
			.enum(
				["none"],
				'knows only "none" so far: there is no authentication yet',
			)
			.optional(),
	})
	.refine(({ HOST, AUTH }) => isLoopback(HOST) || AUTH === "none", {
		path: ["HOST"],
		message:
			"is not a loopback address, and there is no authentication yet: everybody who reaches it may submit and approve. Set AUTH=none to say that this is meant",
	});

/**
 * Parses the environment. A blank variable counts as absent.
 *
 * @throws Error with one sentence per bad variable, naming it
 */
export function parseConfig(environment: NodeJS.ProcessEnv): Config {
	const given = Object.fromEntries(
		Object.entries(environment).filter(([, value]) => value?.trim() !== ""),
	);
	const result = schema.safeParse(given);
	if (result.success) return result.data;
	throw new Error(
		result.error.issues
			.map(({ path, message }) => `${path.join(".")} ${message}.`)
			.join("\n"),
	);
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

function isLoopback(host: string): boolean {
	return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
