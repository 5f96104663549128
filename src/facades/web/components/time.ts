import { html } from "hono/html";
import type { Html } from "../page.ts";

const units = [
	["d", 86_400],
	["h", 3_600],
	["min", 60],
] as const;

/**
 * Renders how long ago a time was, with the exact time on hover.
 *
 * @param time ISO 8601
 */
export function timeAgo(time: string, now: Date): Html {
	return html`<time datetime="${time}" title="${exactTime(time)}">${duration(time, now)} ago</time>`;
}

/** Renders how long something has lasted, with its exact start on hover. */
export function timeSince(time: string, now: Date): Html {
	return html`<time datetime="${time}" title="${exactTime(time)}">${duration(time, now)}</time>`;
}

/** Returns a time as `2025-10-20 10:00 UTC`. */
export function exactTime(time: string): string {
	return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/** Returns seconds in words, in one unit: `45 s`, `12 min`, `5 h`, `3 d`. */
export function inWords(seconds: number): string {
	const unit = units.find(([, size]) => seconds >= size);
	return unit
		? `${Math.floor(seconds / unit[1])} ${unit[0]}`
		: `${Math.max(0, Math.floor(seconds))} s`;
}

function duration(time: string, now: Date): string {
	return inWords((now.getTime() - Date.parse(time)) / 1000);
}
