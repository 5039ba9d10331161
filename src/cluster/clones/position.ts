import { type Identity, nodeIdOf } from "../identity/identity.ts";
import { isSigned, signText } from "../identity/signed-text.ts";

/**
 * The position of a journal, signed by its node: `<position>.<boot id>.<public key>.<signature>`.
 * Others store the statement and present it later, also to third nodes, which can verify it. So a
 * node believes only its own statements, and nobody can fence it by claiming to remember more.
 */
export interface PositionStatement {
  readonly position: number;
  /** The start of the node that made the statement. */
  readonly bootId: string;
  /** Undefined in statements of earlier builds, which data directories may still hold. */
  readonly publicKey: string | undefined;
  readonly text: string;
}

/** 15 digits, a boot id of at most 64 characters, 43 of key, 86 of signature, and three dots. */
export const STATEMENT_CHARACTERS_MAX = 211;
const FORM = /^(\d{1,15})\.([\w-]{1,64})(?:\.([\w-]{43}))?\.([\w-]{86})$/;

export function statePosition(identity: Identity, bootId: string, position: number): string {
  const { nodeId, publicKey } = identity;
  const signature = signText(identity, signedText(nodeId, bootId, position));
  return `${position}.${bootId}.${publicKey}.${signature}`;
}

/** Parses a statement without verifying its signature; undefined when it is malformed. */
export function readPosition(text: string | null | undefined): PositionStatement | undefined {
  const [, position, bootId, publicKey] = FORM.exec(text ?? "") ?? [];
  if (!text || position === undefined || bootId === undefined) return undefined;
  return { position: Number(position), bootId, publicKey, text };
}

/** Verifies a statement; `publicKey` is used if it carries no key. */
export function isStatedBy(
  nodeId: string,
  statement: PositionStatement,
  publicKey = statement.publicKey,
): boolean {
  if (publicKey === undefined || nodeIdOf(publicKey) !== nodeId) return false;
  const { position, bootId, text } = statement;
  const signature = text.slice(text.lastIndexOf(".") + 1);
  return isSigned(publicKey, signedText(nodeId, bootId, position), signature);
}

/** The node that made the statement, by the key that it carries; undefined when it is forged. */
export function statedBy(statement: PositionStatement): string | undefined {
  const nodeId = statement.publicKey && nodeIdOf(statement.publicKey);
  return nodeId && isStatedBy(nodeId, statement) ? nodeId : undefined;
}

function signedText(nodeId: string, bootId: string, position: number): string {
  return `tankd-position-v1\n${nodeId}\n${bootId}\n${position}`;
}
