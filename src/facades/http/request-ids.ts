import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

declare module "node:http" {
	interface IncomingMessage {
		/** The service's own id of the request. */
		serviceRequestId?: string;
	}
}

/**
 * Names a request: by the caller's own id, if it is one that can stand in a
 * log, else by a new one. Beside it, every request gets an id of the service's,
 * which nobody chooses; where the caller gave none, the two are one.
 *
 * @returns the id that the answer carries
 */
export function nameRequest(request: IncomingMessage): string {
	const own = randomUUID();
	request.serviceRequestId = own;
	const given = request.headers["x-request-id"];
	return typeof given === "string" && /^[\w.-]{8,64}$/.test(given)
		? given
		: own;
}

/** The service's own id of a request that has its name. */
export function serviceRequestId({
	serviceRequestId: id,
}: IncomingMessage): string {
	if (id === undefined) throw new Error("the request has no name yet");
	return id;
}
