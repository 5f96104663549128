/** The colour scheme of a chart. */
export type Scheme = "light" | "dark";

/** The colours of a chart by meaning. */
export const palettes = {
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
export type Palette = (typeof palettes)[Scheme];
