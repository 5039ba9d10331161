import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { invariant } from "../../platform/errors.ts";

/** A node's key, and the id that is derived from it. */
export interface Identity {
  /** The first 20 characters of base32(SHA-256(public key)): 100 bits, fit for a DNS label. */
  readonly nodeId: string;
  /** Ed25519 public key, 32 bytes in base64url. */
  readonly publicKey: string;
  sign(message: Uint8Array): Uint8Array;
}

const SEED_BYTES = 32;
const NODE_ID_CHARACTERS = 20;
/**
 * DER headers of a raw Ed25519 key in PKCS #8 and SubjectPublicKeyInfo (RFC 8410, sections 7 and
 * 4).
 */
const PKCS8_HEADER = Uint8Array.fromHex("302e020100300506032b657004220420");
const SPKI_HEADER = Uint8Array.fromHex("302a300506032b6570032100");
const BASE64URL = { alphabet: "base64url", omitPadding: true } as const;

/**
 * The identity that is derived from a seed of 32 secret bytes; the same seed gives the same node.
 */
export function identityFromSeed(seed: Uint8Array): Identity {
  invariant(seed.length === SEED_BYTES, `a key seed has ${SEED_BYTES} bytes`);
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEADER, seed]),
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const raw = new Uint8Array(spki.subarray(SPKI_HEADER.length));
  const publicKey = raw.toBase64(BASE64URL);
  return {
    nodeId: hashKey(raw),
    publicKey,
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** The node id of a public key in base64url; undefined if it is not an Ed25519 key. */
export function nodeIdOf(publicKey: string): string | undefined {
  const raw = decodeBase64Url(publicKey);
  return raw?.length === SEED_BYTES ? hashKey(raw) : undefined;
}

/** Whether `signature` over `message` was made with the key. False for malformed input. */
export function verifySignature(
  publicKey: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const raw = decodeBase64Url(publicKey);
  if (raw?.length !== SEED_BYTES) return false;
  try {
    const key = createPublicKey({
      key: Buffer.concat([SPKI_HEADER, raw]),
      format: "der",
      type: "spki",
    });
    return verify(null, message, key, signature);
  } catch {
    // A point that is not on the curve: no signature can verify with it.
    return false;
  }
}

export function encodeBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64(BASE64URL);
}

/** Undefined if the text is not base64url, or not in canonical spelling (RFC 4648, section 3.5). */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  try {
    const padded = text.padEnd(text.length + ((4 - (text.length % 4)) % 4), "=");
    return Uint8Array.fromBase64(padded, { alphabet: "base64url", lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}

function hashKey(raw: Uint8Array): string {
  const digest = createHash("sha256").update(raw).digest();
  return base32(digest).slice(0, NODE_ID_CHARACTERS);
}

const BASE32_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648, section 6, in lower case and without padding. */
function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32_ALPHABET[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return text;
}
