import { type RecoveryView, recoverySchema } from "../api/recovery-view.ts";
import { readAnswer } from "./answer.ts";
import type { CliContext } from "./context.ts";
import { count } from "./words.ts";

/** A recovery that takes longer than this is worth a word, and again after as long. */
const PROGRESS_INTERVAL_MS = 1_000;

/**
 * What a start brought back, in lines for people; none where there was nothing and nothing was
 * made.
 */
export function recoveryLines(view: RecoveryView): readonly string[] {
  const { tanks, recovered, made, damaged, stopped } = readAnswer(recoverySchema, view);
  const lines: string[] = [];
  if (tanks > 0) {
    const of =
      recovered === tanks
        ? many(tanks, "tank")
        : `${thousands(recovered)} of ${many(tanks, "tank")}`;
    lines.push(`Recovered ${of} in ${thousands(view.duration_ms)} ms (${workOf(view)}).`);
  }
  if (made > 0) lines.push(`Made ${many(made, "tank")}.`);
  for (const { name, tank_id, warnings } of damaged) {
    lines.push(`Tank ${name} (${tank_id}) is back past damage: ${warnings.join("; ")}`);
  }
  for (const { name, tank_id, reason } of stopped) {
    lines.push(`Tank ${name} (${tank_id}) is stopped: ${reason}`);
  }
  return lines;
}

/** `3 tanks`, `1,204 ticks`. */
function many(of: number, noun: string): string {
  return count(of, noun).replace(/^\d+/, thousands(of));
}

/** Groups of three digits. By hand: Intl would load the data of every language into memory. */
function thousands(of: number): string {
  return String(of).replace(/\B(?=(\d{3})+$)/g, ",");
}

function workOf({ from_snapshots, replayed_commands, replayed_ticks }: RecoveryView): string {
  const commands = many(replayed_commands, "command");
  const snapshots =
    from_snapshots === 1 ? "1 from a snapshot" : `${thousands(from_snapshots)} from snapshots`;
  return `${snapshots}, ${commands} and ${many(replayed_ticks, "tick")} replayed`;
}

/** Says on a terminal how far a recovery is, where it takes its time. */
export class RecoveryProgress {
  readonly #context: CliContext;
  #saidMs: number;

  constructor(context: CliContext) {
    this.#context = context;
    this.#saidMs = context.host.clock.monotonicMs();
  }

  show(done: number, total: number): void {
    if (!this.#isDue() || done === total) return;
    this.#saidMs = this.#context.host.clock.monotonicMs();
    // A line of its own each time: the log writes to the same terminal.
    this.#context.say(`${thousands(done)} of ${many(total, "tank")} recovered`);
  }

  /** The same of a recovery elsewhere, which is asked only when there is something to say. */
  async ask(view: () => Promise<RecoveryView | undefined>): Promise<void> {
    const seen = this.#isDue() ? await view() : undefined;
    if (seen) this.show(seen.recovered + seen.stopped.length, seen.tanks);
  }

  #isDue(): boolean {
    const { stderr, clock } = this.#context.host;
    return stderr.isTerminal && clock.monotonicMs() - this.#saidMs >= PROGRESS_INTERVAL_MS;
  }
}
