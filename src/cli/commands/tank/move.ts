import type { Command } from "commander";
import { type Move, type Moving, moveSchema, movingSchema } from "../../../api/move-view.ts";
import { sleep } from "../../../platform/timers.ts";
import type { CliContext } from "../../context.ts";
import { CommandFailure } from "../../failure.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { findTankAnywhere } from "../../node-access/tank-lookup.ts";
import { readAnswer } from "../../output/answer.ts";

const POLL_MS = 500;
const FAILED = 1;

/** States after which a move changes no more, of either end. */
const ENDED: ReadonlySet<Move["state"]> = new Set(["done", "activated", "aborted", "dropped"]);

/** `tankd tank move TANK SERVER` */
export function defineTankMove(move: Command, context: CliContext): void {
  move
    .argument("<tank>", "its id or name, or SERVER::TANK")
    .argument("<server>", "where it goes, or auto: the least loaded other server")
    .addHelpText(
      "after",
      `
The tank goes on there with the same fish, ids and past. Fish that are on their way to it follow,
and viewers are shown it there. Both nodes need the same --secret-file.`,
    )
    .action(async (wanted: string, server: string, _options: unknown, command: Command) => {
      const node = await context.node(command);
      const { tankId } = await findTankAnywhere(node, wanted);
      const path = `/api/tanks/${encodeURIComponent(tankId)}/move`;
      const body = await node.post(path, { server_id: server });
      const asked = readAnswer(movingSchema, body);
      if (asked.state === "done") {
        if (context.wantsJson(command)) return context.printJson(body);
        return context.print(describe(wanted, asked));
      }
      context.say(`${wanted} is moving to ${asked.server_id}; this takes a moment`);
      const ended = await ending(context, node, path);
      if (context.wantsJson(command)) return context.printJson(ended);
      context.print(`Moved ${wanted} to ${asked.server_id}.`);
    });
}

function describe(wanted: string, { name, server_id, duration_ms }: Moving): string {
  const renamed = name === undefined || wanted.endsWith(name) ? "" : `, as ${name}`;
  return `Moved ${wanted} to ${server_id}${renamed}, in ${duration_ms ?? 0} ms.`;
}

/** Asks whoever has the tank until its move has ended. @throws CommandFailure if it was aborted */
async function ending(context: CliContext, node: NodeClient, path: string): Promise<unknown> {
  while (true) {
    await sleep(context.host.timers, POLL_MS);
    const body = await node.get(`/gateway${path}`);
    const move = readAnswer(moveSchema, body);
    if (!ENDED.has(move.state)) continue;
    if (move.state !== "aborted" && move.state !== "dropped") return body;
    throw new CommandFailure(
      `${move.name} did not move, and goes on where it was: ${move.reason ?? "no reason given"}`,
      FAILED,
    );
  }
}
