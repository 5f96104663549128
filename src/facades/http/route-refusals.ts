import type {
	FastifyInstance,
	FastifyReply,
	FastifyRequest,
	HTTPMethods,
} from "fastify";
import { Refusal } from "../../core/errors.ts";
import { notSignedIn } from "../../identity/identity.ts";

/** Refuses who is not signed in, with the reason if one was found. */
export async function refuseStrangers({
	identity,
	refusal,
}: FastifyRequest): Promise<void> {
	if (!identity) throw refusal ?? notSignedIn();
}

/** Answers 405, with `Allow`, to every method but these. */
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
		// Before the body is read, which may be wrong in its own way.
		onRequest: refuse,
		handler: refuse,
	});
}
