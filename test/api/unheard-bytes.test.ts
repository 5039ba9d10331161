import { expect, test } from "bun:test";
import { UnheardBytes } from "../../src/api/unheard-bytes.ts";

const MEGABYTE = 1 << 20;

/** One WebSocket, over which so many bytes have come at each look. */
function looksAt(received: readonly (number | undefined)[], heard: readonly number[] = []) {
  const unheard = new UnheardBytes();
  unheard.open("10.0.0.1 4000");
  return received.map((bytes, at) => {
    for (let sent = heard[at] ?? 0; sent > 0; sent -= 16_384) unheard.hear("10.0.0.1 4000", 16_384);
    return unheard.look(() => bytes);
  });
}

test("what came before the first look counts for nothing: it may have been a request", () => {
  expect(looksAt([64 * MEGABYTE, 65 * MEGABYTE])).toEqual([[], []]);
});

test("who sends much that makes no message is found at the second look", () => {
  expect(looksAt([0, 2 * MEGABYTE])).toEqual([[], ["10.0.0.1 4000"]]);
});

test("who sends much in messages is not", () => {
  expect(looksAt([0, 9 * MEGABYTE, 18 * MEGABYTE], [0, 9 * MEGABYTE, 9 * MEGABYTE])).toEqual([
    [],
    [],
    [],
  ]);
});

test("nor who has ended, or of whom the system tells nothing", () => {
  expect(looksAt([0, undefined])).toEqual([[], []]);
  const unheard = new UnheardBytes();
  unheard.open("a");
  unheard.close("a");
  expect(unheard.look(() => 9 * MEGABYTE)).toEqual([]);
});
