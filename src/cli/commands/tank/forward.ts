import type { Command } from "commander";
import { z } from "zod";
import { type TankView, tankViewSchema } from "../../../api/tank-view.ts";
import { Problem } from "../../../platform/errors.ts";
import { sleep } from "../../../platform/timers.ts";
import { FAST_FORWARD_TICKS_MAX } from "../../../sim/index.ts";
import type { CliContext } from "../../context.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { parseAnswer, readAnswer } from "../../output/answer.ts";
import { grouped, readInteger } from "../../output/numbers.ts";
import { giveOrder } from "./orders.ts";

const POLL_MS = 250;

const forwardedSchema = z.object({ tank_id: z.string(), to_tick: z.number() });

/** `tankd tank forward TANK… TICKS` */
export function defineTankForward(forward: Command, context: CliContext): void {
  forward
    .usage("[options] [TANK...] TICKS")
    .argument("<words...>", "ids or names of tanks, then how many ticks")
    .option("--all", "every tank of this node")
    .option("--wait", "wait until they have reached the tick")
    .addHelpText(
      "after",
      "\nA tank that was paused is paused again afterwards; tankd tank pause ends it early.",
    )
    .action(async (words: string[], options: ForwardOptions, command: Command) => {
      const ticks = readTicks(words.at(-1) ?? "");
      const answers = await giveOrder(context, command, words.slice(0, -1), options.all === true, {
        route: "fast-forward",
        body: { ticks },
        fits: (view) => view.tank.status !== "stopped",
        verb: "Forwarded",
        describe: (view, answer) => {
          const { to_tick } = parseAnswer(forwardedSchema, answer);
          return `${view.tank.name} runs to tick ${grouped(to_tick)} as fast as possible.`;
        },
      });
      if (options.wait !== true) return;
      const node = await context.node(command);
      for (const answer of answers)
        await arrived(context, node, parseAnswer(forwardedSchema, answer));
    });
}

interface ForwardOptions {
  readonly all?: boolean;
  readonly wait?: boolean;
}

function readTicks(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new Problem("usage", `"${text}" is not a number of ticks: give it as the last word`);
  }
  return readInteger(text, "the number of ticks", 1, FAST_FORWARD_TICKS_MAX) ?? 0;
}

/**
 * @throws Problem `not_ready` when the tank is paused or stopped before it has reached the tick.
 */
async function arrived(
  context: CliContext,
  node: NodeClient,
  { tank_id, to_tick }: z.infer<typeof forwardedSchema>,
): Promise<void> {
  const path = `/api/tanks/${encodeURIComponent(tank_id)}`;
  while (true) {
    const view: TankView = readAnswer(tankViewSchema, await node.get(path));
    const { name, tick } = view.tank;
    if (tick >= to_tick) return;
    if (view.fast_forward_to === null) {
      const why = view.stopped_reason ?? "it was paused";
      throw new Problem("not_ready", `${name} ended at tick ${grouped(tick)}: ${why}`);
    }
    await sleep(context.host.timers, POLL_MS);
  }
}
