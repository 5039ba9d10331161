import type { Command } from "commander";
import { type DrainStatus, drainSchema } from "../../api/drain-view.ts";
import { Problem } from "../../platform/errors.ts";
import { sleep } from "../../platform/timers.ts";
import type { CliContext } from "../context.ts";
import { Interruption } from "../interruption.ts";
import type { NodeClient } from "../node-access/client.ts";
import { readAnswer } from "../output/answer.ts";
import { count } from "../output/words.ts";

const POLL_MS = 500;

interface DrainOptions {
  readonly to?: string;
  readonly cancel?: boolean;
  readonly wait: boolean;
}

/** `tankd drain`: moves every tank of the node away, before it is upgraded or leaves. */
export function defineDrain(drain: Command, context: CliContext): void {
  drain
    .option("--to <server>", "all to this one (default: each to the least loaded that fits)")
    .option("--cancel", "end a drain: tanks may come again, and those that have gone stay there")
    .option("--no-wait", "do not wait until every tank has gone")
    .addHelpText(
      "after",
      `
Meanwhile the node takes no tanks; fish travel as ever. The drain is the node's: it goes on when
this command is interrupted and when the node is restarted. It ends with the first start without
tanks, as after an upgrade. The nodes need the same --secret-file.`,
    )
    .action(async (options: DrainOptions, command: Command) => {
      if (options.cancel && options.to !== undefined) {
        throw new Problem("usage", "give --to or --cancel, not both");
      }
      const node = await context.node(command);
      if (options.cancel) return cancel(context, node, command);
      const to = options.to === undefined ? {} : { server_id: options.to };
      const begun = await node.post("/api/drain", to);
      const last = options.wait ? await follow(context, node, command) : begun;
      const { state, waiting } = readAnswer(drainSchema, last);
      if (state === "off" && waiting !== null) {
        throw new Problem("no_placement", `Nothing is moved: ${waiting}`);
      }
      if (context.wantsJson(command)) return context.printJson(last);
      context.print(context.asTyped(verdictOf(readAnswer(drainSchema, last))));
    });
}

async function cancel(context: CliContext, node: NodeClient, command: Command): Promise<void> {
  const before = readAnswer(drainSchema, await node.get("/api/drain"));
  const body = await node.delete("/api/drain");
  if (context.wantsJson(command)) return context.printJson(body);
  context.print(
    before.state === "off"
      ? "This node is not being drained."
      : `Ended the drain; this node hosts ${count(before.tanks_left, "tank")}.`,
  );
}

/** Prints what moves until nothing is left; its result is the last answer. */
async function follow(context: CliContext, node: NodeClient, command: Command): Promise<unknown> {
  const interruption = new Interruption(context.host);
  const isQuiet = context.wantsJson(command);
  let shown = 0;
  let waiting: string | null = null;
  try {
    while (true) {
      const body = await node.get("/api/drain");
      const status = readAnswer(drainSchema, body);
      for (const { name, server_id } of isQuiet ? [] : status.moved.slice(shown)) {
        context.print(`Moved ${name} to ${server_id}.`);
      }
      shown = status.moved.length;
      const isNews = status.state === "draining" && status.waiting !== waiting;
      if (status.waiting !== null && isNews) context.say(status.waiting);
      waiting = status.waiting;
      if (status.state !== "draining") return body;
      if (interruption.isAsked) {
        throw interruption.failure(
          `${count(status.tanks_left, "tank")} left; the node goes on by itself; ` +
            "to end that: tankd drain --cancel",
        );
      }
      await sleep(context.host.timers, POLL_MS, interruption.signal);
    }
  } finally {
    interruption.close();
  }
}

function verdictOf({ state, tanks_left }: DrainStatus): string {
  if (state === "drained") return "This node hosts no tanks; stop it or upgrade it: tankd stop";
  if (state === "off") return `The drain was cancelled; ${count(tanks_left, "tank")} left here.`;
  return `${count(tanks_left, "tank")} to move; the node goes on by itself: tankd status`;
}
