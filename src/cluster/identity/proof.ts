import { createHash } from "node:crypto";
import { nonceIn } from "./http-signature.ts";
import type { Identity } from "./identity.ts";
import { isSigned, signText } from "./signed-text.ts";

/** A challenge is random text of the requester; longer ones are refused. */
export const CHALLENGE_CHARACTERS_MAX = 128;
/** Carries {@link signReply}. */
export const PROOF_HEADER = "tankd-proof";

/**
 * Proof that the holder of the key has seen `challenge`. The signed text contains the purpose and
 * the node id, so no answer can be passed off as the signature of anything else.
 */
export function signChallenge(identity: Identity, challenge: string): string {
  return signText(identity, challengeText(identity.nodeId, challenge));
}

export function verifyChallenge(
  publicKey: string,
  nodeId: string,
  challenge: string,
  signature: string,
): boolean {
  return isSigned(publicKey, challengeText(nodeId, challenge), signature);
}

/**
 * The body with a `proof` that this node gave exactly this answer to the request with `challenge`.
 * HTTP answers are not signed by RFC 9421 here, and a node that takes over an address must not be
 * able to speak for the previous one.
 */
export function prove<T extends object>(
  identity: Identity,
  challenge: string,
  body: T,
): T & { proof: string } {
  const text = answerText(identity.nodeId, challenge, JSON.stringify(body));
  return { ...body, proof: signText(identity, text) };
}

/** Whether the key's owner gave `answer`, as parsed from JSON, in reply to `challenge`. */
export function isProven(publicKey: string, nodeId: string, challenge: string, answer: unknown) {
  if (typeof answer !== "object" || answer === null || !("proof" in answer)) return false;
  const { proof, ...body } = answer;
  if (typeof proof !== "string") return false;
  // JSON.stringify restores the text that JSON.parse has read: order and numbers are kept.
  const text = answerText(nodeId, challenge, JSON.stringify(body));
  return isSigned(publicKey, text, proof);
}

/** What the proof of an answer to a signed request covers. */
export interface ReplyParts {
  /**
   * As received. The nonce alone is not enough: most read routes check no signature, so a relay
   * could send one of them somebody's nonce and get a proof for the wrong answer.
   */
  readonly request: { readonly method: string; readonly path: string; readonly body: string };
  /** The nonce of the signed request. */
  readonly nonce: string;
  readonly status: number;
  readonly body: string;
}

/** Proof that this node gave exactly this answer: a relay must not be able to speak for it. */
export function signReply(identity: Identity, reply: ReplyParts): string {
  return signText(identity, replyText(identity.nodeId, reply));
}

export function isReplySigned(
  publicKey: string,
  nodeId: string,
  reply: ReplyParts,
  signature: string,
): boolean {
  return isSigned(publicKey, replyText(nodeId, reply), signature);
}

/** A request, signed or not. */
type SignedRequest = ReplyParts["request"] & {
  readonly headers: Readonly<Record<string, string | undefined>>;
};

/** The header that proves an answer to a signed request; none for an unsigned one. */
export function replyProof(
  identity: Identity,
  request: SignedRequest,
  { status, body }: Pick<ReplyParts, "status" | "body">,
): Readonly<Record<string, string>> {
  const nonce = nonceIn(request.headers);
  if (nonce === undefined) return {};
  return { [PROOF_HEADER]: signReply(identity, { request, nonce, status, body }) };
}

/** Whether an answer carries the proof of the key's owner that it answers this request. */
export function bearsProof(
  publicKey: string,
  nodeId: string,
  request: SignedRequest,
  answer: Pick<ReplyParts, "status" | "body"> & { readonly headers: SignedRequest["headers"] },
): boolean {
  const nonce = nonceIn(request.headers);
  const proof = answer.headers[PROOF_HEADER];
  if (nonce === undefined || proof === undefined) return false;
  const { status, body } = answer;
  return isReplySigned(publicKey, nodeId, { request, nonce, status, body }, proof);
}

function replyText(nodeId: string, { request, nonce, status, body }: ReplyParts): string {
  const asked = JSON.stringify([request.method, request.path, hashOf(request.body)]);
  return `tankd-reply-v1\n${nodeId}\n${nonce}\n${asked}\n${status}\n${hashOf(body)}`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function challengeText(nodeId: string, challenge: string): string {
  return `tankd-challenge-v1\n${nodeId}\n${challenge}`;
}

function answerText(nodeId: string, challenge: string, json: string): string {
  return `tankd-answer-v1\n${nodeId}\n${challenge}\n${hashOf(json)}`;
}
