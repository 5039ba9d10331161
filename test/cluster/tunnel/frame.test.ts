import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Frame,
  type FrameKind,
  FrameReader,
  KIND,
  piecesOf,
} from "../../../src/cluster/tunnel/frame.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { OwnRoom, type Room, SharedRoom } from "../../../src/platform/room.ts";

const kinds = fc.constantFrom<FrameKind>(...Object.values(KIND));

function frameReader(room: Room = new OwnRoom(LIMITS.tunnelUnfinishedBytesMax)): FrameReader {
  return new FrameReader(room);
}

function readAll(reader: FrameReader, pieces: readonly Uint8Array[]) {
  return pieces.map((piece) => reader.read(piece)).filter((one) => one !== undefined);
}

describe("what goes through a tunnel", () => {
  test("comes out as it went in, however long, and fits the messages that servers take", () => {
    fc.assert(
      fc.property(
        kinds,
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.integer({ min: 0, max: 3 * LIMITS.tunnelPieceBytesMax }),
        (kind, stream, length) => {
          const content = new Uint8Array(length).map((_, index) => index % 251);
          const pieces = piecesOf({ kind, stream, content });
          expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(
            LIMITS.tunnelPieceBytesMax,
          );
          const [frame] = readAll(frameReader(), pieces) as Frame[];
          expect(frame).toMatchObject({ kind, stream });
          expect(Buffer.compare(frame?.content ?? new Uint8Array(1), content)).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("may be interleaved: a long answer holds up nobody", () => {
    const long = new Uint8Array(2 * LIMITS.tunnelPieceBytesMax).fill(1);
    const [first, ...rest] = piecesOf({ kind: KIND.response, stream: 1, content: long });
    const short = piecesOf({ kind: KIND.text, stream: 2, content: Uint8Array.of(7) });
    const reader = frameReader();
    const frames = readAll(
      reader,
      [first, ...short, ...rest].filter((one) => one !== undefined),
    );
    expect(frames.map((frame) => frame !== "broken" && frame.stream)).toEqual([2, 1]);
  });

  test("is broken where it is nothing that tunnels say, and never an exception", () => {
    const reader = frameReader();
    expect(reader.read(new Uint8Array(0))).toBe("broken");
    expect(reader.read(Uint8Array.of(KIND.text, 0, 0, 0))).toBe("broken");
    expect(reader.read(Uint8Array.of(99, 0, 0, 0, 1))).toBe("broken");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        frameReader().read(bytes);
      }),
    );
  });

  test("of one stream is of one kind until it is whole", () => {
    const reader = frameReader();
    const content = new Uint8Array(2 * LIMITS.tunnelPieceBytesMax);
    const [first] = piecesOf({ kind: KIND.response, stream: 5, content });
    const [other] = piecesOf({ kind: KIND.text, stream: 5, content: Uint8Array.of(1) });
    if (first === undefined || other === undefined) throw new Error("no pieces");
    expect(reader.read(first)).toBeUndefined();
    expect(reader.read(other)).toBe("broken");
  });

  test("is in full pieces but the last: the memory does not fill with short ones", () => {
    for (const length of [0, 1, LIMITS.tunnelPieceBytesMax - 6]) {
      const piece = new Uint8Array(5 + length);
      piece[0] = KIND.response | 0x80;
      expect(frameReader().read(piece)).toBe("broken");
    }
  });

  test("is bounded in all: what never ends does not fill the memory", () => {
    const reader = frameReader();
    const content = new Uint8Array(2 * LIMITS.tunnelPieceBytesMax);
    let stream = 0;
    let outcome: unknown;
    while (outcome !== "broken" && stream < 10_000) {
      const [first] = piecesOf({ kind: KIND.request, stream: stream++, content });
      if (first === undefined) throw new Error("no piece");
      outcome = reader.read(first);
    }
    expect(stream * LIMITS.tunnelPieceBytesMax).toBeLessThan(
      LIMITS.tunnelUnfinishedBytesMax + 2 * LIMITS.tunnelPieceBytesMax,
    );
  });
});

describe("what has come of answers that are not whole", () => {
  const content = new Uint8Array(2 * LIMITS.tunnelPieceBytesMax);
  const [first, second, last] = piecesOf({ kind: KIND.response, stream: 1, content });
  const bytes = LIMITS.tunnelPieceBytesMax - 5;

  test("is bounded for all tunnels together, and for those of one source", () => {
    if (first === undefined) throw new Error("no piece");
    const shared = new SharedRoom(3 * bytes, 2 * bytes);
    const outcome = (source: string) => frameReader(shared.of(source)).read(first);
    expect(["a", "a", "a", "b", "b"].map(outcome)).toEqual([
      undefined,
      undefined,
      "broken",
      undefined,
      "broken",
    ]);
  });

  test("gives its room back when it is whole, or does not come any more", () => {
    if (first === undefined || second === undefined || last === undefined) throw new Error("none");
    const shared = new SharedRoom(2 * bytes, 2 * bytes);
    for (let index = 0; index < 5; index++) {
      const reader = frameReader(shared.of("a"));
      for (const piece of [first, second]) expect(reader.read(piece)).toBeUndefined();
      if (index % 2 === 0) expect(reader.read(last)).toMatchObject({ stream: 1 });
      else reader.clear();
    }
  });
});
