import { StorageDamaged } from "../../platform/errors.ts";
import type { Journal } from "../../store/journal.ts";
import type { TankRow } from "../../store/rows.ts";
import type { Snapshots } from "../snapshots/snapshots.ts";
import type { LoadAnswer } from "../tank-loader.ts";
import type { LivePlace } from "../thread/live-trailer.ts";
import type { SaidOfTank } from "../thread/simulation.ts";
import { type History, histories, UnusableTank } from "./history.ts";

export interface RebuildPorts {
  readonly journal: Journal;
  readonly snapshots: Snapshots;
  readonly engineVersion: number;
  readonly left: () => LivePlace | undefined;
  readonly load: (history: History) => Promise<LoadAnswer>;
  /** Called for every damage that the recovery works around. */
  readonly warn: (warning: string) => void;
}

export interface Rebuilt {
  readonly loaded: SaidOfTank<"loaded">;
  readonly history: History;
}

/**
 * Loads a tank from the best history that is intact. Snapshots that turn out to be damaged are
 * marked as such. Throws {@link UnusableTank} when no history is intact, and errors of `journal`
 * and `load`.
 */
export async function rebuild(row: TankRow, ports: RebuildPorts): Promise<Rebuilt> {
  try {
    return await loadBest(row, ports);
  } catch (error) {
    if (!(error instanceof StorageDamaged)) throw error;
    throw new UnusableTank(`its log cannot be read: ${error.message}`, { cause: error });
  }
}

async function loadBest(row: TankRow, ports: RebuildPorts): Promise<Rebuilt> {
  for await (const history of histories(row, ports, ports.warn)) {
    const answer = await ports.load(history);
    if (answer.kind === "loaded") return { loaded: answer, history };
    if (history.live) {
      ports.warn(`its state in memory is damaged: ${answer.message}`);
      continue;
    }
    if (answer.stage === "replay" || !history.snapshot) throw new UnusableTank(answer.message);
    const { seq } = history.snapshot;
    ports.snapshots.condemn(seq);
    ports.warn(`snapshot at entry ${seq} is damaged: ${answer.message}`);
  }
  throw new UnusableTank("neither its snapshots nor its log can be read");
}
