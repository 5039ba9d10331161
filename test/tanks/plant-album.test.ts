import { expect, test } from "bun:test";
import { createTank, plantLooksOf, plantsOf } from "../../src/sim/index.ts";
import { PlantAlbum, ShownPlants } from "../../src/tanks/thread/plant-album.ts";

const TANK = createTank({ seed: 1, fish: 10, tankKey: "0123456789abcdef" });
const PLANTS = plantsOf(TANK);
const ids = (plants: readonly { readonly plant_id: string }[]) =>
  plants.map(({ plant_id }) => plant_id);
const looksOf = (id: string) => plantLooksOf(TANK, id);

test("each plant is shown once, a few at a time, and again to those who come later", () => {
  const shown = new ShownPlants();
  const first = shown.next(PLANTS, 5, looksOf);
  expect(ids(first)).toEqual(ids(PLANTS).slice(0, 5));
  expect(shown.owing).toBe(true);
  const rest = shown.next(PLANTS, 100, looksOf);
  expect(ids([...first, ...rest])).toEqual(ids(PLANTS));
  expect(shown.next(PLANTS, 100, looksOf)).toEqual([]);
  expect(shown.owing).toBe(false);
  shown.forget();
  expect(shown.next(PLANTS, 100, looksOf)).toHaveLength(PLANTS.length);
});

test("one that was away is shown anew", () => {
  const shown = new ShownPlants();
  shown.next(PLANTS, 100, looksOf);
  shown.next(PLANTS.slice(1), 100, looksOf);
  expect(ids(shown.next(PLANTS, 100, looksOf))).toEqual(ids(PLANTS).slice(0, 1));
});

test("the album keeps those that live, and is a new one only with news", () => {
  const album = new PlantAlbum();
  const looks = new ShownPlants().next(PLANTS, 3, looksOf);
  const first = album.update(PLANTS, looks);
  expect([...first.keys()]).toEqual(ids(PLANTS).slice(0, 3));
  expect(album.update(PLANTS, [])).toBe(first);
  expect([...album.update(PLANTS.slice(1), []).keys()]).toEqual(ids(PLANTS).slice(1, 3));
  expect(first.size).toBe(3);
});
