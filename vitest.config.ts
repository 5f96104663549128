import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
	test: {
		include: ["test/**/*.test.ts"],
		exclude: ["**/node_modules/**"],
		globalSetup: "test/support/global-setup.ts",
		provide: { isLong: mode === "long" },
		// Most files wait for a service or a browser: one more than two cores have.
		maxWorkers: 3,
		// Real servers and child processes on small machines.
		testTimeout: 60_000,
		hookTimeout: 60_000,
	},
}));
