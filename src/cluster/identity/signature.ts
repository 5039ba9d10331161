import { createHash } from "node:crypto";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import {
  decodeBase64Url,
  encodeBase64Url,
  type Identity,
  nodeIdOf,
  verifySignature,
} from "./identity.ts";
import { NonceMemory } from "./nonce-memory.ts";
import { isByStartClock } from "./start-clock.ts";

/**
 * Signed requests between nodes: the small part of HTTP Message Signatures (RFC 9421, Ed25519) with
 * Content-Digest (RFC 9530) that tankd needs. One signature, one fixed list of components.
 *
 * `created` is told in the time of the node that is addressed, as the signer learned it in the
 * handshake: by its start clock (`drawStartOffset`), or by its wall clock where it tells of no
 * other. A Raspberry Pi without a battery wakes up years in the past; it must join all the same,
 * and two machines never need to agree on the time. What the window gives is a bound on how long
 * nonces are remembered. A node that was started anew refuses one request, and its peer asks for
 * the time again.
 */
export interface RequestParts {
  readonly method: string;
  /** Host and port as dialled, which is what the Host header carries. */
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
  readonly body: string;
}

export interface SigningOptions {
  /** Node id of the one that is addressed, where it is known. */
  readonly audience?: string;
  /** Its wall clock minus ours. */
  readonly clockOffsetMs?: number;
  /** Its start clock minus our monotonic clock, where it tells of one. */
  readonly startOffsetMs?: number | undefined;
  /**
   * Leave the authority out: the request may come by another name than was dialled, through a
   * balancer or a relay. It needs an audience, which is what binds the request then.
   */
  readonly isUnbound?: boolean;
}

export type SignedHeaders = Readonly<Record<string, string>>;

export type Verdict =
  | { readonly kind: "unsigned" }
  | { readonly kind: "signed"; readonly nodeId: string; readonly publicKey: string }
  /** It verifies, and there is no room to remember that it was said. */
  | { readonly kind: "crowded" }
  /** It verifies, and is for another node, which alone can say whether it is timely and new. */
  | { readonly kind: "misdirected"; readonly audience: string; readonly nodeId: string }
  | { readonly kind: "bad"; readonly reason: string };

/** The node that a request is meant for. */
export const AUDIENCE_HEADER = "tankd-audience";
/** What is said to whom there is no room to remember. */
export const CROWDED = "Too many new nodes speak here; try again in a few minutes.";
/** How far `created` may lie from the clock of the verifier. */
export const SIGNATURE_WINDOW_SECONDS = 300;
/** The monotonic clock may begin at zero, and the memory of nonces knows no dates before that. */
const ORIGIN_SECONDS = 1_000_000;
const SIGNATURE_LABEL = "tankd";
const NONCE_BYTES = 16;
const AUTHORITY = "@authority";
const COMPONENTS = ["@method", AUTHORITY, "@path", "@query", "content-digest"] as const;

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
  const list = components.map((name) => `"${name}"`).join(" ");
  const params =
    `(${list});created=${created};nonce="${nonce}";` +
    `keyid="${identity.publicKey}";alg="ed25519"`;
  const digest = contentDigest(parts.body);
  const base = signatureBase({ parts, digest, audience, params, isUnbound });
  const signature = Buffer.from(identity.sign(base)).toString("base64");
  return {
    "content-digest": digest,
    ...(audience === undefined ? {} : { [AUDIENCE_HEADER]: audience }),
    "signature-input": `${SIGNATURE_LABEL}=${params}`,
    signature: `${SIGNATURE_LABEL}=:${signature}:`,
  };
}

/** The start clock of the one that is addressed, as it stands to the verifier's clock. */
export interface VerifiersStartClock {
  /** What it shows more than the monotonic clock. */
  readonly offsetMs: number;
  /** Of requests that are dated by it; in the seconds of the monotonic clock. */
  readonly nonces: NonceMemory;
}

/** Who this node is to the requests it verifies, and which ones it has seen. */
export interface Verifier {
  readonly nodeId: string;
  readonly clock: Clock;
  /** Of requests that are dated by the wall clock. */
  readonly nonces: NonceMemory;
  /** Undefined where there is none: then requests that are dated by one are refused. */
  readonly startClock?: VerifiersStartClock | undefined;
  /**
   * Since when it has remembered them, monotonic milliseconds: what was signed before may have been
   * used before a restart. Undefined where the signer's clock is known roughly only.
   */
  readonly sinceMs?: number;
}

export interface VerifierOptions {
  /** What its start clock shows more than the monotonic one. */
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
 * headers is `unsigned`, which is no fault: it has no rights of a node.
 * @param source who has brought it, where his strangers have a share of the memory only
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
  // Not before: what anybody can make up is to cost no other node anything.
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
  // Last, so that only the key's owner can fill the memory kept for the key.
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

/** Undefined where it is dated by a clock that is not known. */
function dateOf(created: number, verifier: Verifier): Dated | undefined {
  const { clock, nonces, startClock, sinceMs } = verifier;
  const monotonicMs = clock.monotonicMs();
  if (!isByStartClock(created)) {
    const wallMs = clock.wallMs();
    // By the wall clock as it goes now: it may have been set since.
    const startMs = sinceMs === undefined ? 0 : wallMs - (monotonicMs - sinceMs);
    return { date: created, now: secondsOf(wallMs), start: secondsOf(startMs), nonces };
  }
  if (!startClock) return undefined;
  const date = created - Math.round(startClock.offsetMs / 1000) + ORIGIN_SECONDS;
  const now = secondsOf(monotonicMs) + ORIGIN_SECONDS;
  // No other start has dates of this one.
  return { date, now, start: 0, nonces: startClock.nonces };
}

function secondsOf(ms: number): number {
  return Math.floor(ms / 1000);
}

/**
 * RFC 9421 section 2.2.3: lower case, without the default port. The URL standard's spelling, as
 * HTTP clients put it into Host: IPv6 in its short form, too.
 */
function normalizeAuthority(authority: string): string {
  const plain = /^[\w.:[\]-]+$/.test(authority);
  return (plain ? URL.parse(`http://${authority}`)?.host : undefined) ?? authority.toLowerCase();
}

function componentsOf(audience: string | undefined, isUnbound: boolean): readonly string[] {
  const bound = isUnbound ? COMPONENTS.filter((one) => one !== AUTHORITY) : COMPONENTS;
  return audience === undefined ? bound : [...bound, AUDIENCE_HEADER];
}

/** RFC 9530: sha-256 as a byte sequence. */
function contentDigest(body: string): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
}

interface SignedContent {
  readonly parts: RequestParts;
  readonly digest: string;
  readonly audience: string | undefined;
  readonly params: string;
  readonly isUnbound: boolean;
}

/** RFC 9421 section 2.5. */
function signatureBase({ parts, digest, audience, params, isUnbound }: SignedContent): Uint8Array {
  const [path, query] = splitQuery(parts.path);
  const lines = [
    `"@method": ${parts.method.toUpperCase()}`,
    ...(isUnbound ? [] : [`"${AUTHORITY}": ${normalizeAuthority(parts.authority)}`]),
    `"@path": ${path}`,
    `"@query": ?${query}`,
    `"content-digest": ${digest}`,
    ...(audience === undefined ? [] : [`"${AUDIENCE_HEADER}": ${audience}`]),
    `"@signature-params": ${params}`,
  ];
  return new TextEncoder().encode(lines.join("\n"));
}

function splitQuery(path: string): readonly [string, string] {
  const at = path.indexOf("?");
  return at === -1 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}

interface ParsedHeaders {
  readonly params: string;
  readonly components: string;
  readonly created: number;
  readonly nonce: string;
  readonly keyId: string;
  readonly signature: Uint8Array;
}

const LIST = /\(((?:"[a-z@-]{1,32}" ?){1,8})\)/.source;
const CREATED = /created=(\d{1,12})/.source;
const NONCE = /nonce="([\w-]{16,64})"/.source;
const KEY_ID = /keyid="([\w-]{43})"/.source;
const INPUT = new RegExp(`^tankd=(${LIST};${CREATED};${NONCE};${KEY_ID};alg="ed25519")$`);
/** Ed25519 signatures have 64 bytes: 86 characters and two of padding. */
const SIGNATURE = /^tankd=:([A-Za-z0-9+/]{86}==):$/;

function parseHeaders(input: string, signature: string): ParsedHeaders | undefined {
  const [, params, components, created, nonce, keyId] = INPUT.exec(input) ?? [];
  const encoded = SIGNATURE.exec(signature)?.[1];
  if (!params || !components || !created || !nonce || !keyId || !encoded) return undefined;
  const bytes = decodeBase64Url(encoded.replaceAll("+", "-").replaceAll("/", "_"));
  if (!bytes) return undefined;
  return { params, components, created: Number(created), nonce, keyId, signature: bytes };
}

/** The nonce of a signed request: what an answer to it names. Undefined where there is none. */
export function nonceIn(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  return INPUT.exec(headers["signature-input"] ?? "")?.[4];
}

function bad(reason: string): Verdict {
  return { kind: "bad", reason };
}
