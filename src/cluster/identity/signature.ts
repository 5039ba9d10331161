import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import {
  AUDIENCE_HEADER,
  componentsOf,
  contentDigest,
  parametersOf,
  parseHeaders,
  type RequestParts,
  signatureBase,
  signatureHeaders,
} from "./http-signature.ts";
import { encodeBase64Url, type Identity, nodeIdOf, verifySignature } from "./identity.ts";
import { NonceMemory } from "./nonce-memory.ts";
import { isByStartClock } from "./start-clock.ts";

/**
 * How a request to another node is signed: HTTP Message Signatures (RFC 9421, Ed25519) with
 * Content-Digest (RFC 9530), reduced to one signature over a fixed list of components.
 *
 * `created` is in the time of the receiver, as the signer learned it in the handshake: its start
 * clock (`drawStartOffset`), or its wall clock if it reports no other. A Raspberry Pi without a
 * battery starts years in the past and must still join, and two machines never need to agree on the
 * time. The window only bounds how long nonces are remembered. A restarted node refuses one
 * request, after which its peer asks for the time again.
 */
export interface SigningOptions {
  /** Node id of the receiver, if it is known. */
  readonly audience?: string;
  /** Its wall clock minus this node's. */
  readonly clockOffsetMs?: number;
  /** Its start clock minus this node's monotonic clock, if it reports one. */
  readonly startOffsetMs?: number | undefined;
  /**
   * Leave the authority out: through a balancer or a relay the request may arrive under another
   * name than was dialled. It then needs an audience, which binds the request.
   */
  readonly isUnbound?: boolean;
}

export type SignedHeaders = Readonly<Record<string, string>>;

export type Verdict =
  | { readonly kind: "unsigned" }
  | { readonly kind: "signed"; readonly nodeId: string; readonly publicKey: string }
  /** The signature verifies, but there is no room to remember its nonce. */
  | { readonly kind: "crowded" }
  /**
   * The signature verifies, but the request is for another node. Only that node can tell whether it
   * is fresh.
   */
  | { readonly kind: "misdirected"; readonly audience: string; readonly nodeId: string }
  | { readonly kind: "bad"; readonly reason: string };

/** The answer to a sender whose nonces there is no room to remember. */
export const CROWDED = "Too many unknown nodes send requests here; try again in a few minutes.";
/** Maximum difference between `created` and the clock of the verifier. */
export const SIGNATURE_WINDOW_SECONDS = 300;
/**
 * Added to monotonic seconds, which may begin at zero: the nonce memory takes only positive dates.
 */
const ORIGIN_SECONDS = 1_000_000;
const NONCE_BYTES = 16;

/** The headers to add to a request. */
export function signRequest(
  identity: Identity,
  parts: RequestParts,
  clock: Clock,
  random: Random,
  options: SigningOptions = {},
): SignedHeaders {
  const { clockOffsetMs = 0, startOffsetMs } = options;
  const atMs =
    startOffsetMs === undefined
      ? clock.wallMs() + clockOffsetMs
      : clock.monotonicMs() + startOffsetMs;
  const created = Math.floor(atMs / 1000);
  const nonce = encodeBase64Url(random.bytes(NONCE_BYTES));
  const audience = options.audience;
  const isUnbound = options.isUnbound === true && audience !== undefined;
  const components = componentsOf(audience, isUnbound);
  const params = parametersOf({ components, created, nonce, keyId: identity.publicKey });
  const digest = contentDigest(parts.body);
  const base = signatureBase({ parts, digest, audience, params, isUnbound });
  return {
    "content-digest": digest,
    ...(audience === undefined ? {} : { [AUDIENCE_HEADER]: audience }),
    ...signatureHeaders(params, identity.sign(base)),
  };
}

/** The start clock of the receiver, relative to the verifier's monotonic clock. */
export interface VerifiersStartClock {
  /** Its offset from the monotonic clock. */
  readonly offsetMs: number;
  /** Nonces of requests that are dated by it; in seconds of the monotonic clock. */
  readonly nonces: NonceMemory;
}

/** The identity of this node for the requests that it verifies, and those it has seen. */
export interface Verifier {
  readonly nodeId: string;
  readonly clock: Clock;
  /** Nonces of requests that are dated by the wall clock. */
  readonly nonces: NonceMemory;
  /** Undefined if there is none: then requests that are dated by one are refused. */
  readonly startClock?: VerifiersStartClock | undefined;
  /**
   * Begin of the nonce memory, monotonic milliseconds: earlier signatures may have been used before
   * a restart. Undefined if the signer's clock is known only roughly.
   */
  readonly sinceMs?: number;
}

export interface VerifierOptions {
  /** Offset of its start clock from the monotonic clock. */
  readonly startOffsetMs?: number;
  /** Whether a node is more than a key that anybody could make. */
  readonly isKnown?: (nodeId: string) => boolean;
}

export function createVerifier(
  nodeId: string,
  clock: Clock,
  { startOffsetMs: offsetMs, isKnown }: VerifierOptions = {},
): Verifier {
  return {
    nodeId,
    clock,
    nonces: new NonceMemory(isKnown),
    ...(offsetMs === undefined
      ? {}
      : { startClock: { offsetMs, nonces: new NonceMemory(isKnown) } }),
    sinceMs: clock.monotonicMs(),
  };
}

/**
 * Checks a request's signature. `headers` have lower-case names. A request without signature
 * headers is `unsigned`; that is not an error, but it has no rights of a node.
 * @param source the address that sent it, whose strangers have a limited share of the memory
 */
export function verifyRequest(
  parts: RequestParts,
  headers: Readonly<Record<string, string | undefined>>,
  verifier: Verifier,
  source?: string,
): Verdict {
  const input = headers["signature-input"];
  const signature = headers["signature"];
  if (input === undefined && signature === undefined) return { kind: "unsigned" };
  const parsed = parseHeaders(input ?? "", signature ?? "");
  if (!parsed) return bad("the signature headers are not in the form that tankd reads");
  const audience = headers[AUDIENCE_HEADER];
  const covered = parsed.components.replaceAll('"', "");
  const isUnbound = audience !== undefined && covered === componentsOf(audience, true).join(" ");
  const listed = componentsOf(audience, isUnbound).join(" ");
  if (covered !== listed) return bad(`the signature must cover exactly: ${listed}`);
  const digest = headers["content-digest"] ?? "";
  if (digest !== contentDigest(parts.body)) return bad("the content digest does not match");
  const nodeId = nodeIdOf(parsed.keyId);
  if (nodeId === undefined) return bad("the key is not an Ed25519 public key in base64url");
  const base = signatureBase({ parts, digest, audience, params: parsed.params, isUnbound });
  if (!verifySignature(parsed.keyId, base, parsed.signature)) {
    return bad("the signature does not verify");
  }
  // Only after the signature: unverified text must not cause work for another node.
  if (audience !== undefined && audience !== verifier.nodeId) {
    return { kind: "misdirected", audience, nodeId };
  }
  const dated = dateOf(parsed.created, verifier);
  if (!dated) return bad("it is dated by a start clock, and none is known here");
  const { date, now, start, nonces } = dated;
  if (Math.abs(now - date) > SIGNATURE_WINDOW_SECONDS) {
    return bad(`created is ${parsed.created}, the clock here says ${now - date + parsed.created}`);
  }
  if (date < start) return bad("it was signed before this start");
  // Last, so that only the owner of a key can fill the memory kept for that key.
  const oldest = now - SIGNATURE_WINDOW_SECONDS;
  const use = nonces.admit(nodeId, parsed.nonce, date, oldest, source);
  if (use === "crowded") return { kind: "crowded" };
  if (use === "used") return bad("the nonce was used before");
  return { kind: "signed", nodeId, publicKey: parsed.keyId };
}

/** When a request was signed and when this start began, in seconds of the clock that dates it. */
interface Dated {
  readonly date: number;
  readonly now: number;
  readonly start: number;
  readonly nonces: NonceMemory;
}

/** Undefined if it is dated by an unknown clock. */
function dateOf(created: number, verifier: Verifier): Dated | undefined {
  const { clock, nonces, startClock, sinceMs } = verifier;
  const monotonicMs = clock.monotonicMs();
  if (!isByStartClock(created)) {
    const wallMs = clock.wallMs();
    // Converted to the present wall clock, which may have been set in the meantime.
    const startMs = sinceMs === undefined ? 0 : wallMs - (monotonicMs - sinceMs);
    return { date: created, now: secondsOf(wallMs), start: secondsOf(startMs), nonces };
  }
  if (!startClock) return undefined;
  const date = created - Math.round(startClock.offsetMs / 1000) + ORIGIN_SECONDS;
  const now = secondsOf(monotonicMs) + ORIGIN_SECONDS;
  // No other start has dates in the range of this one.
  return { date, now, start: 0, nonces: startClock.nonces };
}

function secondsOf(ms: number): number {
  return Math.floor(ms / 1000);
}

function bad(reason: string): Verdict {
  return { kind: "bad", reason };
}
