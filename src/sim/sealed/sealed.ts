import { type Conclusion, conduct, type RunResult, type Turn } from "./archipelago.ts";
import type { ArchipelagoSpec } from "./archipelago-spec.ts";
import { IslandCrew, type IslandReport } from "./island-crew.ts";

/**
 * Runs a sealed world here and now. `crews` is how many would run side by side, which changes
 * nothing. `watch` sees each turn, and its `true` ends the run there, with the results so far.
 */
export function runSealed(
  spec: ArchipelagoSpec,
  options: {
    readonly crews?: number;
    readonly watch?: (turn: Turn) => boolean;
    readonly chronicle?: (news: readonly IslandReport[]) => void;
  } = {},
): RunResult {
  const { crews: count = 1, watch = () => false, chronicle } = options;
  const crews = Array.from({ length: count }, () => new IslandCrew());
  const run = conduct(spec, count, chronicle !== undefined);
  let next: IteratorResult<Turn, Conclusion> = run.next();
  while (!next.done) {
    const { value: turn } = next;
    chronicle?.(turn.news);
    const stop = watch(turn);
    const reports = turn.orders.flatMap((order, crew) => {
      const obedient = crews[crew];
      return obedient === undefined ? [] : [obedient.obey(order)];
    });
    next = run.next({ reports, stop });
  }
  chronicle?.(next.value.news);
  return next.value.result;
}
