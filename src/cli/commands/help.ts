import type { Command } from "commander";
import { Problem } from "../../platform/errors.ts";
import { defineNow } from "../command.ts";
import { unknownCommand } from "../usage.ts";

/** `tankd help [COMMAND…]` */
export function defineHelp(help: Command): void {
  help.argument("[command...]", "the command").action(async (words: readonly string[]) => {
    let command = help.parent ?? help;
    for (const word of words) {
      const sub = command.commands.find((one) => one.name() === word);
      if (sub === undefined) throw new Problem("usage", unknownCommand(command, word));
      await defineNow(sub);
      command = sub;
    }
    command.outputHelp();
  });
}
