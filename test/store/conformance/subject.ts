import type { Journal, JournalWrite, Store } from "../../../src/store/journal.ts";
import { tankRow } from "../rows.ts";

/** A store under test. */
export interface Subject {
  readonly store: Store;
  /** The same data after the process has gone and come back. */
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

export type Opened = () => Promise<{ journal: Journal; store: Store; subject: Subject }>;

export const BOUNDS = { transferEventsMax: 100, transfersKeptMax: 100 };

export const PAIR = { source_node_id: "n1", source_tank_id: "t1", destination_tank_id: "t2" };

export const TANK: JournalWrite = { put: "tank", row: tankRow("t1") };
