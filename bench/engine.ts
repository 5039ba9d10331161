/**
 * Speed of the world on one core: `bun bench/engine.ts [--repeats N] [--sizes 50,100]`. A fish-step
 * is one fish living through one tick. With TANKWORLD_DIR and TANKWORLD_PYTHON the reference world
 * runs in turns with ours: see tankworld.ts. `--write` keeps it in docs/benchmarks.md.
 */
import { createTank, digest, loadTank, readRecord, saveTank, step } from "../src/sim/index.ts";
import type { Tank } from "../src/sim/state/tank.ts";
import { writeRecord } from "../src/sim/wire/record.ts";
import {
  keepReport,
  median,
  option,
  perCall,
  print,
  printHead,
  printMachine,
  printRow,
  type Spent,
  spend,
} from "./measure.ts";
import { hasTankWorld, runTankWorld, type Stretch } from "./tankworld.ts";

const SIZES = option("sizes", "50,100,1000,10000").split(",").map(Number);
const REPEATS = Number(option("repeats", "21"));
/** Fish-steps before the first measurement, for the compiler; and of one measurement. */
const WARM_UP = 1_000_000;
const MEASURED = 400_000;
const SEED = 42;
/** Turns that we and the reference world take. */
const TURNS = Number(option("turns", "3"));

function begin(founders: number): Tank {
  const tank = createTank({ seed: SEED, fish: founders, tankKey: "00000000000000b1" });
  live(tank, WARM_UP);
  return tank;
}

/** Runs for at least so many fish-steps. Returns fish-steps and ticks. */
function live(tank: Tank, fishSteps: number): { fishSteps: number; ticks: number } {
  let lived = 0;
  let ticks = 0;
  while (lived < fishSteps) {
    lived += tank.counters.fish;
    ticks += 1;
    step(tank);
  }
  return { fishSteps: lived, ticks };
}

interface Rate {
  readonly fish: number;
  /** Fish-steps per second. */
  readonly wall: number;
  readonly cpu: number;
  readonly tickMicros: number;
}

function measureRate(tank: Tank): Rate {
  let done = { fishSteps: 0, ticks: 0 };
  const { wallMs, cpuMs } = spend(() => {
    done = live(tank, MEASURED);
  });
  return {
    fish: done.fishSteps / done.ticks,
    wall: (done.fishSteps / wallMs) * 1000,
    cpu: (done.fishSteps / cpuMs) * 1000,
    tickMicros: (wallMs / done.ticks) * 1000,
  };
}

function medianRate(rates: readonly Rate[]): Rate {
  const of = (pick: (rate: Rate) => number) => median(rates.map(pick));
  return {
    fish: of(({ fish }) => fish),
    wall: of(({ wall }) => wall),
    cpu: of(({ cpu }) => cpu),
    tickMicros: of(({ tickMicros }) => tickMicros),
  };
}

function millions(rate: number): string {
  return (rate / 1e6).toFixed(2);
}

function micros({ wallMs }: Spent): string {
  return (wallMs * 1000).toFixed(1);
}

function measureSizes(): void {
  printHead(
    "founders",
    "alive",
    "M fish-steps/s",
    "of processor time",
    "µs a tick",
    "MB",
    "bytes a fish",
  );
  for (const founders of SIZES) {
    const tank = begin(founders);
    const rate = medianRate(Array.from({ length: REPEATS }, () => measureRate(tank)));
    const bytes = bytesOf(tank);
    printRow(
      founders,
      rate.fish.toFixed(0),
      millions(rate.wall),
      millions(rate.cpu),
      rate.tickMicros.toFixed(1),
      (bytes / 1e6).toFixed(2),
      (bytes / tank.cap).toFixed(0),
    );
  }
}

/** Memory of a tank at its cap: the arena and the work space of a tick. */
function bytesOf(tank: Tank): number {
  return tank.arena.buffer.byteLength + buffersIn(tank.scratch, new Set([tank.arena.buffer]));
}

function buffersIn(value: unknown, seen: Set<unknown>): number {
  if (ArrayBuffer.isView(value)) {
    if (seen.has(value.buffer)) return 0;
    seen.add(value.buffer);
    return value.buffer.byteLength;
  }
  if (typeof value !== "object" || value === null || seen.has(value)) return 0;
  seen.add(value);
  return Object.values(value).reduce((sum, part) => sum + buffersIn(part, seen), 0);
}

function measureState(founders: number): void {
  const tank = begin(founders);
  const saved = saveTank(tank);
  const records = Array.from({ length: tank.counters.fish }, (_, row) => writeRecord(tank, row));
  const calls = Math.max(2, Math.floor(20_000 / founders));
  printRow(
    tank.counters.fish,
    micros(perCall(REPEATS, calls, () => digest(tank))),
    micros(perCall(REPEATS, calls, () => saveTank(tank))),
    micros(perCall(REPEATS, calls, () => loadTank(saved))),
    saved.length,
    micros(perCall(REPEATS, 2_000, (call) => writeRecord(tank, call % records.length))),
    micros(
      perCall(REPEATS, 2_000, (call) => readRecord(records[call % records.length] as Uint8Array)),
    ),
  );
}

/** In turns, in the same run, so that both meet the same machine. */
function compare(): void {
  const tank = begin(100);
  const ours: Rate[] = [];
  const theirs: Stretch[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    theirs.push(...runTankWorld(SEED + turn));
    ours.push(...Array.from({ length: 5 }, () => measureRate(tank)));
  }
  const rate = medianRate(ours);
  const cpu = median(theirs.map(({ cpuRate }) => cpuRate));
  const wall = median(theirs.map(({ wallRate }) => wallRate));
  const fish = median(theirs.map((stretch) => stretch.fish));
  printHead("", "fish", "fish-steps/s", "of processor time");
  printRow("Tank World, headless", fish.toFixed(0), wall.toFixed(0), cpu.toFixed(0));
  printRow("tankd", rate.fish.toFixed(0), rate.wall.toFixed(0), rate.cpu.toFixed(0));
  printRow("ratio", "", (rate.wall / wall).toFixed(0), (rate.cpu / cpu).toFixed(0));
}

printMachine();
measureSizes();
print("");
printHead("fish", "digest µs", "save µs", "load µs", "snapshot bytes", "encode µs", "decode µs");
for (const founders of SIZES) measureState(founders);
print("");
if (hasTankWorld()) compare();
else print("Tank World was not run: TANKWORLD_DIR names no checkout of it.");
keepReport("engine");
