import { expect, test } from "bun:test";
import fc from "fast-check";
import { Sequences } from "../../../src/migration/transfer/sequences.ts";

const pair = { source_tank_id: "reef", destination_tank_id: "lake" };
const at = (sequence: number) => ({ ...pair, sequence });

test("numbers go up by one for each pair and go on after a restart", () => {
  const sequences = new Sequences();
  sequences.load([at(7)], [at(3), at(7)]);
  expect(sequences.take(pair)).toBe(8);
  expect(sequences.take({ ...pair, destination_tank_id: "sea" })).toBe(1);
  expect(sequences.take(pair)).toBe(9);
  expect(sequences.lowestUndecided(at(9))).toBe(3);
});

test("the lowest undecided is never above an open transfer, whatever settles when", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (choices) => {
      const sequences = new Sequences();
      const open = new Set<number>();
      for (const choice of choices) {
        const [settled] = choice > 10 ? [...open].slice(choice % (open.size + 1)) : [];
        if (settled === undefined) open.add(sequences.take(pair));
        else {
          open.delete(settled);
          sequences.settle(at(settled));
        }
        for (const sequence of open) {
          expect(sequences.lowestUndecided(at(sequence))).toBe(Math.min(...open));
        }
      }
    }),
  );
});
