import type { Command } from "commander";
import { type CommandEntry, defineLater, defineNow } from "../command.ts";
import type { CliContext } from "../context.ts";

/** Of every group, after its own commands. Commander's own would not load what it describes. */
const HELP: CommandEntry = {
  name: "help",
  describe: "show the help of a command",
  examples: [],
  load: async () => (await import("./help.ts")).defineHelp,
};

/** Adds the commands to `parent`; each is complete before it parses its words or shows help. */
export function addCommands(
  parent: Command,
  entries: readonly CommandEntry[],
  context: CliContext,
): void {
  parent.helpCommand(false);
  for (const entry of [...entries, HELP]) {
    const { name, describe, hidden = false } = entry;
    defineLater(parent.command(name, { hidden }).description(describe), entry, context);
  }
  parent.hook("preSubcommand", (_parent, command) => defineNow(command));
}
