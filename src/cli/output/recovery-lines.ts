import { type RecoveryView, recoverySchema } from "../../api/recovery-view.ts";
import type { CliContext } from "../context.ts";
import { readAnswer } from "./answer.ts";
import { count } from "./words.ts";

/** Interval of progress messages during a long recovery. */
const PROGRESS_INTERVAL_MS = 1_000;

/** The result of recovery at a start, in lines for users; empty where there were no tanks. */
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
  if (made > 0) lines.push(`Created ${many(made, "tank")}.`);
  for (const { name, tank_id, warnings } of damaged) {
    lines.push(`Tank ${name} (${tank_id}) recovered despite damage: ${warnings.join("; ")}`);
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

/** Groups of three digits. Without Intl, which would load the data of every language. */
function thousands(of: number): string {
  return String(of).replace(/\B(?=(\d{3})+$)/g, ",");
}

function workOf(view: RecoveryView): string {
  const { from_memory, from_snapshots, replayed_commands, replayed_ticks } = view;
  const commands = many(replayed_commands, "command");
  const snapshots =
    from_snapshots === 1 ? "1 from a snapshot" : `${thousands(from_snapshots)} from snapshots`;
  const memory = from_memory === 0 ? "" : `${thousands(from_memory)} from memory, `;
  return `${memory}${snapshots}, ${commands} and ${many(replayed_ticks, "tick")} replayed`;
}

/** Prints the progress of a long recovery on a terminal. */
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
    // A new line each time, since the log writes to the same terminal.
    this.#context.say(`${thousands(done)} of ${many(total, "tank")} recovered`);
  }

  /** The same for another process, which is asked only when a message is due. */
  async ask(view: () => Promise<RecoveryView | undefined>): Promise<void> {
    const seen = this.#isDue() ? await view() : undefined;
    if (seen) this.show(seen.recovered + seen.stopped.length, seen.tanks);
  }

  #isDue(): boolean {
    const { stderr, clock } = this.#context.host;
    return stderr.isTerminal && clock.monotonicMs() - this.#saidMs >= PROGRESS_INTERVAL_MS;
  }
}
