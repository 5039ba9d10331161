import { sleep } from "../../../platform/timers.ts";
import { type Conclusion, conduct, type IslandReport, type Turn } from "../../../sim/index.ts";
import type { CliContext } from "../../context.ts";
import { Interruption } from "../../interruption.ts";
import { type Crew, makeCrews } from "./crews.ts";
import { RunFiles } from "./files.ts";
import { planOf, type RunFlags, type RunPlan } from "./options.ts";
import { ProgressBar } from "./progress.ts";
import { contractOf, describe, type TimedResult, timed } from "./result.ts";

/**
 * Runs the world of these flags and prints the result: at its end, or at the first signal.
 * @throws Problem `usage`
 * @throws CommandFailure when it was stopped, or when its files cannot be written
 */
export async function runWorld(
  context: CliContext,
  flags: RunFlags,
  asJson: boolean,
): Promise<void> {
  const { host } = context;
  const plan = planOf(flags, host.cores);
  const { ticks } = plan.spec;
  const bar = new ProgressBar(context, ticks);
  const interruption = new Interruption(host, () => bar.clear());
  try {
    const result = await play(context, plan, bar, interruption);
    if (asJson) context.printJson(contractOf(result));
    else context.print(describe(result));
    if (result.ticks === ticks) return;
    throw interruption.failure(`stopped at tick ${result.ticks} of ${ticks}`);
  } finally {
    interruption.close();
  }
}

async function play(
  { host }: CliContext,
  { spec, threads, out, force }: RunPlan,
  bar: ProgressBar,
  interruption: Interruption,
): Promise<TimedResult> {
  host.compileReadily();
  const files = out === undefined ? undefined : new RunFiles(host, out, spec, force);
  const crews = makeCrews(threads, host.spawnWorker);
  const startMs = host.clock.monotonicMs();
  try {
    const { result } = await drive(host, conduct(spec, threads, files !== undefined), crews, {
      isStopped: () => interruption.isAsked,
      onTurn: (turn) => bar.show(turn),
      onNews: (news) => files?.add(news),
    });
    const done = timed(result, (host.clock.monotonicMs() - startMs) / 1000);
    files?.close(spec, done);
    return done;
  } finally {
    bar.clear();
    for (const crew of crews) crew.stop();
  }
}

interface Onlooker {
  readonly isStopped: () => boolean;
  readonly onTurn: (turn: Turn) => void;
  readonly onNews: (news: readonly IslandReport[]) => void;
}

/** Maximum delay of the reaction to a signal. */
const DEAF_MS_MAX = 50;

/** Sends orders to all crews concurrently, and collects their reports. */
async function drive(
  { clock, timers }: CliContext["host"],
  run: ReturnType<typeof conduct>,
  crews: readonly Crew[],
  onlooker: Onlooker,
): Promise<Conclusion> {
  let heardMs = clock.monotonicMs();
  let next = run.next();
  while (!next.done) {
    const turn = next.value;
    onlooker.onTurn(turn);
    onlooker.onNews(turn.news);
    const reports = await Promise.all(
      turn.orders.map((order, index) => (crews[index] as Crew).obey(order)),
    );
    if (clock.monotonicMs() - heardMs > DEAF_MS_MAX) {
      await sleep(timers, 0);
      heardMs = clock.monotonicMs();
    }
    next = run.next({ reports, stop: onlooker.isStopped() });
  }
  onlooker.onNews(next.value.news);
  return next.value;
}
