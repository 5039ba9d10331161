import { formatKey } from "../state/ids.ts";
import type { TankSpec } from "../types.ts";
import { absorb, finishHash, startHash } from "../wire/hash.ts";
import type { Topology } from "./topology.ts";

/**
 * A sealed world: one tank or several, and how they exchange fish. All follows from these numbers.
 */
export interface ArchipelagoSpec {
  readonly seed: number;
  readonly ticks: number;
  /** Founders of each tank. */
  readonly fish: number;
  /** At most {@link ISLANDS_MAX}. */
  readonly tanks: number;
  readonly topology: Topology;
  /** Ticks between two exchanges; 0 = never. */
  readonly migrateEvery: number;
  /** Fish that leave each tank at each exchange. */
  readonly migrants: number;
}

/** The island's number lies in the bits of a tank key that no 53-bit seed uses, less one bit. */
export const ISLANDS_MAX = 1024;
const ISLAND_SHIFT = 21;

/**
 * One tank of an archipelago. The first has the seed itself, so that an archipelago of one is the
 * plain tank; ids need to be unique only within the archipelago, as nobody ever leaves it.
 */
export function islandSpec(spec: ArchipelagoSpec, island: number): TankSpec {
  const { seed, fish } = spec;
  const high = Math.floor(seed / 0x1_0000_0000);
  const tankKey = formatKey(((island << ISLAND_SHIFT) | high) >>> 0, seed >>> 0);
  return { seed: island === 0 ? seed : derivedSeed(seed, island), fish, tankKey };
}

/** The island on which a fish with this key half was born. */
export function birthIsland(keyHi: number): number {
  return keyHi >>> ISLAND_SHIFT;
}

/** State of the stream that chooses migrants, apart from every tank's own streams. */
export function migrationDice(seed: number): number {
  return mixOf(seed, ISLANDS_MAX)[0];
}

function derivedSeed(seed: number, island: number): number {
  const [low = 0, high = 0] = mixOf(seed, island);
  return (high >>> (32 - ISLAND_SHIFT)) * 0x1_0000_0000 + low;
}

function mixOf(seed: number, salt: number): Uint32Array {
  const state = startHash();
  absorb(state, Uint32Array.of(seed, Math.floor(seed / 0x1_0000_0000), salt), 0, 3);
  return finishHash(state);
}
