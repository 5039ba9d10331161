import {
  type PositionStatement,
  readPosition,
  statePosition,
} from "../../../src/cluster/clones/position.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";

export const ada = identityFromSeed(new Uint8Array(32).fill(1));
export const bob = identityFromSeed(new Uint8Array(32).fill(2));

/** What a node says of its journal in one of its starts. */
export function said(position: number, bootId: string, by = ada): PositionStatement {
  const statement = readPosition(statePosition(by, bootId, position));
  if (!statement) throw new Error("a statement reads back");
  return statement;
}
