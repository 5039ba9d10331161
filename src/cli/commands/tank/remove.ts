import type { Command } from "commander";
import { z } from "zod";
import type { TankView } from "../../../api/tank-view.ts";
import { messageOf, Problem } from "../../../platform/errors.ts";
import { LIMITS } from "../../../platform/limits.ts";
import { sleep } from "../../../platform/timers.ts";
import type { CliContext } from "../../context.ts";
import { CommandFailure } from "../../failure.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { readAnswer } from "../../output/answer.ts";
import { count } from "../../output/words.ts";
import { chosenTanks } from "./chosen.ts";

/** Fish in transit arrive within milliseconds, unless the other node is offline. */
const ESCROW_PATIENCE_MS = 30_000;
const POLL_MS = 250;

const openTransfersSchema = z.object({
  transfers: z.array(
    z.object({
      direction: z.string(),
      source_tank_id: z.string(),
      destination_server_id: z.string().nullable(),
      destination_node_id: z.string(),
    }),
  ),
});

interface RemoveOptions {
  readonly yes?: boolean;
  readonly wait: boolean;
}

/** `tankd tank rm TANK…` */
export function defineTankRemove(rm: Command, context: CliContext): void {
  rm.argument("<tank...>", "their ids or names")
    .option("-y, --yes", "do not ask")
    .option("--no-wait", "do not wait for fish in transit to other tanks")
    .action(async (wanted: string[], options: RemoveOptions, command: Command) => {
      const node = await context.node(command);
      const tanks = await chosenTanks(node, wanted, false);
      if (options.yes !== true) await confirm(context, tanks);
      const patienceMs = options.wait ? ESCROW_PATIENCE_MS : 0;
      const removed: unknown[] = [];
      const failures: unknown[] = [];
      for (const one of tanks) {
        try {
          removed.push(await removeTank(context, node, one, patienceMs));
          if (!context.wantsJson(command)) context.print(`Removed ${nameOf(one)}.`);
        } catch (error) {
          if (tanks.length === 1) throw error;
          context.say(`${one.tank.name}: ${messageOf(error)}`);
          failures.push(error);
        }
      }
      if (context.wantsJson(command)) {
        context.printJson(
          wanted.length === 1 ? removed[0] : { results: removed, count: removed.length },
        );
      }
      if (failures.length > 0) {
        throw new CommandFailure(
          `${failures.length} of ${count(tanks.length, "tank")} were not removed`,
          1,
        );
      }
    });
}

/** @throws Problem `usage` without a terminal, CommandFailure when the answer is no. */
async function confirm(context: CliContext, tanks: readonly TankView[]): Promise<void> {
  const fish = tanks.reduce((sum, { fish_count }) => sum + fish_count, 0);
  const what = tanks.length === 1 ? "it" : `these ${tanks.length} tanks`;
  const question =
    `Remove ${tanks.map(nameOf).join(", ")}? ${fish} fish are removed with ` +
    `${what}, for good. [y/N] `;
  const answer = await context.host.ask(question);
  if (answer === undefined) {
    throw new Problem(
      "usage",
      "rm removes fish for good, and there is no terminal to ask on; confirm with --yes",
    );
  }
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure("nothing was removed", 1);
}

/** Fish of the tank in transit may have to return: the node refuses until they have arrived. */
async function removeTank(
  context: CliContext,
  node: NodeClient,
  view: TankView,
  patienceMs: number,
): Promise<unknown> {
  const { clock, timers } = context.host;
  const deadlineMs = clock.monotonicMs() + patienceMs;
  let told = false;
  while (true) {
    try {
      return await node.delete(`/api/tanks/${encodeURIComponent(view.tank.tank_id)}`);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "escrow_open") throw error;
      if (clock.monotonicMs() >= deadlineMs) throw await stillOpen(node, view, error);
    }
    if (!told) {
      context.say(
        `fish of ${view.tank.name} are in transit; waiting up to ${patienceMs / 1000} s for them`,
      );
    }
    told = true;
    await sleep(timers, POLL_MS);
  }
}

/** The reason of the refusal, with numbers and names if the node provides them. */
async function stillOpen(node: NodeClient, view: TankView, error: Problem): Promise<Problem> {
  const open = (
    await Promise.all(["pending", "in_doubt"].map((state) => openTransfers(node, view, state)))
  ).flat();
  if (open.length === 0) return error;
  const where = [
    ...new Set(open.map((one) => one.destination_server_id ?? one.destination_node_id)),
  ];
  return new Problem(
    "escrow_open",
    `${view.tank.name} was not removed: ${open.length} of its fish are still in transit to ` +
      `${where.join(", ")}; ` +
      "try again when they have arrived; to see them: tankd transfers",
  );
}

async function openTransfers(node: NodeClient, view: TankView, state: string) {
  const query = new URLSearchParams({ state, limit: String(LIMITS.listRowsMax) });
  const { transfers } = readAnswer(openTransfersSchema, await node.get(`/api/transfers?${query}`));
  return transfers.filter(
    ({ direction, source_tank_id }) => direction === "out" && source_tank_id === view.tank.tank_id,
  );
}

function nameOf({ tank }: TankView): string {
  return `${tank.name} (${tank.tank_id})`;
}
