import type { Tank } from "./tank.ts";

/**
 * The large part of a fish (genome, memory, learning) lies in a table of its own, in rows that do
 * not move while the fish is in the tank; `fish.body` says which. So a death moves 270 bytes of
 * each fish that follows and not 4,000. Which row a fish has depends on who came and went before:
 * it is no part of the state, and digest and snapshot first bring the bodies into the order of the
 * fish.
 */

/** The rows from `first` to below `end`, the lowest last. */
export function freeBodies(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => end - 1 - index);
}

/** Gives a fish the next free body, with nothing in it but the genome that may be there. */
export function takeBody(tank: Tank, row: number): void {
  const body = tank.freeBodies.pop();
  if (body === undefined) throw new Error("no body is free: the arena is smaller than the cap");
  tank.fish.body[row] = body;
  for (const { name, words, wordWidth } of tank.arena.bodies.placed) {
    if (name !== "genes") words.fill(0, body * wordWidth, (body + 1) * wordWidth);
  }
}

export function releaseBody(tank: Tank, row: number): void {
  tank.freeBodies.push(tank.fish.body[row]);
}

/** Brings the bodies into the order of the fish. Nobody notices but who looks at whole columns. */
export function settleBodies(tank: Tank): void {
  const { fish, counters, arena } = tank;
  let settled = 0;
  while (settled < counters.fish && fish.body[settled] === settled) settled++;
  if (settled === counters.fish) return;
  for (const { words, wordWidth } of arena.bodies.placed) {
    const before = words.slice();
    for (let row = settled; row < counters.fish; row++) {
      const from = fish.body[row] * wordWidth;
      words.set(before.subarray(from, from + wordWidth), row * wordWidth);
    }
  }
  numberBodies(tank);
}

/** Notes that the bodies lie in the order of the fish. */
export function numberBodies(tank: Tank): void {
  const { fish, counters, arena } = tank;
  for (let row = 0; row < counters.fish; row++) fish.body[row] = row;
  tank.freeBodies = freeBodies(counters.fish, arena.bodies.capacity);
}
