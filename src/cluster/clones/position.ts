import {
  decodeBase64Url,
  encodeBase64Url,
  type Identity,
  verifySignature,
} from "../identity/identity.ts";

/**
 * How far a journal has come, in the signed words of its node: `<position>.<boot id>.<signature>`.
 * Others keep the words and show them again. So a node believes only what it has said itself, and
 * nobody can make it stop by claiming to remember more.
 */
export interface PositionStatement {
  readonly position: number;
  /** The start of the node in which it said so. */
  readonly bootId: string;
  readonly text: string;
}

/** 15 digits, a boot id of at most 64 characters, 86 of signature, and two dots. */
export const STATEMENT_CHARACTERS_MAX = 167;
const FORM = /^(\d{1,15})\.([\w-]{1,64})\.([\w-]{86})$/;

export function statePosition(identity: Identity, bootId: string, position: number): string {
  const signature = identity.sign(signedText(identity.nodeId, bootId, position));
  return `${position}.${bootId}.${encodeBase64Url(signature)}`;
}

/** The statement without a look at its signature; undefined when it is none. */
export function readPosition(text: string | null | undefined): PositionStatement | undefined {
  const [, position, bootId] = FORM.exec(text ?? "") ?? [];
  if (!text || position === undefined || bootId === undefined) return undefined;
  return { position: Number(position), bootId, text };
}

/** Whether the owner of the key has said this. */
export function isStatedBy(
  publicKey: string,
  nodeId: string,
  { position, bootId, text }: PositionStatement,
): boolean {
  const signature = decodeBase64Url(text.slice(text.lastIndexOf(".") + 1));
  const signed = signedText(nodeId, bootId, position);
  return signature !== undefined && verifySignature(publicKey, signed, signature);
}

function signedText(nodeId: string, bootId: string, position: number): Uint8Array {
  return new TextEncoder().encode(`tankd-position-v1\n${nodeId}\n${bootId}\n${position}`);
}
