import type { Turn } from "../../../sim/index.ts";
import type { CliContext } from "../../context.ts";

const BAR_COLUMNS = 30;
const BAR_INTERVAL_MS = 100;

/** A progress line on a terminal's stderr, redrawn in place; no output elsewhere. */
export class ProgressBar {
  readonly #context: CliContext;
  readonly #ticks: number;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(context: CliContext, ticks: number) {
    this.#context = context;
    this.#ticks = ticks;
  }

  show({ tick, alive }: Turn): void {
    const { stderr, clock } = this.#context.host;
    const nowMs = clock.monotonicMs();
    if (!stderr.isTerminal || nowMs - this.#drawnMs < BAR_INTERVAL_MS) return;
    this.#drawnMs = nowMs;
    const full = Math.floor((tick / Math.max(1, this.#ticks)) * BAR_COLUMNS);
    const bar = "#".repeat(full).padEnd(BAR_COLUMNS, ".");
    stderr.write(`\r[${bar}] tick ${tick} of ${this.#ticks}, ${alive} fish\x1b[K`);
  }

  clear(): void {
    const { stderr } = this.#context.host;
    if (stderr.isTerminal) stderr.write("\r\x1b[K");
  }
}
