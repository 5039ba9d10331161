import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  createTank,
  digest,
  heap,
  loadTank,
  openTank,
  parkTank,
  saveTank,
  type Tank,
} from "../../src/sim/index.ts";
import { play, run, scripts, specs, tankOf } from "./scripts.ts";

/** What another process finds in the memory of a tank. */
function memoryOf(tank: Tank): ArrayBuffer {
  return tank.arena.buffer.slice(0);
}

function parked(tank: Tank): ArrayBuffer {
  parkTank(tank);
  return memoryOf(tank);
}

/** Memory that is longer than a tank asks for, as shared memory is. */
const roomy = (bytes: number) => new ArrayBuffer(bytes + 88);

test("a tank opened in its memory is the parked one, now and in every future", () => {
  fc.assert(
    fc.property(specs(), scripts(12), scripts(12), (spec, past, future) => {
      const tank = createTank(spec, roomy);
      const away: Uint8Array[] = [];
      for (const move of past) play(tank, away, move);
      const opened = openTank(spec, parked(tank), heap);
      expect(saveTank(opened)).toEqual(saveTank(tank));
      const awayToo = [...away];
      for (const move of future) {
        expect(play(opened, awayToo, move)).toEqual(play(tank, away, move));
        expect(digest(opened)).toBe(digest(tank));
      }
    }),
    { numRuns: 100 },
  );
});

test("it goes on in that memory, and can be parked and opened there again", () => {
  const tank = run(tankOf(1, 20), 50);
  const memory = parked(tank);
  const opened = run(openTank(tank.spec, memory, heap), 70);
  parkTank(opened);
  expect(opened.arena.buffer).toBe(memory);
  expect(digest(openTank(tank.spec, memory, heap))).toBe(digest(run(tank, 70)));
});

test("a loaded tank lies in the memory that it is given", () => {
  const saved = saveTank(run(tankOf(1, 20), 50));
  const given: ArrayBuffer[] = [];
  const loaded = loadTank(saved, (bytes) => {
    const memory = roomy(bytes);
    given.push(memory);
    return memory;
  });
  expect(loaded.arena.buffer).toBe(given.at(-1) as ArrayBuffer);
  expect(saveTank(loaded)).toEqual(saved);
});

test("what has changed since it was parked is found out", () => {
  const tank = run(tankOf(1, 20), 50);
  parkTank(tank);
  run(tank, 30);
  expect(() => openTank(tank.spec, memoryOf(tank), heap)).toThrow();
});

test.each([
  ["is too short", (memory: ArrayBuffer) => memory.slice(0, memory.byteLength / 2)],
  ["is empty", () => new ArrayBuffer(0)],
  ["has other columns", (memory: ArrayBuffer) => withForm(memory, 7)],
  ["was never parked", (memory: ArrayBuffer) => new ArrayBuffer(memory.byteLength)],
  ["counts more fish than fit", (memory: ArrayBuffer) => withNumber(memory, 1, 1e6)],
  ["counts a fish too many", (memory: ArrayBuffer) => withNumber(memory, 1, 21)],
  ["counts no number of fish", (memory: ArrayBuffer) => withNumber(memory, 1, Number.NaN)],
])("memory that %s holds no tank", (_, damage) => {
  const tank = tankOf(1, 20);
  expect(() => openTank(tank.spec, damage(parked(tank)), heap)).toThrow();
});

/** The form is the first word of the memory. */
function withForm(memory: ArrayBuffer, form: number): ArrayBuffer {
  new Uint32Array(memory)[0] = form;
  return memory;
}

/** After the form come the counters; the second is that of the fish. */
function withNumber(memory: ArrayBuffer, index: number, value: number): ArrayBuffer {
  new Float64Array(memory)[1 + index] = value;
  return memory;
}
