import { sleep } from "../platform/timers.ts";
import { type Conclusion, conduct, type IslandReport, type Turn } from "../sim/index.ts";
import type { CliContext } from "./context.ts";
import { type Crew, makeCrews } from "./run-crews.ts";
import { planOf, type RunFlags, type RunPlan } from "./run-options.ts";
import { RunFiles } from "./run-output.ts";
import { ProgressBar } from "./run-progress.ts";
import { contractOf, describe, type TimedResult, timed } from "./run-result.ts";

/** Runs the world of these flags and prints the result. @throws Problem `usage` */
export async function runWorld(
  context: CliContext,
  flags: RunFlags,
  asJson: boolean,
): Promise<void> {
  const plan = planOf(flags, context.host.cores);
  const result = await play(context, plan);
  const { ticks } = plan.spec;
  if (result.ticks < ticks) context.say(`stopped at tick ${result.ticks} of ${ticks}`);
  if (asJson) context.printJson(contractOf(result));
  else context.print(describe(result));
}

/** Runs to the end, or to the first Ctrl-C, with the results so far. A second one exits at once. */
async function play(context: CliContext, { spec, threads, out }: RunPlan): Promise<TimedResult> {
  const { host } = context;
  host.compileReadily();
  const files = out === undefined ? undefined : new RunFiles(host, out);
  const crews = makeCrews(threads, host.spawnWorker);
  const bar = new ProgressBar(context, spec.ticks);
  let signals = 0;
  const deaf = host.onSignal(() => {
    signals++;
    if (signals === 1) return;
    bar.clear();
    host.exit(1);
  });
  const startMs = host.clock.monotonicMs();
  try {
    const { result } = await drive(host, conduct(spec, threads, files !== undefined), crews, {
      isStopped: () => signals > 0,
      onTurn: (turn) => bar.show(turn),
      onNews: (news) => files?.add(news),
    });
    const done = timed(result, (host.clock.monotonicMs() - startMs) / 1000);
    files?.close(spec, done, host.build.version);
    return done;
  } finally {
    bar.clear();
    deaf();
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
