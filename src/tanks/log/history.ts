import type { TankSpec } from "../../sim/types.ts";
import type { Journal } from "../../store/journal.ts";
import type { LogRow, SnapshotRow, TankRow } from "../../store/rows.ts";
import type { LogEnd } from "../live-tank.ts";
import { DamagedSnapshot } from "../snapshots/snapshot-file.ts";
import { damageOf, type Snapshots } from "../snapshots/snapshots.ts";
import type { CapturedState, TailEntry } from "../thread/simulation.ts";
import { decodeCommand } from "./command-codec.ts";
import { BrokenLog, firstChecksum, verifyChain } from "./log-chain.ts";

/** The tank cannot be brought back from what is on the disk. It stops; the others run on. */
export class UnusableTank extends Error {
  override readonly name = "UnusableTank";
}

/** One way to rebuild the durable state of a tank: a start, and the whole log after it. */
export interface History {
  /** Undefined: from the spec. */
  readonly snapshot: CapturedState | undefined;
  readonly tail: readonly TailEntry[];
  readonly logEnd: LogEnd;
}

export function specOf(row: TankRow): TankSpec {
  return { seed: row.seed, fish: row.fish, tankKey: row.tank_key };
}

/**
 * The ways to rebuild a tank, best first: newest snapshot, the one before, the spec. A snapshot that
 * cannot be read is passed over with a word to `warn`. Throws {@link UnusableTank} when a log breaks
 * (then no other start helps) or is of another engine.
 */
export async function* histories(
  row: TankRow,
  from: {
    readonly journal: Journal;
    readonly snapshots: Snapshots;
    readonly engineVersion: number;
  },
  warn: (warning: string) => void,
): AsyncGenerator<History> {
  for (const snapshotRow of await from.snapshots.list(from.journal)) {
    const snapshot = await readSnapshot(from.snapshots, snapshotRow, warn);
    if (!snapshot) continue;
    const log = await from.journal.log(row.tank_id, snapshotRow.seq);
    const start = { seq: snapshot.seq, tick: snapshot.tick, checksum: snapshotRow.log_checksum };
    yield historyOf(start, snapshot, log, from.engineVersion);
  }
  const log = await from.journal.log(row.tank_id, 0);
  if (row.origin === "forked") {
    throw new UnusableTank("no snapshot of it can be read, and it was made from another tank");
  }
  if (log[0]?.seq !== 1) {
    throw new UnusableTank(
      "no snapshot of it can be read, and its log does not reach back to its creation",
    );
  }
  yield historyOf(
    { seq: 0, tick: 0, checksum: firstChecksum(row) },
    undefined,
    log,
    from.engineVersion,
  );
}

async function readSnapshot(
  snapshots: Snapshots,
  row: SnapshotRow,
  warn: (warning: string) => void,
): Promise<CapturedState | undefined> {
  try {
    return await snapshots.read(row);
  } catch (error) {
    if (!(error instanceof DamagedSnapshot)) throw error;
    snapshots.condemn(row.seq);
    warn(damageOf(row, error));
    return undefined;
  }
}

function historyOf(
  start: { readonly seq: number; readonly tick: number; readonly checksum: string },
  snapshot: CapturedState | undefined,
  log: readonly LogRow[],
  engineVersion: number,
): History {
  const checksum = verified(start, log);
  const foreign = log.find((entry) => entry.engine_version !== engineVersion);
  if (foreign) {
    throw new UnusableTank(
      `its log from entry ${foreign.seq} was written by engine ${foreign.engine_version}, ` +
        `this is engine ${engineVersion}: start that version once and stop it cleanly`,
    );
  }
  return {
    snapshot,
    tail: log.map(tailEntry),
    logEnd: { seq: log.at(-1)?.seq ?? start.seq, checksum },
  };
}

function verified(start: Parameters<typeof verifyChain>[0], log: readonly LogRow[]): string {
  try {
    return verifyChain(start, log);
  } catch (error) {
    if (!(error instanceof BrokenLog)) throw error;
    throw new UnusableTank(error.message, { cause: error });
  }
}

function tailEntry(row: LogRow): TailEntry {
  try {
    const { seq, tick, digest } = row;
    return { seq, tick, digest, command: decodeCommand(row.kind, row.payload) };
  } catch (error) {
    throw new UnusableTank(`entry ${row.seq} of its log cannot be read`, { cause: error });
  }
}
