import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** What a quick run leaves out: browsers, processes beside the test's own, fuzzing, and long measurements. */
const isSlow =
	/support\/(browser|service-process|provider|held-loop|watch-loop)\.ts"|startEmbedded|node:child_process|seedReports|"fast-check"|cpuUsage|workers\/pool/;

export default defineConfig(({ mode }) => ({
	test: {
		include: globSync("test/**/*.test.ts", {
			exclude: ["**/node_modules/**"],
		}).filter(
			(file) => mode !== "quick" || !isSlow.test(readFileSync(file, "utf8")),
		),
		globalSetup: "test/support/global-setup.ts",
		provide: { isLong: mode === "long" },
		// Most files wait for a service or a browser: one more than two cores have.
		maxWorkers: 3,
		// Real servers and child processes on small machines.
		testTimeout: 120_000,
		hookTimeout: 240_000,
	},
}));
