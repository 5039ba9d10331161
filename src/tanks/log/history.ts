import { StorageUnavailable } from "../../platform/errors.ts";
import type { TankSpec } from "../../sim/types.ts";
import type { Journal } from "../../store/journal.ts";
import type { LogRow, SnapshotRow, TankRow, Watermark } from "../../store/rows.ts";
import { DamagedSnapshot } from "../snapshots/snapshot-file.ts";
import { damageOf, type Snapshots } from "../snapshots/snapshots.ts";
import type { LogEnd } from "../tank-incarnation.ts";
import type { LivePlace } from "../thread/live-trailer.ts";
import { MARK_TICKS } from "../thread/paced-tank.ts";
import type { CapturedState, TailEntry, Uncovered } from "../thread/simulation.ts";
import { decodeCommand } from "./command-codec.ts";
import { bytesOf } from "./entry-bytes.ts";
import { BrokenLog, emptyLog, verifyChain } from "./log-chain.ts";

/** The tank cannot be recovered from the disk. It stops; the others run on. */
export class UnusableTank extends Error {
  override readonly name = "UnusableTank";
}

/** One way to rebuild the durable state of a tank: a starting state, and the whole log after it. */
export interface History {
  /** Where the process before has left it in memory; then there is no snapshot and no tail. */
  readonly live: LivePlace | undefined;
  /** Undefined: from the spec. */
  readonly snapshot: CapturedState | undefined;
  readonly tail: readonly TailEntry[];
  readonly logEnd: LogEnd;
  /** What a replay from the newest snapshot on the disk would still have to do after the load. */
  readonly uncovered: Uncovered;
}

export const ALL_COVERED: Uncovered = { ticks: 0, entries: 0 };

export function specOf(row: TankRow): TankSpec {
  return { seed: row.seed, fish: row.fish, tankKey: row.tank_key };
}

/**
 * The ways to rebuild a tank, best first: memory, newest snapshot, the one before, the spec. A
 * snapshot that cannot be read is skipped after a call of `warn`. Throws {@link UnusableTank} when
 * the log is broken (then no other start helps) or was written by another engine, and {@link
 * StorageUnavailable} when a snapshot is needed whose read may succeed later.
 */
export async function* histories(
  row: TankRow,
  from: {
    readonly journal: Journal;
    readonly snapshots: Snapshots;
    readonly engineVersion: number;
    /** Where the process before has left the tank in memory. */
    readonly left: () => LivePlace | undefined;
  },
  warn: (warning: string) => void,
): AsyncGenerator<History> {
  const mark = await from.journal.watermark(row.tank_id);
  let unread: StorageUnavailable | undefined;
  const kept = await from.snapshots.list(from.journal);
  const [newest] = kept;
  const left = from.left();
  if (left) {
    const start = newest ? startAfter(newest) : emptyLog(row);
    const log = await from.journal.log(row.tank_id, start.seq);
    if (isAtEnd(left, start, log, from.engineVersion)) {
      refuseLoss(start, log, mark);
      const history = historyOf(start, undefined, log, newest, from.engineVersion);
      yield liveHistory(left, start, history);
    }
  }
  for (const snapshotRow of kept) {
    const snapshot = await readSnapshot(from.snapshots, snapshotRow, warn);
    if (snapshot instanceof StorageUnavailable) unread = snapshot;
    if (!snapshot || snapshot instanceof StorageUnavailable) continue;
    const log = await from.journal.log(row.tank_id, snapshotRow.seq);
    const start = startAfter(snapshotRow);
    refuseLoss(start, log, mark);
    yield historyOf(start, snapshot, log, newest, from.engineVersion);
  }
  const log = await from.journal.log(row.tank_id, 0);
  const start = emptyLog(row);
  refuseLoss(start, log, mark);
  const whole = row.origin === "founded" && log[0]?.seq === 1;
  if (!whole && unread) throw unread;
  if (row.origin === "forked") {
    throw new UnusableTank("no snapshot of it can be read, and it was made from another tank");
  }
  if (!whole) {
    throw new UnusableTank(
      "no snapshot of it can be read, and its log does not reach back to its creation: " +
        "restore the data directory from a backup",
    );
  }
  yield historyOf(start, undefined, log, newest, from.engineVersion);
}

async function readSnapshot(
  snapshots: Snapshots,
  row: SnapshotRow,
  warn: (warning: string) => void,
): Promise<CapturedState | StorageUnavailable | undefined> {
  try {
    return await snapshots.read(row);
  } catch (error) {
    const unread = error instanceof StorageUnavailable;
    if (!unread && !(error instanceof DamagedSnapshot)) throw error;
    // Even if it may be readable later: the tank is about to continue without it.
    snapshots.condemn(row.seq);
    warn(damageOf(row, error));
    return unread ? error : undefined;
  }
}

/** Where a history begins, and the checksum that its first entry is chained to. */
type ChainStart = Parameters<typeof verifyChain>[0];
type LogStart = ChainStart & Pick<LogEnd, "bytes">;

function startAfter({ seq, tick, log_checksum, log_bytes }: SnapshotRow): LogStart {
  return { seq, tick, checksum: log_checksum, bytes: log_bytes };
}

/** What an operator can do about entries that are gone for good. */
const WAYS_OUT =
  "restore the data directory from a backup, or start with --fork to go on as a new node";

/** Requires that the log contains the last acknowledged entry, unchanged. It may be longer. */
function refuseLoss(start: ChainStart, log: readonly LogRow[], mark: Watermark | undefined): void {
  if (!mark) return;
  const end = log.at(-1)?.seq ?? start.seq;
  if (end < mark.seq) {
    const first = end + 1;
    const entries = first === mark.seq ? `entry ${first}` : `entries ${first} to ${mark.seq}`;
    throw new UnusableTank(
      `the database has lost ${entries} of its log (up to tick ${mark.tick}), which had been ` +
        `acknowledged: ${WAYS_OUT}`,
    );
  }
  const entry = mark.seq === start.seq ? start : log.find(({ seq }) => seq === mark.seq);
  if (entry && entry.checksum !== mark.checksum) {
    throw new UnusableTank(
      `entry ${mark.seq} of its log is not the one that had been acknowledged: ${WAYS_OUT}`,
    );
  }
}

function historyOf(
  start: LogStart,
  snapshot: CapturedState | undefined,
  log: readonly LogRow[],
  newest: SnapshotRow | undefined,
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
  const end = log.at(-1) ?? start;
  return {
    live: undefined,
    snapshot,
    uncovered: ALL_COVERED,
    tail: [...log.map(tailEntry), ...onTo(newest, end)],
    logEnd: { seq: end.seq, checksum, bytes: start.bytes + bytesOf(log) },
  };
}

/**
 * Whether a state in memory is that of the log's last entry, or of a tick after it. It may be ahead
 * of the log by a command that did not become durable, or stem from before an older program ran.
 */
function isAtEnd(
  left: LivePlace,
  start: ChainStart,
  log: readonly LogRow[],
  engineVersion: number,
): boolean {
  const { seq, tick, checksum } = log.at(-1) ?? start;
  const isSame = left.seq === seq && left.checksum === checksum;
  return isSame && left.tick >= tick && left.engineVersion === engineVersion;
}

function liveHistory(live: LivePlace, start: ChainStart, { logEnd }: History): History {
  const uncovered = { ticks: live.tick - start.tick, entries: live.seq - start.seq };
  return { live, snapshot: undefined, tail: [], logEnd, uncovered };
}

/**
 * The ticks from the end of the log to the newest snapshot are durable too, even if its file is
 * damaged: its row tells the tick. Marks bound their number; a row with more is not trusted.
 */
function onTo(
  newest: SnapshotRow | undefined,
  end: { readonly seq: number; readonly tick: number },
): readonly TailEntry[] {
  if (newest?.seq !== end.seq || newest.tick <= end.tick) return [];
  if (newest.tick > end.tick + MARK_TICKS) return [];
  return [{ seq: newest.seq, tick: newest.tick, command: undefined, digest: null }];
}

function verified(start: ChainStart, log: readonly LogRow[]): string {
  try {
    return verifyChain(start, log);
  } catch (error) {
    if (!(error instanceof BrokenLog)) throw error;
    throw new UnusableTank(`${error.message}: ${WAYS_OUT}`, { cause: error });
  }
}

function tailEntry(row: LogRow): TailEntry {
  try {
    const { seq, tick, digest } = row;
    return { seq, tick, digest, command: decodeCommand(row.kind, row.payload) };
  } catch (error) {
    throw new UnusableTank(`entry ${row.seq} of its log cannot be read: ${WAYS_OUT}`, {
      cause: error,
    });
  }
}
