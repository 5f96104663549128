import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

declare module "node:http" {
	interface IncomingMessage {
		/** The service's own id of the request. */
		serviceRequestId?: string;
	}
}

/**
 * Gives a request its id: the caller's own if it is fit for a log, otherwise a
 * new one. Every request also gets an id of the service's own that nobody can
 * choose; if the caller sent none, the two are the same.
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

/** Returns the service's own id of a named request. */
export function serviceRequestId({
	serviceRequestId: id,
}: IncomingMessage): string {
	if (id === undefined) throw new Error("the request has no name yet");
	return id;
}
