import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type axe from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, inject } from "vitest";

/** Git-ignored; for people who want to see what the test saw. */
const screenshots = join(
	import.meta.dirname,
	"../../node_modules/.cache/screenshots",
);

const keepsPictures = inject("isLong");

/** A window of a desk, which pages open in unless a test says otherwise. */
export const wide = { width: 1360, height: 900 };
const narrow = { width: 360, height: 740 };

/** How every page is looked at, in light and dark each: a name, and options for its browser context. */
export const views: [string, BrowserContextOptions][] = [
	["wide", { colorScheme: "light", viewport: wide }],
	["narrow", { colorScheme: "light", viewport: narrow }],
];

/**
 * Expects a page to stand still, to fit and to be accessible, in light and in
 * dark; with `npm run test:long`, it keeps a picture of both.
 *
 * @param fullPage whether the picture shows more than the window: not for a
 *   page that is too long
 */
export async function look(
	page: Page,
	name: string,
	{ fullPage = true } = {},
): Promise<void> {
	const moved = await measureShift(page);
	expect(moved, `${name} moves while it loads`).toBeLessThan(0.01);
	const tooWide = await page.evaluate(
		() => document.documentElement.scrollWidth - window.innerWidth,
	);
	expect(tooWide, `${name} is too wide`).toBeLessThanOrEqual(0);
	const path = (scheme: string) => join(screenshots, `${name}-${scheme}.png`);
	if (keepsPictures) await page.screenshot({ path: path("light"), fullPage });
	expect(await findViolations(page), name).toEqual([]);
	// Only colours are others then; they change at once where motion is reduced.
	await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
	if (keepsPictures) await page.screenshot({ path: path("dark"), fullPage });
	expect(await findViolations(page, "color-contrast"), name).toEqual([]);
	await page.emulateMedia({ colorScheme: "light" });
}

const axeSource = readFileSync(
	createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
	"utf8",
);

/** Returns how much a page moved while it loaded: the sum of its layout shifts. */
function measureShift(page: Page): Promise<number> {
	return page.evaluate(
		() =>
			new Promise<number>((resolve) => {
				let sum = 0;
				new PerformanceObserver((list) => {
					for (const entry of list.getEntries()) {
						sum += (entry as unknown as { value: number }).value;
					}
				}).observe({ type: "layout-shift", buffered: true });
				setTimeout(() => resolve(sum), 50);
			}),
	);
}

/**
 * What axe finds against WCAG 2.2 AA, in short.
 *
 * @param rule the only one to hold the page against
 */
export async function findViolations(
	page: Page,
	rule?: string,
): Promise<string[]> {
	// By the debugger, since the page's own policy lets nobody add a script.
	await page.evaluate(axeSource);
	return page.evaluate(async (only) => {
		const { run } = (window as unknown as { axe: typeof axe }).axe;
		const { violations } = await run(document, {
			runOnly: only
				? { type: "rule", values: [only] }
				: [
						"wcag2a",
						"wcag2aa",
						"wcag21a",
						"wcag21aa",
						"wcag22aa",
						"best-practice",
					],
		});
		return violations.map(
			({ id, nodes }) =>
				`${id}: ${nodes
					.slice(0, 3)
					.map(
						({ html, failureSummary }) =>
							`${html.slice(0, 120)} ${failureSummary?.slice(0, 200)}`,
					)
					.join(" | ")}`,
		);
	}, rule);
}
