/**
 * Speed of the world on one core: `bun bench/engine.ts [seconds per row]`.
 * A fish-step is one fish living through one tick.
 */
import {
  apply,
  createTank,
  digest,
  loadTank,
  migrants,
  readRecord,
  saveTank,
  step,
  type Tank,
} from "../src/sim/index.ts";

const SECONDS = Number(process.argv[2] ?? 2);
const WARM_UP_TICKS = 600;
const REPEATS = 200;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function measureSteps(founders: number): Tank {
  const tank = createTank({ seed: 42, fish: founders, tankKey: "00000000000000b1" });
  for (let i = 0; i < WARM_UP_TICKS; i++) step(tank);
  let fishSteps = 0;
  let ticks = 0;
  const begun = performance.now();
  while (performance.now() - begun < SECONDS * 1000) {
    for (let i = 0; i < 10; i++) {
      fishSteps += tank.counters.fish;
      step(tank);
    }
    ticks += 10;
  }
  const seconds = (performance.now() - begun) / 1000;
  const rate = (fishSteps / seconds / 1e6).toFixed(2);
  const alive = (fishSteps / ticks).toFixed(0);
  const tickMicros = ((seconds / ticks) * 1e6).toFixed(1);
  print(`${founders} founders: ${rate} M fish-steps/s (${alive} alive, ${tickMicros} µs a tick)`);
  return tank;
}

function micros(work: () => unknown): string {
  for (let i = 0; i < REPEATS; i++) work();
  const begun = performance.now();
  for (let i = 0; i < REPEATS; i++) work();
  return `${(((performance.now() - begun) / REPEATS) * 1000).toFixed(1)} µs`;
}

function measureState(tank: Tank): void {
  const saved = saveTank(tank);
  const fish = tank.counters.fish;
  print(`${fish} fish: digest ${micros(() => digest(tank))}`);
  print(`${fish} fish: save ${micros(() => saveTank(tank))}, ${saved.length} bytes`);
  print(`${fish} fish: load ${micros(() => loadTank(saved))}`);
  const fishId = migrants(tank)[0];
  if (fishId === undefined) return;
  const outcome = apply(tank, { kind: "export", fishId, side: "left" });
  if (outcome.kind !== "done" || outcome.record === undefined) return;
  const { record } = outcome;
  apply(tank, { kind: "restore", record });
  print(`record: ${record.length} bytes, read and check ${micros(() => readRecord(record))}`);
  const roundTrip = micros(() => {
    apply(tank, { kind: "export", fishId, side: "left" });
    apply(tank, { kind: "restore", record });
  });
  print(`record: export and restore ${roundTrip}`);
}

for (const founders of [50, 100, 1_000, 10_000]) {
  const tank = measureSteps(founders);
  if (founders === 100) measureState(tank);
}
