import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * The proof that a node knows its cluster's secret: a keyed hash of its node id (HMAC-SHA-256). It
 * need not be secret itself: it does not reveal the secret, and only the owner of the node's key
 * can use it, since the messages with it are signed.
 */
export function membershipTag(secret: Uint8Array, nodeId: string): string {
  return createHmac("sha256", secret).update(`tankd-member-v1\n${nodeId}`).digest("base64url");
}

/** Without a secret every node is a member. */
export function isMember(
  secret: Uint8Array | undefined,
  nodeId: string,
  tag: string | undefined,
): boolean {
  if (secret === undefined) return true;
  if (tag === undefined) return false;
  const expected = Buffer.from(membershipTag(secret, nodeId));
  const given = Buffer.from(tag);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
