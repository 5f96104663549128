import { findRule } from "../../checklist/rules.ts";
import type { Overview } from "../../features/overview/schema.ts";
import { type Palette, palettes, type Scheme } from "./chart-colours.ts";
import { escapeAttribute } from "./markdown/escape.ts";

/** The charts of the overview by name: each draws the content of an SVG document. */
export const charts = {
	pending: drawPending,
	outcomes: drawOutcomes,
	risks: drawRisks,
	findings: drawFindings,
};
export type ChartName = keyof typeof charts;

const WIDTH = 640;
const HEIGHT = 320;
/** Where values are drawn: what the labels of both axes leave free. */
const area = { left: 56, top: 40, right: WIDTH - 24, bottom: HEIGHT - 32 };

/**
 * Draws a chart.
 *
 * @returns an SVG document without scripts and styles, as the pages' policy
 *   requires
 */
export function drawChart(
	name: ChartName,
	overview: Overview,
	scheme: Scheme,
): string {
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">${charts[name](overview, palettes[scheme])}</svg>`;
}

function drawPending({ pending_over_time }: Overview, palette: Palette) {
	const values = pending_over_time.map((step) => step.pending_review);
	const scale = scaleFor(Math.max(...values, 0));
	const columns = columnsFor(values.length);
	const corners = values.map((value, index) => {
		const y = yOf(value, scale);
		return `${round(columns.from(index))},${y} ${round(columns.from(index + 1))},${y}`;
	});
	const line = corners.join(" ");
	return [
		valueAxis(scale, palette),
		columnLabels(
			pending_over_time.map(({ day }) => day.slice(5)),
			palette,
		),
		`<polygon points="${area.left},${area.bottom} ${line} ${area.right},${area.bottom}" fill="${palette.blue}" fill-opacity="0.18"/>`,
		`<polyline points="${line}" fill="none" stroke="${palette.blue}" stroke-width="2"/>`,
	].join("");
}

function drawOutcomes({ outcomes_by_month }: Overview, palette: Palette) {
	const series = [
		["Approved", "approved", palette.green],
		["Rejected", "rejected", palette.red],
		["Reopened", "reopened", palette.grey],
	] as const;
	const totals = outcomes_by_month.map((month) =>
		series.reduce((sum, [, key]) => sum + month[key], 0),
	);
	const scale = scaleFor(Math.max(...totals, 0));
	const columns = columnsFor(outcomes_by_month.length);
	const width = Math.min(48, columns.width * 0.7);
	const bars = outcomes_by_month.flatMap((month, index) => {
		const x = columns.from(index) + (columns.width - width) / 2;
		let below = 0;
		return series.map(([, key, colour]) => {
			const bottom = yOf(below, scale);
			below += month[key];
			const top = yOf(below, scale);
			return rectangle(x, top, width, bottom - top, colour);
		});
	});
	const legend = series.map(([name, , colour], index) => {
		const x = area.left + 120 + index * 130;
		return (
			rectangle(x, 12, 22, 12, colour) +
			label(name, { x: x + 30, y: 22, colour: palette.text })
		);
	});
	return [
		valueAxis(scale, palette),
		columnLabels(
			outcomes_by_month.map(({ month }) => month),
			palette,
		),
		...bars,
		...legend,
	].join("");
}

function drawRisks({ risk_distribution: risks }: Overview, palette: Palette) {
	return namedBars(palette, [
		["Critical", risks.critical, palette.dire],
		["High", risks.high, palette.red],
		["Medium", risks.medium, palette.amber],
		["Low", risks.low, palette.green],
		["Unknown", risks.unknown, palette.grey],
	]);
}

function drawFindings({ frequent_findings }: Overview, palette: Palette) {
	return namedBars(
		palette,
		frequent_findings
			.slice(0, 10)
			.map(({ rule, reports }) => [
				findRule(rule)?.title ?? rule,
				reports,
				palette.blue,
			]),
	);
}

/** Draws bars from left to right, each below its name, which may be as long as the chart is wide. */
function namedBars(
	palette: Palette,
	bars: [name: string, value: number, colour: string][],
): string {
	const most = Math.max(...bars.map(([, value]) => value), 1);
	const left = 16;
	const room = WIDTH - left - 72;
	const row = Math.min(56, (HEIGHT - 16) / bars.length);
	return bars
		.map(([name, value, colour], index) => {
			const y = 8 + index * row;
			const width = (value / most) * room;
			const thickness = Math.min(20, row - 18);
			return (
				label(name, { x: left, y: y + 12, colour: palette.text }) +
				rectangle(left, y + 16, width, thickness, colour) +
				label(value, {
					x: left + width + 6,
					y: y + 16 + thickness / 2 + 4,
					colour: palette.text,
				})
			);
		})
		.join("");
}

/** The values of an axis that starts at 0: whole numbers at round steps. */
interface Scale {
	top: number;
	step: number;
}

/** Returns a scale of about four steps of 1, 2 or 5 times a power of ten, up to the greatest value. */
function scaleFor(most: number): Scale {
	const atLeast = Math.max(most, 1) / 5;
	const power = 10 ** Math.floor(Math.log10(atLeast));
	const step = Math.max(
		1,
		[1, 2, 5, 10].map((n) => n * power).find((n) => n >= atLeast) ?? 1,
	);
	return { top: Math.max(1, Math.ceil(most / step)) * step, step };
}

function yOf(value: number, { top }: Scale): number {
	return round(area.bottom - (value / top) * (area.bottom - area.top));
}

function columnsFor(count: number) {
	const width = (area.right - area.left) / Math.max(count, 1);
	return { width, from: (index: number) => area.left + index * width };
}

function valueAxis(scale: Scale, palette: Palette): string {
	const count = Math.round(scale.top / scale.step);
	return Array.from({ length: count + 1 }, (_, index) => {
		const value = index * scale.step;
		const y = yOf(value, scale);
		return (
			`<line x1="${area.left}" x2="${area.right}" y1="${y}" y2="${y}" stroke="${palette.line}"/>` +
			label(value, {
				x: area.left - 8,
				y: y + 4,
				colour: palette.text,
				anchor: "end",
			})
		);
	}).join("");
}

/** Draws names below columns: as many as there is room for, including the first. */
function columnLabels(names: string[], palette: Palette): string {
	const columns = columnsFor(names.length);
	const every = Math.max(1, Math.ceil(56 / columns.width));
	return names
		.map((name, index) =>
			index % every === 0
				? label(name, {
						x: columns.from(index) + columns.width / 2,
						y: area.bottom + 20,
						colour: palette.text,
						anchor: "middle",
					})
				: "",
		)
		.join("");
}

function rectangle(
	x: number,
	y: number,
	width: number,
	height: number,
	colour: string,
): string {
	return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${colour}"/>`;
}

function label(
	text: string | number,
	{
		x,
		y,
		colour,
		anchor,
	}: { x: number; y: number; colour: string; anchor?: "middle" | "end" },
): string {
	const anchored = anchor ? ` text-anchor="${anchor}"` : "";
	return `<text x="${round(x)}" y="${round(y)}" fill="${colour}"${anchored}>${escapeAttribute(String(text))}</text>`;
}

/** Rounds to tenths of a pixel. */
function round(pixels: number): number {
	return Math.round(pixels * 10) / 10;
}
