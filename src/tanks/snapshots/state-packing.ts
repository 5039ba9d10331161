import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { LIMITS } from "../../platform/limits.ts";

/**
 * The saved state of a tank, packed for messages between threads and for snapshots: zstd, level 1.
 * Half the size of gzip at the same speed on an arena of typed arrays.
 */
export function packState(state: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  return new Uint8Array(zstdCompressSync(state, { params }));
}

/** Throws when `packed` was not made by {@link packState}, or would unpack to too many bytes. */
export function unpackState(packed: Uint8Array): Uint8Array {
  return new Uint8Array(zstdDecompressSync(packed, { maxOutputLength: LIMITS.tankStateBytesMax }));
}
