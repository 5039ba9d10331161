/**
 * The simulator's own generator: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom
 * number generators", 2018), integer arithmetic only, so that a seed gives the same run everywhere.
 */
export class Prng {
  readonly #state: Uint32Array;
  readonly #label: string;

  /**
   * Streams of different labels under one seed are independent: a draw from one does not affect
   * another.
   */
  constructor(seed: number, label: string) {
    this.#label = label;
    this.#state = seedState(seed, label);
  }

  /** Goes on as the stream of this label under another seed begins. */
  reseed(seed: number): void {
    this.#state.set(seedState(seed, this.#label));
  }

  /** 32 random bits, unsigned. */
  u32(): number {
    const s = this.#state;
    const [a = 0, b = 0, c = 0, d = 0] = s;
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const mixed = c ^ a;
    const other = d ^ b;
    s[0] = a ^ other;
    s[1] = b ^ mixed;
    s[2] = mixed ^ (b << 9);
    s[3] = rotateLeft(other, 11);
    return result;
  }

  /** A real in [0, 1) with 53 bits. */
  unit(): number {
    const high = this.u32() >>> 5;
    const low = this.u32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** An integer in [min, max], inclusive. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.unit() * (max - min + 1));
  }

  /**
   * True with a probability of `percent`. Always draws, so that a changed rate does not shift other
   * draws.
   */
  chance(percent: number): boolean {
    return this.unit() * 100 < percent;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() >>> 24);
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/**
 * Absorbs seed and label byte by byte (FNV-1a), then spreads them with the finaliser of
 * MurmurHash3.
 */
function seedState(seed: number, label: string): Uint32Array {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${label}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  const state = new Uint32Array(4);
  for (let index = 0; index < 4; index++) {
    hash = (hash + 0x9e3779b9) | 0;
    state[index] = finalise(hash);
  }
  return state;
}

function finalise(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
