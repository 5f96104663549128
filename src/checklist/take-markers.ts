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
/** Most texts have no sign, and this is quicker than to look for each: how one begins, or a ticked box. */
const mayHaveMarker = new RegExp(
	`[${[...markers.keys()]
		.map((sign) => sign.charAt(0))
		.join("")
		.replaceAll(":", "")}]|:[a-z]|^\\[`,
);
/** A box that is ticked, as it begins a text. */
export const tickedBox = /^\[[xX✓✔]\]/;

/** Takes the signs that stand for a status out of a text. */
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
