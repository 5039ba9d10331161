import { expect, test } from "bun:test";
import fc from "fast-check";
import { KeyedSemaphore, Mutex } from "../../src/platform/mutex.ts";

test("never more than the permits under one key, in order, and all get through", async () => {
  const keys = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      keys,
      fc.integer({ min: 1, max: 4 }),
      fc.scheduler(),
      async (all, permits, s) => {
        const semaphore = new KeyedSemaphore(permits);
        const busy = new Map<string, number>();
        const begun: number[] = [];
        const runs = all.map((key, index) =>
          semaphore.run(key, async () => {
            begun.push(index);
            busy.set(key, (busy.get(key) ?? 0) + 1);
            expect(busy.get(key)).toBeLessThanOrEqual(permits);
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

test("a mutex begins a task when the one before has ended, also when that one failed", async () => {
  const mutex = new Mutex();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = mutex.run(async () => {
    await gate.promise;
    seen.push("first");
    throw new Error("failed");
  });
  const second = mutex.run(async () => seen.push("second"));
  await Promise.resolve();
  gate.resolve();
  await expect(first).rejects.toThrow("failed");
  await second;
  expect(seen).toEqual(["first", "second"]);
});
