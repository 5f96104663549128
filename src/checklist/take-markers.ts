import { type StatusWord, statusMarkers } from "./wordings/statuses.ts";

const markers = new Map(
	Object.entries(statusMarkers).flatMap(([status, signs]) =>
		signs.map((sign) => [sign, status as StatusWord] as const),
	),
);
const marker = new RegExp(
	`(?:${[...markers.keys()].join("|")})[\\uFE0E\\uFE0F]?`,
	"gu",
);
/**
 * Most texts have no sign, and this is faster than looking for each: the first character of a sign, or a ticked box.
 */
const mayHaveMarker = new RegExp(
	`[${[...markers.keys()]
		.map((sign) => sign.charAt(0))
		.join("")
		.replaceAll(":", "")}]|:[a-z]|^\\[`,
);
/** A ticked box at the beginning of a text. */
export const tickedBox = /^\[[xX✓✔]\]/;

/** Removes the signs that stand for a status from a text. */
export function takeMarkers(text: string): {
	/** Each status once. */
	found: StatusWord[];
	without: string;
} {
	const found: StatusWord[] = [];
	if (!mayHaveMarker.test(text)) return { found, without: text.trim() };
	let without = "";
	let end = 0;
	for (let match = marker.exec(text); match; match = marker.exec(text)) {
		const sign = match[0];
		const status = markers.get(sign) ?? markers.get(sign.slice(0, -1));
		if (status && !found.includes(status)) found.push(status);
		without += `${text.slice(end, match.index)} `;
		end = match.index + sign.length;
	}
	without += text.slice(end);
	if (text.startsWith("[") && tickedBox.test(without)) {
		if (!found.includes("pass")) found.push("pass");
		without = without.replace(tickedBox, "");
	}
	return { found, without: without.trim() };
}
