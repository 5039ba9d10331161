import { invariant } from "../../platform/errors.ts";
import type { JournalWrite } from "../../store/journal.ts";
import type { TankRow } from "../../store/rows.ts";
import { entryBytes } from "../log/entry-bytes.ts";
import { chain, firstChecksum } from "../log/log-chain.ts";
import type { CapturedState } from "../thread/simulation.ts";
import { makeSnapshot } from "./snapshot-making.ts";

/** Number of the first entry in the log of a forked tank: a mark of its initial state. */
export const FORK_SEQ = 1;

/** Makes a forked tank durable: the file first, then all writes in one commit. */
export interface ForkedTank {
  readonly file: { readonly path: string; readonly bytes: Uint8Array };
  readonly writes: readonly JournalWrite[];
}

/**
 * A forked tank cannot be rebuilt from its spec. So its log begins with a mark and a snapshot of
 * the marked state, which is kept as long as the log reaches back to it. `state` is the one at
 * {@link FORK_SEQ}, of the fork and not of the original.
 */
export function forkedTank(
  row: TankRow,
  state: CapturedState,
  made: { readonly engineVersion: number; readonly createdAtMs: number },
): ForkedTank {
  invariant(row.origin === "forked" && state.seq === FORK_SEQ, "a fork begins its log");
  const { engineVersion, createdAtMs } = made;
  const mark = chain(firstChecksum(row), {
    tank_id: row.tank_id,
    seq: FORK_SEQ,
    tick: state.tick,
    kind: "mark",
    payload: new Uint8Array(),
    digest: state.digest,
    engine_version: engineVersion,
  });
  const snapshot = makeSnapshot(row, {
    state,
    engineVersion,
    logEnd: { checksum: mark.checksum, bytes: entryBytes(mark) },
    createdAtMs,
  });
  return {
    file: { path: snapshot.row.file, bytes: snapshot.bytes },
    writes: [
      { put: "tank", row },
      { put: "log", row: mark },
      { put: "snapshot", row: snapshot.row },
    ],
  };
}
