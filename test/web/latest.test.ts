import { expect, test } from "bun:test";
import { Latest } from "../../src/web/latest.ts";

/** Wishes that were begun, each with a function that ends it. */
function begun() {
  const begun: { readonly wish: number; readonly end: () => void }[] = [];
  const latest = new Latest<number>((wish) => new Promise((end) => void begun.push({ wish, end })));
  const wishes = () => begun.map(({ wish }) => wish);
  const endLast = async () => {
    begun.at(-1)?.end();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { latest, wishes, endLast };
}

test("one wish at a time; of those that came meanwhile the last", async () => {
  const { latest, wishes, endLast } = begun();
  for (const wish of [1, 2, 3, 4]) latest.want(wish);
  expect(wishes()).toEqual([1]);
  await endLast();
  expect(wishes()).toEqual([1, 4]);
  await endLast();
  latest.want(5);
  expect(wishes()).toEqual([1, 4, 5]);
});

test("what is forgotten is not begun", async () => {
  const { latest, wishes, endLast } = begun();
  latest.want(1);
  latest.want(2);
  latest.forget();
  await endLast();
  expect(wishes()).toEqual([1]);
});
