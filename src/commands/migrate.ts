import { withStorage } from "./with-storage.ts";

/** Brings the database to this version, and ends. */
export async function run(): Promise<void> {
	// Opening it does.
	await withStorage({}, async ({ log }) => {
		log.info("the database has this version");
	});
}
