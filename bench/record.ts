/**
 * What a record costs: `bun bench/record.ts`. Microseconds of processor time for one fish or plant;
 * the bounds of the project are 20 to encode and 50 to decode and check.
 */
import { createTank, readPlantRecord, readRecord, step } from "../src/sim/index.ts";
import { writePlantRecord, writeRecord } from "../src/sim/wire/record.ts";

const WARM_UP = 3_000;
const REPEATS = 30_000;
/** Long enough for fish that have played, learned and remember. */
const LIFE_TICKS = 2_000;

function measure(name: string, work: (i: number) => unknown): void {
  for (let i = 0; i < WARM_UP; i++) work(i);
  const begun = process.cpuUsage();
  for (let i = 0; i < REPEATS; i++) work(i);
  const { user, system } = process.cpuUsage(begun);
  process.stdout.write(`${name}: ${((user + system) / REPEATS).toFixed(2)} µs\n`);
}

const tank = createTank({ seed: 1, fish: 100, tankKey: "00000000000000b1" });
for (let i = 0; i < LIFE_TICKS; i++) step(tank);
const { fish, plants } = tank.counters;
const fishRecords = Array.from({ length: fish }, (_, row) => writeRecord(tank, row));
const plantRecords = Array.from({ length: plants }, (_, row) => writePlantRecord(tank, row));

process.stdout.write(`fish ${fishRecords[0]?.length} bytes, plant ${plantRecords[0]?.length}\n`);
measure("fish encode", (i) => writeRecord(tank, i % fish));
measure("fish decode and check", (i) => readRecord(fishRecords[i % fish] as Uint8Array));
measure("plant encode", (i) => writePlantRecord(tank, i % plants));
measure("plant decode and check", (i) => readPlantRecord(plantRecords[i % plants] as Uint8Array));
