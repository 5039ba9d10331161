import type { Command } from "commander";
import { z } from "zod";
import { readAnswer } from "./answer.ts";
import type { CliContext } from "./context.ts";
import { CommandFailure } from "./failure.ts";

const joinedSchema = z.object({ met: z.boolean(), detail: z.string() });

/** `tankd join URL`: the running node uses this hub from now on. */
export function addJoin(program: Command, context: CliContext): void {
  program
    .command("join")
    .description("let the running node use a hub, from now on and after restarts")
    .argument("<url>", "the hub, like http://192.168.1.10:8000")
    .action(async (url: string, _options: unknown, command: Command) => {
      const node = await context.node(command);
      const body = await node.post("/api/cluster/join", { url });
      const { met, detail } = readAnswer(joinedSchema, body);
      if (context.wantsJson(command)) context.printJson(body);
      else if (met) context.print(`${detail}.`);
      if (!met) throw new CommandFailure(`${url} was not met: ${detail}`, 1);
    });
}

/** `tankd leave`: the running node goes on alone. */
export function addLeave(program: Command, context: CliContext): void {
  program
    .command("leave")
    .description("take the running node out of its cluster; its tanks go on")
    .addHelpText("after", "\nIt finds the others again after: tankd join URL, or a restart.")
    .action(async (_options: unknown, command: Command) => {
      const node = await context.node(command);
      const body = await node.post("/api/cluster/leave", {});
      if (context.wantsJson(command)) return context.printJson(body);
      context.print("This node is alone now; its tanks go on.");
    });
}
