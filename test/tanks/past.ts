import {
  apply,
  createTank,
  digest,
  ENGINE_VERSION,
  RECORD_BYTES,
  step,
} from "../../src/sim/index.ts";
import type { Command } from "../../src/sim/types.ts";
import type { LogRow, SnapshotRow, TankRow } from "../../src/store/rows.ts";
import { decodeCommand } from "../../src/tanks/log/command-codec.ts";
import { specOf } from "../../src/tanks/log/history.ts";
import { chain } from "../../src/tanks/log/log-chain.ts";
import { type Chronicle, readChronicle } from "../../src/tanks/replay/chronicle.ts";
import { type Arrival, type Journey, travel } from "../../src/tanks/replay/time-travel.ts";
import { ANYBODY, Bench } from "./harness.ts";

/** Snapshots every few seconds of a tank's life. */
export const SOON = { costMs: 0, intervalMs: 0, ticksMax: 250, entriesMax: 6 };

export interface Past {
  readonly bench: Bench;
  readonly row: TankRow;
}

/** A tank with commands of every kind in its log, and its machine after a clean stop. */
export async function livedPast(
  options: { logRetention?: "trim" | "all"; snapshots?: typeof SOON; kill?: boolean } = {},
): Promise<Past> {
  const { logRetention = "all", snapshots = SOON } = options;
  const bench = new Bench({ snapshots });
  const tanks = await bench.start({ logRetention });
  const spec = { name: "pond", description: "", fish: 30, seed: 11 };
  const { row } = await bench.settle(tanks.create(spec));
  const submit = (command: Command) => bench.settle(tanks.submit(row.tank_id, command));
  const away: Uint8Array[] = [];
  for (let round = 0; round < 4; round++) {
    await bench.run(7_000);
    await submit({ kind: "feed", portions: 2 + round });
    const [migrant] = await bench.settle(tanks.pickMigrants(row.tank_id, ANYBODY));
    if (migrant !== undefined) {
      const { fishId: entityId } = migrant;
      const { outcome } = await submit({ kind: "export", entityId, side: "left" });
      if (outcome.kind === "done" && outcome.record) away.push(outcome.record);
    }
    await submit({ kind: "pause" });
    await submit({ kind: "spawn", fish: 1 });
    await submit({ kind: "fast_forward", ticks: 40 });
    await bench.run(1_500);
    const record = away.pop();
    if (record?.length === RECORD_BYTES) {
      await submit(
        round % 2 ? { kind: "restore", record } : { kind: "import", record, side: "right" },
      );
    }
    await submit({ kind: "set_tick_rate", ticksPerSecond: 20 + round });
    await submit({ kind: "resume" });
  }
  await bench.run(9_000);
  if (options.kill !== true) await bench.settle(tanks.stop());
  bench.kill();
  return { bench, row };
}

/** The digest at a tick, by nothing but the world's own functions. */
export function digestAt({ bench, row }: Past, tick: number): string {
  const tank = createTank(specOf(row));
  for (const entry of bench.committed) {
    if (entry.tank_id !== row.tank_id || entry.tick > tick) continue;
    while (tank.tick < entry.tick) step(tank);
    const command = decodeCommand(entry.kind, entry.payload);
    if (command) apply(tank, command);
  }
  while (tank.tick < tick) step(tank);
  return digest(tank);
}

export async function chronicleIn({ bench, row }: Past): Promise<Chronicle> {
  const source = { journal: bench.store.journal, files: bench.host.disk };
  const chronicle = await readChronicle(source, row.tank_id);
  if (!chronicle) throw new Error("the tank has no past");
  return chronicle;
}

/** Travels on a clock that needs no time. */
export function travelIn(
  bench: Bench,
  chronicle: Chronicle,
  journey: Partial<Journey> = {},
  engineVersion = ENGINE_VERSION,
): Promise<Arrival> {
  const { clock, timers } = bench.host.boot();
  const controls = { paused: false, tickRate: 30, fastForwardTo: undefined };
  const ports = { clock, timers, engineVersion, controls };
  const going = travel(chronicle, { from: "oldest", ...journey }, ports);
  return bench.settle(going).finally(() => bench.kill());
}

/** The same log with entries changed, and every checksum from there on made anew. */
export function rewritten(
  chronicle: Chronicle,
  change: (entry: LogRow) => Partial<LogRow>,
): Chronicle {
  const first = chronicle.entries[0];
  if (!first) throw new Error("there is no log");
  const before = chronicle.snapshots.find(({ seq }) => seq === first.seq - 1);
  let checksum = before?.log_checksum ?? "";
  const entries = chronicle.entries.map((entry) => {
    const row = { ...entry, ...change(entry) };
    const same = row.seq === first.seq && before === undefined;
    const chained = same ? row : chain(checksum, row);
    checksum = chained.checksum;
    return chained;
  });
  const snapshots = chronicle.snapshots.map((snapshot) => ({
    ...snapshot,
    log_checksum:
      entries.find(({ seq }) => seq === snapshot.seq)?.checksum ?? snapshot.log_checksum,
  }));
  const stateOf = (wanted: SnapshotRow) => {
    const original = chronicle.snapshots.find(({ seq }) => seq === wanted.seq);
    return chronicle.stateOf(original ?? wanted);
  };
  return { ...chronicle, entries, snapshots, stateOf };
}
