import { createHash } from "node:crypto";
import { decodeBase64Url } from "./identity.ts";

/**
 * A request as far as its signature covers it: the part of HTTP Message Signatures (RFC 9421) and
 * Content-Digest (RFC 9530) that deals with text.
 */
export interface RequestParts {
  readonly method: string;
  /** Host and port as dialled: the value of the Host header. */
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
  readonly body: string;
}

/** The node that a request is meant for. */
export const AUDIENCE_HEADER = "tankd-audience";
const SIGNATURE_LABEL = "tankd";
const AUTHORITY = "@authority";
const COMPONENTS = ["@method", AUTHORITY, "@path", "@query", "content-digest"] as const;

/**
 * RFC 9421 section 2.2.3: lower case, without the default port. Spelled as HTTP clients spell Host
 * (URL standard), with IPv6 in its short form.
 */
function normalizeAuthority(authority: string): string {
  const plain = /^[\w.:[\]-]+$/.test(authority);
  return (plain ? URL.parse(`http://${authority}`)?.host : undefined) ?? authority.toLowerCase();
}

/** The components that a signature covers, in order. */
export function componentsOf(audience: string | undefined, isUnbound: boolean): readonly string[] {
  const bound = isUnbound ? COMPONENTS.filter((one) => one !== AUTHORITY) : COMPONENTS;
  return audience === undefined ? bound : [...bound, AUDIENCE_HEADER];
}

/** RFC 9530: sha-256 as a byte sequence. */
export function contentDigest(body: string): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
}

export interface SignedContent {
  readonly parts: RequestParts;
  readonly digest: string;
  readonly audience: string | undefined;
  readonly params: string;
  readonly isUnbound: boolean;
}

/** RFC 9421 section 2.5. */
export function signatureBase({
  parts,
  digest,
  audience,
  params,
  isUnbound,
}: SignedContent): Uint8Array {
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

/** `@signature-params`. */
export function parametersOf(of: {
  readonly components: readonly string[];
  readonly created: number;
  readonly nonce: string;
  readonly keyId: string;
}): string {
  const list = of.components.map((name) => `"${name}"`).join(" ");
  const { created, nonce, keyId } = of;
  return `(${list});created=${created};nonce="${nonce}";keyid="${keyId}";alg="ed25519"`;
}

export function signatureHeaders(params: string, signature: Uint8Array) {
  const encoded = Buffer.from(signature).toString("base64");
  return {
    "signature-input": `${SIGNATURE_LABEL}=${params}`,
    signature: `${SIGNATURE_LABEL}=:${encoded}:`,
  };
}

function splitQuery(path: string): readonly [string, string] {
  const at = path.indexOf("?");
  return at === -1 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}

export interface ParsedHeaders {
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

/** Undefined for headers in any other form than that of {@link signatureHeaders}. */
export function parseHeaders(input: string, signature: string): ParsedHeaders | undefined {
  const [, params, components, created, nonce, keyId] = INPUT.exec(input) ?? [];
  const encoded = SIGNATURE.exec(signature)?.[1];
  if (!params || !components || !created || !nonce || !keyId || !encoded) return undefined;
  const bytes = decodeBase64Url(encoded.replaceAll("+", "-").replaceAll("/", "_"));
  if (!bytes) return undefined;
  return { params, components, created: Number(created), nonce, keyId, signature: bytes };
}

/** The nonce of a signed request, to which its answer refers. Undefined if there is none. */
export function nonceIn(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  return INPUT.exec(headers["signature-input"] ?? "")?.[4];
}
