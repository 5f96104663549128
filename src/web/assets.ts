import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A static file as it is served: under an address that changes with its content. */
export interface Asset {
	url: string;
	type: string;
	content: Buffer;
}

const types: Record<string, string> = {
	css: "text/css; charset=utf-8",
	js: "text/javascript; charset=utf-8",
	svg: "image/svg+xml",
};

/**
 * Reads the static files: the project's own in `assets/`, beside `src` and
 * `dist` alike, and the style sheet they build on from its package.
 *
 * @returns the files by their names
 */
export function readAssets(): Record<string, Asset> {
	const folder = fileURLToPath(new URL("../../assets/", import.meta.url));
	const pico = createRequire(import.meta.url).resolve(
		"@picocss/pico/css/pico.min.css",
	);
	const files = [
		...readdirSync(folder)
			.filter((name) => /\.(css|js|svg)$/.test(name))
			.map((name) => join(folder, name)),
		pico,
	];
	return Object.fromEntries(files.map(readAsset));
}

function readAsset(path: string): [name: string, asset: Asset] {
	const content = readFileSync(path);
	const name = path.slice(path.lastIndexOf("/") + 1);
	const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
	const dot = name.lastIndexOf(".");
	const extension = name.slice(dot + 1);
	return [
		name,
		{
			url: `/assets/${name.slice(0, dot)}-${hash}.${extension}`,
			type: types[extension] ?? "application/octet-stream",
			content,
		},
	];
}
