import type { Command } from "commander";
import { z } from "zod";
import type { TankView } from "../../../api/tank-view.ts";
import { messageOf } from "../../../platform/errors.ts";
import type { CliContext } from "../../context.ts";
import { CommandFailure } from "../../failure.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { parseAnswer, readAnswer } from "../../output/answer.ts";
import { count } from "../../output/words.ts";
import { chosenTanks } from "./chosen.ts";

/** A node's answer to an order. */
const doneSchema = z.looseObject({ tank_id: z.string(), tick: z.number() });
export type Done = z.infer<typeof doneSchema>;

/** A command for tanks, and its messages. */
export interface Order {
  /** Last part of the route's path. */
  readonly route: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** With --all: whether the order concerns this tank. */
  readonly fits: (tank: TankView) => boolean;
  /** `Paused`, for the summary of many tanks. */
  readonly verb: string;
  readonly describe: (tank: TankView, done: Done) => string;
}

/** A command whose only argument is the tanks. */
export function defineSwitch(command: Command, context: CliContext, order: Order): void {
  command
    .argument("[tank...]", "their ids or names")
    .option("--all", "every tank of this node")
    .action(async (wanted: string[], options: { all?: boolean }, called: Command) => {
      await giveOrder(context, called, wanted, options.all === true, order);
    });
}

/** Orders sent concurrently, which the node commits together. */
const AT_ONCE = 16;

/** A tank and the result of its order. */
interface Result {
  readonly tank: TankView;
  readonly settled: PromiseSettledResult<unknown>;
}

/**
 * Sends an order to each of these tanks. A failure does not affect the others; failures are
 * reported at the end.
 * @throws the failure of a single tank, {@link CommandFailure} for some of several.
 */
export async function giveOrder(
  context: CliContext,
  command: Command,
  wanted: readonly string[],
  all: boolean,
  order: Order,
): Promise<readonly Done[]> {
  const node = await context.node(command);
  const chosen = await chosenTanks(node, wanted, all);
  const tanks = all ? chosen.filter(order.fits) : chosen;
  const results = await postAll(node, tanks, order);
  const bodies = results.flatMap(({ settled }) =>
    settled.status === "fulfilled" ? [settled.value] : [],
  );
  const single = !all && wanted.length === 1;
  const [only] = results;
  if (single && only?.settled.status === "rejected") throw only.settled.reason;
  if (context.wantsJson(command)) {
    context.printJson(single ? bodies[0] : { results: bodies, count: bodies.length });
  } else if (all) {
    context.print(summary(order, bodies.length, chosen.length - tanks.length));
  } else {
    for (const line of lines(order, results)) context.print(line);
  }
  sayFailures(context, results);
  return bodies.map((body) => parseAnswer(doneSchema, body));
}

async function postAll(
  node: NodeClient,
  tanks: readonly TankView[],
  { route, body }: Order,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < tanks.length; from += AT_ONCE) {
    const some = tanks.slice(from, from + AT_ONCE);
    const settled = await Promise.allSettled(
      some.map(({ tank }) =>
        node.post(`/api/tanks/${encodeURIComponent(tank.tank_id)}/${route}`, body),
      ),
    );
    for (const [index, tank] of some.entries()) {
      const one = settled[index];
      if (one !== undefined) results.push({ tank, settled: one });
    }
  }
  return results;
}

function lines(order: Order, results: readonly Result[]): readonly string[] {
  return results.flatMap(({ tank, settled }) =>
    settled.status === "fulfilled"
      ? [order.describe(tank, readAnswer(doneSchema, settled.value))]
      : [],
  );
}

function summary({ verb }: Order, done: number, left: number): string {
  const others = left === 0 ? "" : `; ${count(left, "other")} unchanged or stopped`;
  return `${verb} ${count(done, "tank")}${others}.`;
}

function sayFailures(context: CliContext, results: readonly Result[]): void {
  const failed = results.filter(({ settled }) => settled.status === "rejected");
  if (failed.length === 0) return;
  for (const { tank, settled } of failed) {
    if (settled.status === "rejected") {
      context.say(`${tank.tank.name}: ${messageOf(settled.reason)}`);
    }
  }
  throw new CommandFailure(`${failed.length} of ${count(results.length, "tank")} failed`, 1);
}
