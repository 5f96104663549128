/**
 * Returns an identity that is proven.
 *
 * @returns `undefined` for a caller who proved nothing, and for everybody where
 *   the service runs without authentication
 */
export function personOf<Identity extends { method: string }>(
	identity: Identity | null | undefined,
): Exclude<Identity, { method: "none" }> | undefined {
	if (!identity || identity.method === "none") return undefined;
	return identity as Exclude<Identity, { method: "none" }>;
}
