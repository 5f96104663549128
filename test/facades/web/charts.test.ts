import fc from "fast-check";
import { expect, test } from "vitest";
import {
	type ChartName,
	charts,
	drawChart,
} from "../../../src/facades/web/charts.ts";
import type { Overview } from "../../../src/features/overview/schema.ts";

const count = fc.oneof(
	fc.constant(0),
	fc.nat(12),
	fc.nat(5_000),
	fc.nat(9_999_999),
);

const overviews: fc.Arbitrary<Overview> = fc.record({
	step: fc.constantFrom("day", "week"),
	pending_over_time: fc.array(
		fc.record({ day: fc.constant("2026-10-19"), pending_review: count }),
		{ maxLength: 92 },
	),
	time_to_decision: fc.constant({
		decided: 0,
		median_hours: null,
		p90_hours: null,
	}),
	outcomes_by_month: fc.array(
		fc.record({
			month: fc.constant("2026-10"),
			approved: count,
			rejected: count,
			reopened: count,
		}),
		{ maxLength: 13 },
	),
	risk_distribution: fc.record({
		critical: count,
		high: count,
		medium: count,
		low: count,
		unknown: count,
	}),
	frequent_findings: fc.array(
		fc.record({
			rule: fc.oneof(fc.constant('<b>"&\u202e'), fc.constant("check-missing")),
			reports: count,
		}),
		{ maxLength: 20 },
	),
});

const names = Object.keys(charts) as ChartName[];

/** The attributes of every element of a name in a drawing. */
function elements(svg: string, name: string): Record<string, string>[] {
	return [...svg.matchAll(new RegExp(`<${name} ([^>]*?)/?>`, "g"))].map(
		([, attributes = ""]) =>
			Object.fromEntries(
				[...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(
					([, key = "", value = ""]) => [key, value],
				),
			),
	);
}

test.each(names)(
	"%s stays inside its frame, whatever there is to draw",
	(name) => {
		fc.assert(
			fc.property(
				overviews,
				fc.constantFrom("light" as const, "dark" as const),
				(overview, scheme) => {
					const svg = drawChart(name, overview, scheme);
					expect(svg).not.toMatch(/NaN|Infinity|undefined|<b>|\u202e|style/);
					for (const rect of elements(svg, "rect")) {
						const [x, y, width, height] = ["x", "y", "width", "height"].map(
							(key) => Number(rect[key]),
						) as [number, number, number, number];
						expect(Math.min(x, y, width, height)).toBeGreaterThanOrEqual(0);
						expect(x + width).toBeLessThanOrEqual(640.2);
						expect(y + height).toBeLessThanOrEqual(320.2);
					}
					for (const { points = "" } of [
						...elements(svg, "polyline"),
						...elements(svg, "polygon"),
					]) {
						for (const point of points.trim().split(/\s+/).filter(Boolean)) {
							const [x, y] = point.split(",").map(Number) as [number, number];
							expect(x >= 0 && x <= 640.2 && y >= 0 && y <= 320.2).toBe(true);
						}
					}
				},
			),
		);
	},
);

test("bars are as long as their values are great", () => {
	const risk_distribution = {
		critical: 100,
		high: 50,
		medium: 25,
		low: 10,
		unknown: 0,
	};
	const overview = { risk_distribution } as Overview;
	const widths = elements(drawChart("risks", overview, "light"), "rect").map(
		({ width }) => Number(width),
	);
	const [longest = 0] = widths;
	expect(widths.map((width) => Math.round((width / longest) * 100))).toEqual([
		100, 50, 25, 10, 0,
	]);
});

test("parts of a stack are as high as their values, and stand on each other", () => {
	const overview = {
		outcomes_by_month: [
			{ month: "2026-10", approved: 30, rejected: 20, reopened: 10 },
		],
	} as Overview;
	const bars = elements(drawChart("outcomes", overview, "light"), "rect")
		.slice(0, 3)
		.map(({ y, height }) => ({ y: Number(y), height: Number(height) }));
	const [approved, rejected, reopened] = bars as [
		(typeof bars)[0],
		(typeof bars)[0],
		(typeof bars)[0],
	];
	expect(approved.height / reopened.height).toBeCloseTo(3, 1);
	expect(rejected.height / reopened.height).toBeCloseTo(2, 1);
	expect(rejected.y + rejected.height).toBeCloseTo(approved.y, 1);
	expect(reopened.y + reopened.height).toBeCloseTo(rejected.y, 1);
});

test.each([
	[0, ["0", "1"]],
	[1, ["0", "1"]],
	[4, ["0", "1", "2", "3", "4"]],
	[7, ["0", "2", "4", "6", "8"]],
	[93, ["0", "20", "40", "60", "80", "100"]],
	[1234, ["0", "500", "1000", "1500"]],
])("up to %i the axis counts in round steps", (pending_review, expected) => {
	const overview = {
		pending_over_time: [{ day: "2026-10-19", pending_review }],
	} as Overview;
	const svg = drawChart("pending", overview, "light");
	const labels = [...svg.matchAll(/text-anchor="end">(\d+)</g)].map(
		([, label]) => label,
	);
	expect(labels).toEqual(expected);
});
