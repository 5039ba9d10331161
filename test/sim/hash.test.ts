import { expect, test } from "bun:test";
import fc from "fast-check";
import { absorb, finishHash, hashBytes, hexOf, startHash } from "../../src/sim/wire/hash.ts";

test("whole blocks hash as MurmurHash3_x86_128 does", () => {
  const bytes = new TextEncoder().encode("tankd: sixteen b".repeat(3));
  const words = new Uint32Array(bytes.buffer, 0, bytes.length / 4);
  const state = startHash();
  absorb(state, words, 0, words.length);
  // mmh3 5.2 for Python: hash128(b"tankd: sixteen b" * 3, 0, x64arch=False).
  expect(hexOf(finishHash(state))).toBe("66815fe424aaefbc4898308bccc77db2");
});

test("one more zero byte is another hash", () => {
  const hashes = [0, 1, 3, 4, 5, 15, 16, 17].map((length) =>
    hexOf(hashBytes(new Uint8Array(length))),
  );
  expect(new Set(hashes).size).toBe(hashes.length);
});

test("a changed bit changes about half of the hash", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (bytes, where) => {
      const changed = bytes.slice();
      const bit = where % (8 * bytes.length);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const [a, b] = [hashBytes(bytes), hashBytes(changed)];
      const differing = [...a].map((word, at) => (word ^ (b[at] ?? 0)) >>> 0);
      const bits = differing.reduce((sum, word) => sum + onesIn(word), 0);
      expect(bits).toBeGreaterThan(25);
    }),
  );
});

function onesIn(word: number): number {
  return word.toString(2).replaceAll("0", "").length;
}
