import type { Page } from "playwright-core";
import { findFreePort } from "../../src/platform/postgres/embedded/find-free-port.ts";
import { startService, type TestService } from "./helpers.ts";
import { startProvider, type TestProvider } from "./provider.ts";

/** A service where people sign in, listening where the provider redirects to. */
export interface Site {
	/** Its origin. */
	base: string;
	provider: TestProvider;
	service: TestService;
}

/**
 * Starts a service on a port, and its identity provider.
 *
 * @param host `localhost` is another site than the provider's 127.0.0.1, so
 *   that cookies must be sent cross-site
 * @param settings in addition to the provider's
 */
export async function startSite(
	atEnd: (cleanUp: () => Promise<void>) => void,
	host: "localhost" | "127.0.0.1" = "localhost",
	settings: Parameters<typeof startService>[1] = {},
): Promise<Site> {
	const port = await findFreePort();
	const base = `http://${host}:${port}`;
	const provider = await startProvider(base, atEnd);
	const service = await startService(atEnd, {
		...provider.settings(base),
		...settings,
	});
	await service.app.listen({ host: "127.0.0.1", port });
	return { base, provider, service };
}

/** Fills in the provider's forms, from the sign-in page to the page of the service that comes after. */
export async function signInAs(page: Page, account: string): Promise<void> {
	await page.locator('input[name="login"]').fill(account);
	await page.locator('input[name="password"]').fill("any");
	await page.getByRole("button", { name: "Sign-in" }).click();
	await page.getByRole("button", { name: "Continue" }).click();
	await page.waitForURL("http://localhost:*/**");
}
