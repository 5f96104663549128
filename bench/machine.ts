import { arch, cpus } from "node:os";

/** What a benchmark ran on, for people. */
export function describeMachine(): string {
	return `${cpus().length} × ${cpus()[0]?.model.trim()} (${arch()})`;
}
