import { z } from "zod";
import { formatHostPort } from "../../discovery/addresses.ts";
import { type Identity, nodeIdOf } from "../identity/identity.ts";
import { isSigned, signText } from "../identity/signed-text.ts";
import { addressSchema, nameSchema } from "../wire-names.ts";

/**
 * "I follow that hub, which I have dialled there": a worker's statement that its hub shows to other
 * hubs.
 */
export const followStatementSchema = z.object({
  hub: nameSchema,
  /** Public key of the worker, from which its node id follows. */
  by: z.string().length(43),
  /** Where the hub has answered. */
  dialled: addressSchema,
  /** Where the worker can be dialled, to check that it exists. */
  from: addressSchema,
  /** Unix milliseconds by the hub's clock. */
  at_ms: z.number().int().nonnegative(),
  signature: z.string().max(128),
});
export type FollowStatement = z.infer<typeof followStatementSchema>;

/** Older statements say nothing about the present. Workers renew theirs every minute. */
export const FOLLOW_FRESH_MS = 5 * 60_000;
export const FOLLOW_RENEW_MS = 60_000;

export function stateFollow(
  identity: Identity,
  said: Omit<FollowStatement, "by" | "signature">,
): FollowStatement {
  const unsigned = { ...said, by: identity.publicKey };
  return { ...unsigned, signature: signText(identity, signedText(unsigned)) };
}

/**
 * The node that follows `hub` by its own signed statement; undefined if the statement proves
 * nothing.
 */
export function followerIn(statement: FollowStatement, hub: string): string | undefined {
  const { by, signature } = statement;
  const proven = statement.hub === hub && isSigned(by, signedText(statement), signature);
  return proven ? nodeIdOf(by) : undefined;
}

function signedText(said: Omit<FollowStatement, "signature">): string {
  const { hub, by, dialled, from, at_ms } = said;
  const words = ["tankd-follow-v1", hub, by, formatHostPort(dialled), formatHostPort(from), at_ms];
  return words.join("\n");
}
