import { type Placed, TABLE_NAMES } from "../state/arena.ts";
import { settleBodies } from "../state/bodies.ts";
import { TRAFFIC } from "../state/energy-ledger.ts";
import { SimulationFault } from "../state/ledger.ts";
import { rowsIn, type Tank } from "../state/tank.ts";
import { absorb, finishHash, hexOf, startHash } from "./hash.ts";

/**
 * 128 bits over everything that decides a tank's future, and over its ledger. Of exports and
 * restores only the difference counts (the fish that are away): a fish that came back unchanged has
 * left no trace. Throws {@link SimulationFault} when a number is not one.
 */
export function digest(tank: Tank): string {
  settleBodies(tank);
  const { counters, arena, spec, key } = tank;
  const { exported, restored, plantsExported, plantsRestored, ...plain } = counters;
  const scalars = Float64Array.of(
    spec.seed,
    spec.fish,
    key.hi,
    key.lo,
    exported - restored,
    plantsExported - plantsRestored,
    ...Object.values(plain),
  );
  const state = startHash();
  const words = new Uint32Array(scalars.buffer);
  absorb(state, words, 0, words.length);
  absorb(state, arena.streams, 0, arena.streams.length);
  const flows = new Uint32Array(homeFlows(arena.flows).buffer);
  absorb(state, flows, 0, flows.length);
  for (const name of TABLE_NAMES) absorbTable(state, arena[name].placed, rowsIn(tank, name));
  return hexOf(finishHash(state));
}

/** Without what travellers carried in and out. */
function homeFlows(flows: Float64Array): Float64Array {
  const home = flows.slice();
  for (const cause of TRAFFIC) home[cause] = 0;
  return home;
}

function absorbTable(state: Uint32Array, placed: readonly Placed[], count: number): void {
  for (const { name, array, words, width, wordWidth } of placed) {
    if (!(array instanceof Uint32Array) && hasNaN(array, count * width)) {
      throw new SimulationFault(`a value in column ${name} is not a number`);
    }
    absorb(state, words, 0, count * wordWidth);
  }
}

/** NaN has many bit patterns, which differ between machines: none may reach the hash. */
function hasNaN(values: Float64Array | Float32Array, count: number): boolean {
  for (let i = 0; i < count; i++) {
    const value = values[i];
    // biome-ignore lint/suspicious/noSelfCompare: the cheapest test for NaN in a loop
    if (value !== value) return true;
  }
  return false;
}
