import type { Command } from "commander";
import { LIMITS } from "../platform/limits.ts";
import { sleep } from "../platform/timers.ts";
import type { Progress, RunResult } from "../sim/index.ts";
import type { CliContext } from "./context.ts";
import { readInteger } from "./numbers.ts";
import { formatFields } from "./table.ts";
import { count, duration } from "./words.ts";

interface RunOptions {
  readonly seed: string;
  readonly ticks: string;
  readonly fish: string;
}

/** `tankd run`: a world without any outside input, as fast as it goes. Needs no node. */
export function addRun(program: Command, context: CliContext): void {
  program
    .command("run")
    .description("run a sealed tank: the same seed gives the same world on every machine")
    .option("--seed <number>", "seed of the world (default: 1)", "1")
    .option(
      "--ticks <number>",
      "how long; 30 ticks are a second of a tank's life (default: 10000)",
      "10000",
    )
    .option("--fish <number>", "founders; above 100 the tank grows with them (default: 50)", "50")
    .action(async (options: RunOptions, command: Command) => {
      const seed = readInteger(options.seed, "--seed") ?? 0;
      const ticks = readInteger(options.ticks, "--ticks") ?? 0;
      const fish = readInteger(options.fish, "--fish", 0, LIMITS.foundersMax) ?? 0;
      const { sealedRun } = await import("../sim/index.ts");
      const timed = await play(context, sealedRun({ seed, ticks, fish }));
      if (timed.ticks < ticks) context.say(`stopped at tick ${timed.ticks} of ${ticks}`);
      if (context.wantsJson(command)) return context.printJson(timed);
      context.print(describe(timed));
    });
}

/** What `tankd run --json` prints (CONTRACT, CLI). */
interface TimedResult extends RunResult {
  readonly wall_seconds: number;
  readonly fish_steps_per_second: number;
}

/** Runs to the end, or to the first Ctrl-C; then with the results so far. */
async function play(
  context: CliContext,
  run: Generator<Progress, RunResult, void>,
): Promise<TimedResult> {
  const { clock, timers, onSignal } = context.host;
  let interrupted = false;
  const deaf = onSignal(() => {
    interrupted = true;
  });
  const bar = new ProgressBar(context);
  const startMs = clock.monotonicMs();
  let turn = run.next();
  while (!turn.done && !interrupted) {
    bar.show(turn.value);
    // Lets a signal in.
    await sleep(timers, 0);
    if (!interrupted) turn = run.next();
  }
  const result = turn.done ? turn.value : turn.value.resultSoFar();
  const wallSeconds = (clock.monotonicMs() - startMs) / 1000;
  bar.clear();
  deaf();
  return {
    ...result,
    wall_seconds: wallSeconds,
    fish_steps_per_second: wallSeconds > 0 ? Math.round(result.fish_steps / wallSeconds) : 0,
  };
}

const BAR_COLUMNS = 30;
const BAR_INTERVAL_MS = 100;

/** One line on a terminal's stderr, drawn over itself; nothing anywhere else. */
class ProgressBar {
  readonly #context: CliContext;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(context: CliContext) {
    this.#context = context;
  }

  show({ tick, ticks, alive }: Progress): void {
    const { stderr, clock } = this.#context.host;
    const nowMs = clock.monotonicMs();
    if (!stderr.isTerminal || nowMs - this.#drawnMs < BAR_INTERVAL_MS) return;
    this.#drawnMs = nowMs;
    const full = Math.floor((tick / ticks) * BAR_COLUMNS);
    const bar = "#".repeat(full).padEnd(BAR_COLUMNS, ".");
    stderr.write(`\r[${bar}] tick ${tick} of ${ticks}, ${alive} fish\x1b[K`);
  }

  clear(): void {
    const { stderr } = this.#context.host;
    if (stderr.isTerminal) stderr.write("\r\x1b[K");
  }
}

function describe(result: TimedResult): string {
  const deaths = Object.entries(result.deaths)
    .map(([cause, number]) => `${number} ${cause.replace("_", " ")}`)
    .join(", ");
  const speed = result.fish_steps_per_second.toLocaleString("en");
  return formatFields([
    ["seed", result.seed],
    ["ticks", result.ticks],
    ["fish", `${result.alive} alive, ${result.births} born`],
    ["deaths", deaths],
    ["generation", result.max_generation],
    ["diversity", result.diversity.toFixed(3)],
    ["digest", result.digest],
    [
      "speed",
      `${speed} fish-steps/s (${count(result.fish_steps, "fish-step")} in ${seconds(result.wall_seconds)})`,
    ],
  ]);
}

function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} s` : duration(value);
}
