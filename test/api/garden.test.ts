import { describe, expect, test } from "bun:test";
import { Garden } from "../../src/api/garden.ts";
import { fakeFrame, fakeLooks, fakePlant } from "./fake-records.ts";

const LOOKS = new Map(["p-1", "p-2"].map((id) => [id, fakeLooks(id)]));

/** A frame with these plants, each with its rewrites and size. */
function frame(...plants: (readonly [id: string, iterations: number, size: number])[]) {
  return fakeFrame("tank-1", 1, {
    plants: plants.map(([id, iterations, size]) => ({ ...fakePlant(id, iterations), size })),
    looks: LOOKS,
  });
}

const read = (messages: readonly string[]) => messages.map((text) => JSON.parse(text));

function skipSecond(garden: Garden, next: ReturnType<typeof frame>): readonly string[] {
  const said: string[] = [];
  for (let i = 0; i < 15; i++) said.push(...garden.news(next));
  return said;
}

describe("of plants, viewers are told", () => {
  test("the looks once, at the rewrites that they are at, in short numbers", () => {
    const garden = new Garden();
    const [looks] = read(garden.news(frame(["p-1", 2, 0.5])));
    expect(looks).toEqual({
      type: "looks",
      looks: [
        {
          plant_id: "p-1",
          hue: 0.333,
          floral_hue: 0.9,
          floral_type: "star",
          petals: 5,
          layers: 2,
          spin: 0.123,
          stems: [0, 0, 20, 100, 0, 20, 100, -40, 200, 1],
        },
      ],
    });
    expect(skipSecond(garden, frame(["p-1", 2, 0.5]))).toEqual([]);
  });

  test("the looks again with more branches, not with fewer", () => {
    const garden = new Garden();
    garden.news(frame(["p-1", 1, 0.5]));
    expect(read(garden.news(frame(["p-1", 2, 0.5])))).toMatchObject([{ type: "looks" }]);
    expect(garden.news(frame(["p-1", 1, 0.5]))).toEqual([]);
    expect(read(garden.everything())[0].looks[0].stems).toHaveLength(10);
  });

  test("how they do about once a second, and only when it has changed", () => {
    const garden = new Garden();
    expect(read(garden.news(frame(["p-1", 1, 0.5])))).toHaveLength(2);
    const grown = frame(["p-1", 1, 0.6]);
    const said = [garden.news(grown), ...Array.from({ length: 14 }, () => garden.news(grown))];
    expect(said.slice(0, 14).flat()).toEqual([]);
    expect(read(said[14] ?? [])).toEqual([
      { type: "plants", plants: [["p-1", 160.3, 612, 0.6, 1]] },
    ]);
    expect(skipSecond(garden, grown)).toEqual([]);
  });

  test("and one who comes late everything about those that live", () => {
    const garden = new Garden();
    expect(garden.everything()).toEqual([]);
    garden.news(frame(["p-1", 1, 0.5], ["p-2", 1, 0.5]));
    skipSecond(garden, frame(["p-2", 1, 0.5]));
    const [looks, plants] = read(garden.everything());
    expect(looks.looks.map((one: { plant_id: string }) => one.plant_id)).toEqual(["p-2"]);
    expect(plants.plants.map(([id]: readonly [string]) => id)).toEqual(["p-2"]);
  });
});
