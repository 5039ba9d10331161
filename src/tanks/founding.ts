import type { Clock } from "../platform/clock.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import { forkedTank } from "./snapshots/base-snapshot.ts";
import type { Snapshots } from "./snapshots/snapshots.ts";
import type { StorageWatch } from "./storage-watch.ts";
import type { TankIncarnation } from "./tank-incarnation.ts";
import type { TankPlacement } from "./tank-placement.ts";
import type { CapturedState } from "./thread/simulation.ts";

/** Creates a tank from its spec and loads it. Resolves when it is durable; rejects with Problem. */
export async function foundTank(placement: TankPlacement, frozen: boolean): Promise<void> {
  let founding = Promise.resolve();
  const onIncarnation = (incarnation: TankIncarnation, digest: string) => {
    founding = incarnation.found(digest);
    // A rejection before the `await` below must not count as unhandled.
    founding.catch(() => {});
  };
  const answer = await placement.load({ history: undefined, frozen, onIncarnation });
  if (answer.kind === "load_failed") throw new Problem("invalid", answer.message);
  await founding;
}

/** Creates a tank from the state of another, on the disk only. On rejection nothing is left. */
export async function adoptTank(
  row: TankRow,
  state: CapturedState,
  snapshots: Snapshots,
  ports: {
    readonly clock: Clock;
    readonly engineVersion: number;
    readonly files: Files;
    readonly journal: Journal;
    readonly storage: StorageWatch;
  },
): Promise<void> {
  const { clock, engineVersion, files, journal, storage } = ports;
  const fork = forkedTank(row, state, { engineVersion, createdAtMs: clock.wallMs() });
  try {
    await files.writeDurably(fork.file.path, fork.file.bytes);
    await journal.commit(fork.writes);
  } catch (error) {
    storage.failed(error);
    await snapshots.removeAll().catch(() => {});
    throw new Problem("storage_unavailable", messageOf(error), { cause: error });
  }
}
