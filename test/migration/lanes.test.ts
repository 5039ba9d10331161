import { expect, test } from "bun:test";
import fc from "fast-check";
import { Lanes } from "../../src/migration/lanes.ts";

test("never more than the width under one key, in order, and everybody gets through", async () => {
  const keys = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      keys,
      fc.integer({ min: 1, max: 4 }),
      fc.scheduler(),
      async (all, width, s) => {
        const lanes = new Lanes(width);
        const busy = new Map<string, number>();
        const begun: number[] = [];
        const runs = all.map((key, index) =>
          lanes.run(key, async () => {
            begun.push(index);
            busy.set(key, (busy.get(key) ?? 0) + 1);
            expect(busy.get(key)).toBeLessThanOrEqual(width);
            await s.schedule(Promise.resolve(), `${key} ${index}`);
            busy.set(key, (busy.get(key) ?? 0) - 1);
            if (index % 5 === 4) throw new Error("a failed task frees its place too");
            return index;
          }),
        );
        await s.waitFor(Promise.allSettled(runs));
        expect(begun.toSorted((a, b) => a - b)).toEqual(all.map((_, index) => index));
        for (const key of ["a", "b", "c"]) {
          const ofKey = begun.filter((index) => all[index] === key);
          expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
        }
      },
    ),
    { numRuns: 50 },
  );
});
