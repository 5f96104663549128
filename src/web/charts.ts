import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { findRule } from "../checklist/rules.ts";
import type { Overview } from "../overview/schema.ts";

use([BarChart, LineChart, GridComponent, LegendComponent, SVGRenderer]);

/** The colour scheme that a chart is drawn for. */
export type Scheme = "light" | "dark";

const palettes = {
	light: {
		text: "#4b5563",
		line: "#d9dee5",
		blue: "#1d6fbf",
		green: "#1a7f37",
		red: "#b3261e",
		amber: "#b7791f",
		grey: "#6b7280",
		dire: "#7f1d1d",
	},
	dark: {
		text: "#b3bcc9",
		line: "#2d3542",
		blue: "#6fb1f5",
		green: "#5cc274",
		red: "#ff8a80",
		amber: "#e7b04c",
		grey: "#9aa4b2",
		dire: "#ff5247",
	},
};
type Palette = (typeof palettes)[Scheme];

/** The charts of the overview by name: each an ECharts option over the same data. */
export const charts = {
	pending: drawPending,
	outcomes: drawOutcomes,
	risks: drawRisks,
	findings: drawFindings,
};
export type ChartName = keyof typeof charts;

const size = { width: 640, height: 320 };

/**
 * Draws a chart.
 *
 * @returns an SVG document without scripts or styles of its own, as the pages' policy wants it
 */
export function drawChart(
	name: ChartName,
	overview: Overview,
	scheme: Scheme,
): string {
	const palette = palettes[scheme];
	const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
	try {
		chart.setOption({
			animation: false,
			textStyle: { color: palette.text, fontFamily: "sans-serif" },
			...charts[name](overview, palette),
		});
		return withoutStyles(chart.renderToSVGString());
	} finally {
		chart.dispose();
	}
}

function drawPending({ pending_over_time }: Overview, palette: Palette) {
	return {
		grid,
		xAxis: axis(palette, {
			type: "category",
			data: pending_over_time.map(({ day }) => day.slice(5)),
		}),
		yAxis: axis(palette, { type: "value", minInterval: 1 }),
		series: [
			{
				type: "line",
				step: "end",
				symbol: "none",
				color: palette.blue,
				lineStyle: { width: 2 },
				areaStyle: { opacity: 0.18 },
				data: pending_over_time.map(({ pending_review }) => pending_review),
			},
		],
	};
}

function drawOutcomes({ outcomes_by_month }: Overview, palette: Palette) {
	const series = (name: string, key: Outcome, color: string) => ({
		type: "bar",
		stack: "all",
		barMaxWidth: 48,
		name,
		color,
		data: outcomes_by_month.map((month) => month[key]),
	});
	return {
		grid: { ...grid, top: 40 },
		legend: { top: 4, itemGap: 28, textStyle: { color: palette.text } },
		xAxis: axis(palette, {
			type: "category",
			data: outcomes_by_month.map(({ month }) => month),
		}),
		yAxis: axis(palette, { type: "value", minInterval: 1 }),
		series: [
			series("Approved", "approved", palette.green),
			series("Rejected", "rejected", palette.red),
			series("Reopened", "reopened", palette.grey),
		],
	};
}

type Outcome = "approved" | "rejected" | "reopened";

function drawRisks({ risk_distribution: risks }: Overview, palette: Palette) {
	const bars = [
		["Critical", risks.critical, palette.dire],
		["High", risks.high, palette.red],
		["Medium", risks.medium, palette.amber],
		["Low", risks.low, palette.green],
		["Unknown", risks.unknown, palette.grey],
	] as const;
	return horizontalBars(
		palette,
		bars.map(([name, value, color]) => ({ name, value, color })),
	);
}

function drawFindings({ frequent_findings }: Overview, palette: Palette) {
	return horizontalBars(
		palette,
		frequent_findings.slice(0, 10).map(({ rule, reports }) => ({
			name: findRule(rule)?.title ?? rule,
			value: reports,
			color: palette.blue,
		})),
	);
}

function horizontalBars(
	palette: Palette,
	bars: { name: string; value: number; color: string }[],
) {
	return {
		// The width of a text is only estimated here: room for half as much again.
		grid: { ...grid, left: 56 },
		xAxis: axis(palette, { type: "value", minInterval: 1 }),
		yAxis: axis(palette, {
			type: "category",
			inverse: true,
			data: bars.map(({ name }) => name),
		}),
		series: [
			{
				type: "bar",
				barMaxWidth: 24,
				label: { show: true, position: "right", color: palette.text },
				data: bars.map(({ value, color }) => ({
					value,
					itemStyle: { color },
				})),
			},
		],
	};
}

const grid = {
	top: 16,
	left: 12,
	right: 40,
	bottom: 12,
	outerBoundsMode: "same",
	outerBoundsContain: "axisLabel",
};

function axis(palette: Palette, option: object): object {
	return {
		axisLabel: { color: palette.text },
		axisLine: { lineStyle: { color: palette.line } },
		axisTick: { show: false },
		splitLine: { lineStyle: { color: palette.line } },
		...option,
	};
}

/** ECharts sets fonts by style attributes and hover effects by a style element: the policy allows neither. */
function withoutStyles(svg: string): string {
	return svg
		.replaceAll(/<style\b[^>]*>.*?<\/style>/gs, "")
		.replaceAll(/ style="([^"]*)"/g, (_whole, style: string) =>
			style
				.split(";")
				.map((declaration) => declaration.split(":"))
				.filter(([name, value]) => name && value)
				.map(([name, value]) => ` ${name?.trim()}="${value?.trim()}"`)
				.join(""),
		);
}
