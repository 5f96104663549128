import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type axe from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";

/** Git-ignored; for people who want to see what the test saw. */
const screenshots = join(
	import.meta.dirname,
	"../../node_modules/.cache/screenshots",
);

/** A desktop window, in which pages open unless a test says otherwise. */
export const wide = { width: 1360, height: 900 };
const narrow = { width: 360, height: 740 };

/** The views in which every page is checked: a name, and options for its browser context. */
export const views: [string, BrowserContextOptions][] = [
	["light-wide", { colorScheme: "light", viewport: wide }],
	["dark-wide", { colorScheme: "dark", viewport: wide }],
	["light-narrow", { colorScheme: "light", viewport: narrow }],
	["dark-narrow", { colorScheme: "dark", viewport: narrow }],
];

/**
 * Expects a page to be stable, to fit and to be accessible; and keeps a picture
 * of it.
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
	await page.screenshot({
		path: join(screenshots, `${name}.png`),
		fullPage,
	});
	expect(await findViolations(page), name).toEqual([]);
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

/** Returns axe's findings against WCAG 2.2 AA, shortened. */
export async function findViolations(page: Page): Promise<string[]> {
	// Through the debugger, since the page's own policy does not allow adding a script.
	await page.evaluate(axeSource);
	return page.evaluate(async () => {
		const { run } = (window as unknown as { axe: typeof axe }).axe;
		const { violations } = await run(document, {
			runOnly: [
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
	});
}
