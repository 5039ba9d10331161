import { expect, test } from "bun:test";
import fc from "fast-check";
import { BoundedMap } from "../../src/platform/bounded-map.ts";

test("the entry set longest ago gives way; setting one again makes it the newest", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  expect([...map]).toEqual([
    ["a", 3],
    ["c", 4],
  ]);
});

test("entries that must stay are passed over, and without room nothing is taken in", () => {
  const gone: string[] = [];
  const map = new BoundedMap<string, "kept" | "loose">(2, {
    canEvict: (value) => value === "loose",
    onEvict: (_, key) => gone.push(key),
  });
  map.set("a", "kept");
  map.set("b", "loose");
  expect(map.set("c", "kept")).toBe(true);
  expect(gone).toEqual(["b"]);
  expect(map.set("d", "loose")).toBe(false);
  expect([...map.keys()]).toEqual(["a", "c"]);
  expect(map.set("a", "loose")).toBe(true);
  expect([...map.keys()]).toEqual(["c", "a"]);
});

test("it behaves as a list of the last `max` distinct keys", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 8 }), (all, max) => {
      const map = new BoundedMap<number, number>(max);
      let model: (readonly [number, number])[] = [];
      all.forEach((key, index) => {
        map.set(key, index);
        model = [...model.filter(([one]) => one !== key), [key, index] as const].slice(-max);
        expect([...map.entries()].map(([one, value]) => [one, value])).toEqual(
          model.map(([one, value]) => [one, value]),
        );
      });
    }),
  );
});
