/**
 * The secret key of a node, as a seed of 32 bytes, and the one that is to take its place: a node
 * becomes another one in two steps that a crash may part.
 */
export interface NodeKey {
  current(): Promise<Uint8Array>;
  /** The one that was prepared and neither adopted nor dropped; undefined without one. */
  next(): Promise<Uint8Array | undefined>;
  /** Keeps a further key, durably, in the place of one that was prepared before. */
  prepare(seed: Uint8Array): Promise<void>;
  /** The prepared key becomes the current one, whose seed is gone then. Durable once resolved. */
  adopt(): Promise<void>;
  /** Removes a prepared key. */
  drop(): Promise<void>;
}
