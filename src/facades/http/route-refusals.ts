import type {
	FastifyInstance,
	FastifyReply,
	FastifyRequest,
	HTTPMethods,
} from "fastify";
import { Refusal } from "../../core/errors.ts";
import { notSignedIn } from "../../identity/identity.ts";

/** Refuses callers who are not signed in, with the reason if one was found. */
export async function refuseStrangers({
	identity,
	refusal,
}: FastifyRequest): Promise<void> {
	if (!identity) throw refusal ?? notSignedIn();
}

/** Answers every other method with 405 and `Allow`. */
export function refuseOtherMethods(
	app: FastifyInstance,
	url: string,
	allowed: HTTPMethods[],
): void {
	const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
		reply.header("allow", allowed.join(", "));
		throw new Refusal(
			"METHOD_NOT_SUPPORTED",
			`${request.method} is not supported here. Allowed: ${allowed.join(", ")}.`,
		);
	};
	app.route({
		method: (app.supportedMethods as HTTPMethods[]).filter(
			(method) => !allowed.includes(method),
		),
		url,
		// Before the body is read, which may have faults of its own.
		onRequest: refuse,
		handler: refuse,
	});
}
