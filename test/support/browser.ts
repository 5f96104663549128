import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
	type Browser,
	type BrowserContextOptions,
	type ConsoleMessage,
	chromium,
	type Page,
} from "playwright-core";
import { onTestFinished } from "vitest";

/** Where the unpacked browser is kept between runs; git-ignored, like all of node_modules. */
const cache = join(import.meta.dirname, "../../node_modules/.cache/chromium");

/**
 * Starts a headless Chromium that is closed at the end: `CHROMIUM_PATH`, or the
 * one that @sparticuz/chromium carries inside its npm package (x64 Linux), or
 * an installed Chrome.
 *
 * @param atEnd `onTestFinished` or `afterAll`
 */
export async function startBrowser(
	atEnd: (cleanUp: () => Promise<void>) => void,
): Promise<Browser> {
	const browser = await chromium.launch({
		...(await launchOptions()),
		// No name resolves, whatever requests it: a page can reach only this machine.
		args: [
			"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
		],
	});
	atEnd(() => browser.close());
	return browser;
}

/**
 * Opens a page in its own context, which closes when the test is over.
 *
 * @param isMeant returns whether a complaint of the browser is about what the
 *   test did on purpose
 * @param complaints receives everything else that the page throws or the
 *   browser warns about
 */
export async function openPage(
	browser: Browser,
	options: BrowserContextOptions = {},
	isMeant: (message: ConsoleMessage) => boolean = () => true,
	complaints: string[] = [],
): Promise<Page> {
	const context = await browser.newContext(options);
	onTestFinished(() => context.close());
	const page = await context.newPage();
	page.setDefaultTimeout(10_000);
	page.on("pageerror", (error) => complaints.push(String(error)));
	page.on("console", (message) => {
		if (!["error", "warning"].includes(message.type())) return;
		if (!isMeant(message)) complaints.push(message.text());
	});
	return page;
}

async function launchOptions() {
	const given = process.env.CHROMIUM_PATH;
	if (given) return { executablePath: given };
	if (process.platform !== "linux" || process.arch !== "x64") {
		return { channel: "chrome" };
	}
	const folder = await unpackChromium();
	return {
		executablePath: join(folder, "chromium"),
		env: {
			...process.env,
			// NSS and expat, which a machine without a desktop may lack.
			LD_LIBRARY_PATH: join(folder, "al2023/lib"),
			FONTCONFIG_PATH: join(folder, "fonts"),
		},
	};
}

/** Unpacks once; processes that start at the same time unpack too, and the first one wins. */
async function unpackChromium(): Promise<string> {
	if (existsSync(cache)) return cache;
	await mkdir(join(cache, ".."), { recursive: true });
	const folder = await mkdtemp(`${cache}-`);
	const { TMPDIR, AWS_EXECUTION_ENV, LD_LIBRARY_PATH, FONTCONFIG_PATH } =
		process.env;
	// The package unpacks to the temporary folder, and its libraries only if it thinks it is on Lambda.
	process.env.TMPDIR = folder;
	process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs24.x";
	try {
		const { default: packed } = await import("@sparticuz/chromium");
		await packed.executablePath();
	} finally {
		restoreEnvironment({
			TMPDIR,
			AWS_EXECUTION_ENV,
			LD_LIBRARY_PATH,
			FONTCONFIG_PATH,
		});
	}
	// Its own configuration looks for fonts only in /tmp, and Chromium exits without any.
	await writeFile(join(folder, "fonts/fonts.conf"), fontConfiguration);
	await rename(folder, cache).catch(() => rm(folder, { recursive: true }));
	return cache;
}

const fontConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir></fontconfig>
`;

function restoreEnvironment(values: Record<string, string | undefined>): void {
	for (const [name, value] of Object.entries(values)) {
		if (value === undefined) delete process.env[name];
		else process.env[name] = value;
	}
}
