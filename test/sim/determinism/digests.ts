/**
 * Prints what a machine makes of some worlds, as JSON: `bun digests.ts SEED,SEED TICK,TICK`.
 * test/determinism.test.ts runs it in many environments and compares with golden.json, which is
 * renewed after the model has changed by `bun test/sim/determinism/renew.ts`.
 */
import { numberOfDFGCompiles } from "bun:jsc";
import { writeSync } from "node:fs";
import {
  type ArchipelagoSpec,
  createTank,
  digest,
  loadTank,
  runSealed,
  saveTank,
  step,
  type Tank,
} from "../../../src/sim/index.ts";

export interface WorldDigest {
  readonly seed: number;
  readonly ticks: number;
  readonly digest: string;
}

export interface Digests {
  readonly machine: {
    readonly architecture: string;
    /** Whether hot functions are compiled by the optimising compiler. */
    readonly jit: boolean;
    /** Hash of what the system's libm says: it differs where sin, exp … differ in any bit. */
    readonly libm: string;
  };
  /** Run in one go. */
  readonly worlds: readonly WorldDigest[];
  /** The same, saved and loaded at random ticks. */
  readonly restored: readonly WorldDigest[];
  /** An archipelago, conducted with one, two and three crews. */
  readonly islands: readonly string[];
}

const FOUNDERS = 50;
/** Mean ticks from one snapshot to the next. */
const RESTORE_TICKS = 400;

function main([seeds = "", ticks = ""]: readonly string[]): void {
  const wanted = seeds.split(",").map(Number);
  const stops = ticks.split(",").map(Number);
  const result: Digests = {
    machine: { architecture: process.arch, jit: isCompiled(), libm: libmHash() },
    worlds: wanted.flatMap((seed) => follow(seed, stops, false)),
    restored: wanted.flatMap((seed) => follow(seed, stops, true)),
    islands: [1, 2, 3].map((crews) => runSealed(archipelago(stops[0] ?? 0), { crews }).digest),
  };
  writeSync(1, `${JSON.stringify(result, undefined, 2)}\n`);
}

/** One world at each of the stops. */
function follow(seed: number, stops: readonly number[], restores: boolean): WorldDigest[] {
  let tank: Tank = createTank({ seed, fish: FOUNDERS, tankKey: "00000000000000d1" });
  let dice = seed >>> 0;
  return stops.map((ticks) => {
    while (tank.tick < ticks) {
      step(tank);
      dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0;
      if (restores && dice / 2 ** 32 < 1 / RESTORE_TICKS) tank = loadTank(saveTank(tank));
    }
    return { seed, ticks, digest: digest(tank) };
  });
}

function archipelago(ticks: number): ArchipelagoSpec {
  return {
    seed: 5,
    ticks,
    fish: FOUNDERS,
    tanks: 3,
    topology: "ring",
    migrateEvery: 100,
    migrants: 3,
  };
}

/** What the engine says of a function that must have been compiled, if anything ever is. */
function isCompiled(): boolean {
  let sum = 0;
  for (let i = 0; i < 5_000; i++) sum ^= churn(i);
  // Without the compiler the count is a million; the sum keeps the loop alive.
  return numberOfDFGCompiles(churn) < 1_000 && sum !== 0.5;
}

function churn(from: number): number {
  let sum = from;
  for (let i = 0; i < 1_000; i++) sum = (Math.imul(sum, 31) + i) | 0;
  return sum;
}

function libmHash(): string {
  const cell = new Float64Array(1);
  const words = new Uint32Array(cell.buffer);
  let hash = 0;
  for (let i = 1; i <= 50_000; i++) {
    const x = i / 997;
    for (const value of [Math.sin(x), Math.exp(x), Math.log(x), x ** 1.7, Math.atan2(x, 3)]) {
      cell[0] = value;
      hash = (Math.imul(hash ^ (words[0] as number), 0x85ebca6b) ^ (words[1] as number)) | 0;
    }
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

main(process.argv.slice(2));
