import { expect, test } from "bun:test";
import fc from "fast-check";
import { cellAt, fillGrid, makeGrid } from "../../src/sim/state/grid.ts";

test("every row lies once in its cell, in order, with its place", () => {
  const place = fc.tuple(
    fc.double({ min: -50, max: 1200, noNaN: true }),
    fc.double({ min: -50, max: 700, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(place, { maxLength: 80 }), (places) => {
      const grid = makeGrid(1088, 612, 80);
      const x = Float64Array.from(places, ([px]) => px);
      const y = Float64Array.from(places, ([, py]) => py);
      fillGrid(grid, places.length, x, y);
      const seen: number[] = [];
      for (let cell = 0; cell < grid.columns * grid.rows; cell++) {
        const run = grid.slots.subarray(grid.starts[cell], grid.starts[cell + 1]);
        expect([...run]).toEqual([...run].sort((a, b) => a - b));
        for (const [index, slot] of run.entries()) {
          const [px, py] = places[slot] as [number, number];
          expect(cellAt(py, grid.rows) * grid.columns + cellAt(px, grid.columns)).toBe(cell);
          const at = (grid.starts[cell] as number) + index;
          expect([grid.xs[at], grid.ys[at]]).toEqual([px, py]);
          seen.push(slot);
        }
      }
      expect(seen.sort((a, b) => a - b)).toEqual([...places.keys()]);
    }),
  );
});
