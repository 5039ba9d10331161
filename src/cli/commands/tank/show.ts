import type { Command } from "commander";
import type { TankView } from "../../../api/tank-view.ts";
import { tankViewSchema } from "../../../api/tank-view.ts";
import { describeReach } from "../../../tanks/replay/reach.ts";
import type { CliContext } from "../../context.ts";
import { findTank } from "../../node-access/tank-lookup.ts";
import { readAnswer } from "../../output/answer.ts";
import { formatFields } from "../../output/table.ts";
import { count } from "../../output/words.ts";

/** `tankd tank show TANK` */
export function defineTankShow(show: Command, context: CliContext): void {
  show
    .argument("<tank>", "its id or name")
    .action(async (wanted: string, _options: unknown, command: Command) => {
      const node = await context.node(command);
      const id = await findTank(node, wanted);
      const body = await node.get(`/api/tanks/${encodeURIComponent(id)}`);
      if (context.wantsJson(command)) return context.printJson(body);
      context.print(describe(readAnswer(tankViewSchema, body)));
    });
}

function describe({ tank, ledger, ...view }: TankView): string {
  const died = ledger.died.starvation + ledger.died.predation + ledger.died.old_age;
  const asked = view.tick_rate === 0 ? "as fast as possible" : `${view.tick_rate} requested`;
  const { fast_forward_to: forwardTo, stopped_reason: reason } = view;
  const rate = forwardTo === null ? asked : `fast-forward to tick ${forwardTo}, then ${asked}`;
  return formatFields([
    ["tank", tank.name],
    ["id", tank.tank_id],
    ...(tank.description ? [["description", tank.description] as const] : []),
    ["server", tank.server_id],
    ["status", reason === null ? tank.status : `${tank.status}: ${reason}`],
    ["fish", `${view.fish_count} of at most ${view.capacity}`],
    ["food", view.food_count],
    ["generation", view.max_generation],
    ["diversity", view.diversity.toFixed(2)],
    ["born", ledger.born],
    [
      "died",
      `${died} (${ledger.died.starvation} starved, ${ledger.died.predation} eaten, ` +
        `${ledger.died.old_age} of age)`,
    ],
    ["arrived", ledger.imported],
    ["left", ledger.exported - ledger.restored],
    ["tick", tank.tick],
    ["ticks per second", `${view.ticks_per_second.toFixed(1)} (${rate})`],
    ["behind schedule", lagOf(view)],
    ["log", `${tank.seq} commands, ${tank.durable_seq} on disk`],
    ...pastOf(view, tank.tick),
    ["seed", view.seed],
    ["created", tank.created_at],
  ]);
}

function pastOf(
  { past_from_tick: fromTick, tick_rate: tickRate }: Pick<TankView, "past_from_tick" | "tick_rate">,
  toTick: number,
): readonly (readonly [string, string])[] {
  return fromTick === null ? [] : [["past", describeReach({ fromTick, toTick, tickRate })]];
}

function lagOf({ tick_lag, skipped_ticks }: Pick<TankView, "tick_lag" | "skipped_ticks">): string {
  const left =
    skipped_ticks > 0 ? `; ${count(skipped_ticks, "tick")} skipped since it was loaded` : "";
  return `${count(tick_lag, "tick")}${left}`;
}
