import { Piscina } from "piscina";

/**
 * Opens threads that run the `worker` beside a file, up to two of them. They
 * start when needed, and end by themselves when idle for a minute.
 *
 * @param file the `import.meta.url` of the file that asks
 */
export function openThreads(
	file: string,
	options: Pick<
		NonNullable<ConstructorParameters<typeof Piscina>[0]>,
		"maxQueue" | "resourceLimits"
	>,
): Piscina {
	// Run from the sources the worker ends in .ts, from the package in .js.
	const extension = file.slice(file.lastIndexOf("."));
	return new Piscina({
		filename: new URL(`./worker${extension}`, file).href,
		minThreads: 0,
		maxThreads: 2,
		idleTimeout: 60_000,
		...options,
	});
}
