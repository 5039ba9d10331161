import { expect, test } from "bun:test";
import fc from "fast-check";
import { makeGuests, seatFishTable, seatMixedTable } from "../../../src/sim/poker/seating.ts";
import { fillGrid, makeGrid } from "../../../src/sim/state/grid.ts";

const WIDTH = 1088;
const HEIGHT = 612;

const places = fc.record({
  fish: fc.array(fc.tuple(fc.integer({ max: WIDTH }), fc.integer({ max: HEIGHT })), {
    minLength: 1,
    maxLength: 60,
    size: "max",
  }),
  plants: fc.array(fc.integer({ min: 0, max: WIDTH }), { maxLength: 25 }),
  host: fc.nat(),
  taken: fc.array(fc.nat(84), { maxLength: 20 }),
});

function invite(fish: readonly (readonly [number, number])[], plants: readonly number[]) {
  const guests = makeGuests(100);
  const all = [...fish, ...plants.map((x) => [x, HEIGHT] as const)];
  guests.fish = fish.length;
  guests.count = all.length;
  guests.x.set(all.map(([x]) => Math.abs(x)));
  guests.y.set(all.map(([, y]) => Math.abs(y)));
  const grid = makeGrid(WIDTH, HEIGHT, 100);
  fillGrid(grid, guests.count, guests.x, guests.y);
  const distance = (one: number, other: number) =>
    Math.sqrt(
      ((guests.x[one] ?? 0) - (guests.x[other] ?? 0)) ** 2 +
        ((guests.y[one] ?? 0) - (guests.y[other] ?? 0)) ** 2,
    );
  return { guests, grid, distance };
}

test("fish sit with free fish that are all within reach of each other, nearest first", () => {
  fc.assert(
    fc.property(places, ({ fish, plants, host: pick, taken }) => {
      const { guests, grid, distance } = invite(fish, plants);
      for (const guest of taken) guests.taken[guest] = 1;
      const host = pick % fish.length;
      const seats = seatFishTable(guests, grid, host);
      const seated = [...guests.seated.subarray(0, seats)];
      expect(seated[0]).toBe(host);
      expect(new Set(seated).size).toBe(seats);
      expect(seats).toBeLessThanOrEqual(6);
      for (const guest of seated.slice(1)) {
        expect(guest).toBeLessThan(fish.length);
        expect(guests.taken[guest]).toBe(0);
        for (const other of seated) {
          if (other === guest) continue;
          expect(distance(guest, other)).toBeGreaterThanOrEqual(10);
          expect(distance(guest, other)).toBeLessThanOrEqual(160);
        }
      }
      const inReach = fish.flatMap((_, guest) => {
        const away = distance(host, guest);
        const free = guest !== host && guests.taken[guest] === 0;
        return free && away >= 10 && away <= 160 ? [away] : [];
      });
      expect(seats > 1).toBe(inReach.length > 0);
      if (seats > 1) expect(distance(host, seated[1] ?? 0)).toBe(Math.min(...inReach));
    }),
    { numRuns: 1_000 },
  );
});

test("a mixed table is the nearest fish and plants, with at least one plant", () => {
  fc.assert(
    fc.property(places, ({ fish, plants, host: pick, taken }) => {
      const { guests, grid, distance } = invite(fish, plants);
      for (const guest of taken) guests.taken[guest] = 1;
      const host = pick % fish.length;
      const seats = seatMixedTable(guests, grid, host);
      const nearest = Array.from({ length: guests.count }, (_, guest) => guest)
        .filter((guest) => guest !== host && guests.taken[guest] === 0)
        .filter((guest) => distance(host, guest) >= 10 && distance(host, guest) <= 160)
        .sort((a, b) => distance(host, a) - distance(host, b) || a - b)
        .slice(0, 5);
      const withPlant = nearest.some((guest) => guest >= fish.length);
      expect(seats).toBe(withPlant ? 1 + nearest.length : 1);
      if (withPlant) expect([...guests.seated.subarray(1, seats)]).toEqual(nearest);
    }),
    { numRuns: 1_000 },
  );
});
