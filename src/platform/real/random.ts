import { randomBytes } from "node:crypto";
import type { Random } from "../random.ts";

/** Randomness of the operating system, suitable for keys. */
export const realRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  unit: () => {
    const bytes = randomBytes(8);
    // 53 bits, the precision of a double in [0, 1).
    return ((bytes.readUInt32LE(0) >>> 5) * 2 ** 26 + (bytes.readUInt32LE(4) >>> 6)) / 2 ** 53;
  },
};
