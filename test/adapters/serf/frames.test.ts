import { describe, expect, test } from "bun:test";
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { FRAME_BYTES_MAX, Frames } from "../../../src/adapters/serf/frames.ts";

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function framesOf(chunks: readonly Uint8Array[]): Uint8Array[] {
  const frames = new Frames();
  return chunks.flatMap((chunk) => [...frames.push(chunk)].map((frame) => frame.slice()));
}

/** Every kind of value, and texts and lists on both sides of each change of the head. */
const values = fc.array(
  fc.oneof(
    fc
      .anything({ withNullPrototype: false, maxDepth: 4, key: fc.string({ maxLength: 40 }) })
      .filter(isEncodable),
    fc.constantFrom(31, 32, 255, 256, 65_535, 65_536).map((length) => "x".repeat(length)),
    fc.constantFrom(15, 16, 65_535, 65_536).map((length) => Array<number>(length).fill(1)),
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(0, -1, -33, 127, 128, 255, 65_536, -70_000, 2 ** 40, 1.5, new Date(0)),
  ),
  { maxLength: 6 },
);

function isEncodable(value: unknown): boolean {
  try {
    decode(encode(value));
    return true;
  } catch {
    return false;
  }
}

describe("MessagePack without lengths", () => {
  test("is cut into its values, wherever the chunks end", () => {
    fc.assert(
      fc.property(
        values,
        fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1 }),
        (all, sizes) => {
          const whole = all.map((value) => encode(value));
          const frames = framesOf(cut(Buffer.concat(whole), sizes));
          expect(frames.map((frame) => frame.toHex())).toEqual(whole.map((one) => one.toHex()));
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([
    ["a list of four billion", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["a map of four billion", [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ["a text of four gigabytes", [0xdb, 0xff, 0xff, 0xff, 0xff, 0x41]],
    [
      "lists that claim a million entries each",
      [0xdd, 0, 0x10, 0, 0, 0xdd, 0, 0x10, 0, 0, 0xdd, 0, 0x20, 0, 0],
    ],
    ["a byte that stands for nothing", [0x92, 0xc1]],
  ])("%s is refused at once", (_, bytes) => {
    expect(() => framesOf([Uint8Array.from(bytes)])).toThrow(RangeError);
  });

  test("lists in lists without end are refused", () => {
    const frames = new Frames();
    const deeper = new Uint8Array(64 * 1024).fill(0x91);
    expect(() => {
      for (let sent = 0; sent <= FRAME_BYTES_MAX; sent += deeper.length) [...frames.push(deeper)];
    }).toThrow(RangeError);
  });
});
