import { decodeBase64Url, encodeBase64Url, type Identity, verifySignature } from "./identity.ts";

/**
 * The signature of a text, base64url. The first line of a text is its purpose, so no signature can
 * be passed off as one of something else.
 */
export function signText(identity: Identity, text: string): string {
  return encodeBase64Url(identity.sign(new TextEncoder().encode(text)));
}

/** Whether the key has signed exactly this text. False for malformed input. */
export function isSigned(publicKey: string, text: string, signature: string): boolean {
  const bytes = decodeBase64Url(signature);
  return bytes !== undefined && verifySignature(publicKey, new TextEncoder().encode(text), bytes);
}
