import type { Command } from "commander";
import { Problem } from "../../platform/errors.ts";
import { digest, ENGINE_VERSION, statsOf } from "../../sim/index.ts";
import { chronicleOf, requireEngine } from "../../tanks/archive/archive.ts";
import { decodeArchive } from "../../tanks/archive/archive-file.ts";
import type { Chronicle } from "../../tanks/replay/chronicle.ts";
import { describeDivergence } from "../../tanks/replay/divergence.ts";
import { type Arrival, travel } from "../../tanks/replay/time-travel.ts";
import { damageOf } from "../../tanks/snapshots/snapshots.ts";
import { escapeUnsafe } from "../../telemetry/log-format.ts";
import type { CliContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { Interruption } from "../interruption.ts";
import { namesFile, readArchiveFile } from "../node-access/archive-files.ts";
import { openLocalTank } from "../node-access/local-tanks.ts";
import { grouped, readInteger } from "../output/numbers.ts";
import { formatFields } from "../output/table.ts";
import { count } from "../output/words.ts";

/** Options of `tankd replay`, as commander passes them. */
export interface ReplayFlags {
  readonly to?: string;
  readonly verify?: boolean;
}

const FAILED = 1;

/** Controls of a tank that is built from its spec; they do not affect the world. */
const CONTROLS = { paused: false, tickRate: 30, fastForwardTo: undefined };

interface Source {
  readonly chronicle: Chronicle;
  /** A description of its source. */
  readonly from: string;
  close(): void;
}

/**
 * Replays a tank and prints the result. Fails with exit code 1 and a message if the replay and the
 * record differ.
 * @throws Problem
 */
export async function replayTank(
  context: CliContext,
  command: Command,
  wanted: string,
  flags: ReplayFlags,
): Promise<void> {
  const to = readInteger(flags.to, "--to");
  context.host.compileReadily();
  const source = await openSource(context, command, wanted);
  try {
    const { arrival, seconds } = await timed(context, source.chronicle, to, flags.verify === true);
    const damaged = flags.verify ? await damagedSnapshots(source.chronicle) : [];
    const result = resultOf(source, arrival, seconds, { verified: flags.verify === true, damaged });
    if (context.wantsJson(command)) context.printJson(result);
    else context.print(describe(result));
    if (result.divergence) throw new CommandFailure(result.divergence.message, FAILED);
  } finally {
    source.close();
  }
}

async function openSource(context: CliContext, command: Command, wanted: string): Promise<Source> {
  if (!namesFile(context.host, wanted)) {
    const { chronicle, directory, close } = await openLocalTank(context, command, wanted);
    return { chronicle, from: directory, close };
  }
  const decoded = decodeArchive(readArchiveFile(context.host, wanted));
  if (decoded.kind === "bad") {
    throw new Problem(
      "bad_archive",
      `${wanted} is not a valid archive of a tank: ${decoded.detail}`,
    );
  }
  requireEngine(decoded.archive, ENGINE_VERSION);
  return {
    chronicle: chronicleOf(decoded.archive),
    from: wanted,
    close: () => {},
  };
}

async function timed(
  { host }: CliContext,
  chronicle: Chronicle,
  to: number | undefined,
  verify: boolean,
): Promise<{ readonly arrival: Arrival; readonly seconds: number }> {
  const startMs = host.clock.monotonicMs();
  const interruption = new Interruption(host);
  try {
    const arrival = await travel(
      chronicle,
      {
        from: verify ? "oldest" : "nearest",
        signal: interruption.signal,
        ...(to === undefined ? {} : { to }),
      },
      { clock: host.clock, timers: host.timers, engineVersion: ENGINE_VERSION, controls: CONTROLS },
    );
    return { arrival, seconds: (host.clock.monotonicMs() - startMs) / 1000 };
  } finally {
    interruption.close();
  }
}

/** Messages about damaged files that this replay did not need, but a recovery might. */
async function damagedSnapshots(chronicle: Chronicle): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const snapshot of chronicle.snapshots.filter((one) => chronicle.hasState(one))) {
    try {
      await chronicle.stateOf(snapshot);
    } catch (error) {
      damaged.push(damageOf(snapshot, error));
    }
  }
  return damaged;
}

type ReplayResult = ReturnType<typeof resultOf>;

/** The output of `--json`. */
function resultOf(
  source: Source,
  arrival: Arrival,
  seconds: number,
  { verified, damaged }: { readonly verified: boolean; readonly damaged: readonly string[] },
) {
  const { replay, promise, divergence, notes } = arrival;
  const { row } = source.chronicle;
  const { origin, place, checked, world } = replay;
  const stats = statsOf(world);
  const { ticks, ...compared } = checked;
  return {
    tank_id: row.tank_id,
    name: row.name,
    epoch: row.epoch,
    engine_version: ENGINE_VERSION,
    source: source.from,
    from: { seq: origin.seq, tick: origin.tick, snapshot: origin.snapshot !== undefined },
    to: place,
    promise,
    digest: digestOrNull(arrival),
    fish_count: stats.alive,
    plant_count: stats.plants,
    max_generation: stats.maxGeneration,
    ledger: stats.ledger,
    verified,
    checked: compared,
    divergence: divergence ? { ...divergence, message: describeDivergence(divergence) } : null,
    notes: [...new Set([...notes, ...damaged])],
    ticks,
    wall_seconds: seconds,
    ticks_per_second: seconds > 0 ? ticks / seconds : 0,
  };
}

/** Undefined for a failed world that has no digest. */
function digestOrNull({ replay, divergence }: Arrival): string | null {
  return divergence?.kind === "fault" ? null : digest(replay.world);
}

function describe(result: ReplayResult): string {
  const { from, to, checked, ledger, divergence } = result;
  const start = from.snapshot ? `the snapshot at entry ${from.seq}` : "its creation";
  const died = ledger.died.starvation + ledger.died.predation + ledger.died.old_age;
  const verdict = divergence
    ? "the replay differs from the record"
    : `${count(checked.entries, "entry", "entries")}, ${count(checked.marks, "mark")} and ` +
      `${count(checked.snapshots, "snapshot")} compared, no difference`;
  const fields: (readonly [string, string | number])[] = [
    ["tank", `${result.name} (${result.tank_id})`],
    ["read from", result.source],
    ["from", `${start}, tick ${grouped(from.tick)}`],
    ["to", `entry ${to.seq}, tick ${grouped(to.tick)}`],
    ["committed up to", `entry ${result.promise.seq}, tick ${grouped(result.promise.tick)}`],
    ["digest", result.digest ?? "none"],
    ["fish", `${result.fish_count}: ${ledger.born} born, ${died} died so far`],
    ["plants", result.plant_count],
    ["generation", result.max_generation],
    ["checked", verdict],
    [
      "speed",
      `${grouped(result.ticks)} ticks in ${result.wall_seconds.toFixed(2)} s, ` +
        `${grouped(Math.round(result.ticks_per_second))} a second`,
    ],
    ...result.notes.map((note) => ["note", note] as const),
  ];
  return formatFields(fields.map(([name, value]) => [name, escapeUnsafe(String(value))]));
}
