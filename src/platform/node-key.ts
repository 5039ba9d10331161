/**
 * The secret key of a node, as a seed of 32 bytes, and its prepared successor: a fork replaces the
 * key in two steps, between which a crash may occur.
 */
export interface NodeKey {
  current(): Promise<Uint8Array>;
  /** A prepared key that was neither adopted nor dropped, if any. */
  next(): Promise<Uint8Array | undefined>;
  /** Stores a prepared key durably; replaces an earlier one. */
  prepare(seed: Uint8Array): Promise<void>;
  /** Replaces the current key by the prepared one. Durable once resolved. */
  adopt(): Promise<void>;
  /** Removes a prepared key. */
  drop(): Promise<void>;
}
