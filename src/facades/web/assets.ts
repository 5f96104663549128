import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A static file as it is served, at an address that changes with its content. */
export interface Asset {
	url: string;
	type: string;
	content: string;
}

const types: Record<string, string> = {
	".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
};

/**
 * Reads the static files in `assets/`, which lies beside both `src` and `dist`.
 *
 * @returns the files by name
 */
export function readAssets(): Record<string, Asset> {
	const folder = fileURLToPath(new URL("../../../assets/", import.meta.url));
	const own = readdirSync(folder).filter((name) => types[extname(name)]);
	// Style sheets last: they name images, whose addresses must be known.
	const files = [
		...own.filter((name) => extname(name) !== ".css"),
		...own.filter((name) => extname(name) === ".css"),
	].map((name) => join(folder, name));
	const assets: Record<string, Asset> = {};
	for (const path of files) assets[basename(path)] = readAsset(path, assets);
	return assets;
}

function readAsset(path: string, others: Record<string, Asset>): Asset {
	const name = basename(path);
	const extension = extname(name);
	const text = readFileSync(path, "utf8");
	const content = extension === ".css" ? setImages(text, others) : text;
	const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
	return {
		url: `/assets/${basename(name, extension)}-${hash}${extension}`,
		type: types[extension] ?? "application/octet-stream",
		content,
	};
}

/**
 * Replaces images with their hashed addresses; data: addresses, which the
 * pages' policy does not load, are left out.
 */
function setImages(css: string, images: Record<string, Asset>): string {
	return css
		.replaceAll(/url\("([\w.-]+)"\)/g, (whole, name) =>
			images[name] ? `url("${images[name].url}")` : whole,
		)
		.replaceAll(/url\("data:[^"]*"\)/g, "none");
}
