import { withStorage } from "./with-storage.ts";

/** Migrates the database to this version, and exits. */
export async function run(): Promise<void> {
	// Opening the database migrates it.
	await withStorage({}, async ({ log }) => {
		log.info("the database is at this version");
	});
}
