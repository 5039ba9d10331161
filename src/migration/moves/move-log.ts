import type { Clock } from "../../platform/clock.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { MoveRow, MoveState } from "../../store/rows.ts";

const ENDED: ReadonlySet<MoveState> = new Set(["done", "aborted", "activated", "dropped"]);

/** The moves of a node as they are in its journal. */
export class MoveLog {
  readonly #clock: Clock;
  readonly #rows = new Map<string, MoveRow>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async load(journal: Pick<Journal, "moves">): Promise<void> {
    for (const row of await journal.moves()) this.#rows.set(row.move_id, row);
  }

  get(moveId: string): MoveRow | undefined {
    return this.#rows.get(moveId);
  }

  /** Oldest first. */
  list(): readonly MoveRow[] {
    return [...this.#rows.values()];
  }

  /** Those of a tank that have not ended. */
  openOf(tankId: string): MoveRow | undefined {
    return this.list().find((row) => row.tank_id === tankId && !ENDED.has(row.state));
  }

  changed(row: MoveRow, change: Partial<Pick<MoveRow, "state" | "reason" | "name">>): MoveRow {
    return { ...row, ...change, updated_at: this.#clock.wallMs() };
  }

  /** Writes that keep a row, and remove the oldest of those that have ended beyond the bound. */
  writes(row: MoveRow): readonly JournalWrite[] {
    return [
      { put: "move", row },
      ...this.#outgrown(row).map(({ move_id }) => ({ remove: "move", move_id }) as const),
    ];
  }

  /** The row is durable. */
  note(row: MoveRow): void {
    for (const { move_id } of this.#outgrown(row)) this.#rows.delete(move_id);
    this.#rows.set(row.move_id, row);
  }

  #outgrown(row: MoveRow): readonly MoveRow[] {
    const ended = this.list().filter((one) => one.move_id !== row.move_id && ENDED.has(one.state));
    return ended.slice(0, Math.max(0, ended.length + 1 - MOVE_LIMITS.movesKeptMax));
  }
}

/** The file of a bundle. */
export const MOVES_FOLDER = "moves";

export function bundlePath(moveId: string): string {
  return `${MOVES_FOLDER}/${moveId}.tank`;
}
