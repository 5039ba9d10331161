/** Randomness for everything except the world: `src/sim` draws only from its own seeded streams. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array;
  /** A real in [0, 1). */
  unit(): number;
}

/** `byteCount` random bytes in lower-case hexadecimal. */
export function randomHex(random: Random, byteCount: number): string {
  return random.bytes(byteCount).toHex();
}

/** An integer in [0, bound). `bound` must be a positive integer. */
export function randomInteger(random: Random, bound: number): number {
  return Math.floor(random.unit() * bound);
}
