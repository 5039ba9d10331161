import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { localDirectory } from "../node-access/local-tanks.ts";
import { readInteger } from "../output/numbers.ts";

interface Flags {
  readonly schema: string;
}

/** `tankd downgrade`: lets the version before go on with a data directory. Needs no node. */
export function defineDowngrade(downgrade: Command, context: CliContext): void {
  downgrade
    .requiredOption("--schema <number>", "what the version before says that it supports")
    .addHelpText(
      "after",
      "\nThe node must be stopped. Settings that the version before does not know are lost: a" +
        "\npaused connection gets the probability 0. Nothing else is.",
    )
    .action(async (flags: Flags, command: Command) => {
      const schema = readInteger(flags.schema, "--schema") ?? 0;
      const directory = localDirectory(context, command);
      // Loaded lazily, so that other commands start faster.
      const { openDataDirectory } = await import("../../platform/real/data-directory.ts");
      const { realRandom } = await import("../../platform/real/random.ts");
      const { downgradeDatabase } = await import("../../store/sqlite/downgrade.ts");
      const { DATABASE_FILE } = await import("../../store/sqlite/store.ts");
      const locked = openDataDirectory(directory, realRandom);
      let before: number;
      try {
        before = downgradeDatabase(locked.pathOf(DATABASE_FILE), schema);
      } finally {
        locked.close();
      }
      const result = { directory, from_schema: before, to_schema: schema };
      if (context.wantsJson(command)) return context.printJson(result);
      if (before === schema) return context.print(`${directory} has schema ${schema} already.`);
      context.print(
        `${directory} was taken back from schema ${before} to ${schema}. ` +
          `Start the version that supports ${schema} on it; this one would convert it again.`,
      );
    });
}
