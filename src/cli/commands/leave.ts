import type { Command } from "commander";
import type { CliContext } from "../context.ts";

/** `tankd leave`: takes the running node out of its cluster. */
export function defineLeave(leave: Command, context: CliContext): void {
  leave
    .addHelpText("after", "\nIt finds the others again after: tankd join URL, or a restart.")
    .action(async (_options: unknown, command: Command) => {
      const node = await context.node(command);
      const body = await node.post("/api/cluster/leave", {});
      if (context.wantsJson(command)) return context.printJson(body);
      context.print("This node has left its cluster; its tanks keep running.");
    });
}
