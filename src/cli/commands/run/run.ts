import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import type { RunFlags } from "./options.ts";

/** `tankd run`: runs a world without outside input, as fast as possible. Needs no node. */
export function defineRun(run: Command, context: CliContext): void {
  run
    .option("--seed <number>", "seed of the world (default: 1)", "1")
    .option(
      "--ticks <number>",
      "length of the run; 30 ticks are a second of a tank's life (default: 10000)",
      "10000",
    )
    .option(
      "--fish <number>",
      "founders of each tank; above 100 the tank's size grows in proportion (default: 50)",
      "50",
    )
    .option("--tanks <number>", "tanks that exchange fish (default: 1)", "1")
    .option("--topology <name>", "routes of migration: ring, full, star or random (default: ring)")
    .option("--migrate-every <ticks>", "ticks between two exchanges (default: 1000)")
    .option("--migrants <number>", "fish that leave each tank at an exchange (default: 2)")
    .option(
      "--threads <number>",
      "threads to run tanks on; affects only the speed (default: one per core)",
    )
    .option("--out <dir>", "write a time series, the phylogeny and the result into this directory")
    .option("--force", "replace the files of an earlier run in that directory")
    .action(async (flags: RunFlags, command: Command) => {
      // The world is loaded lazily, so that other commands start faster.
      const { runWorld } = await import("./world.ts");
      await runWorld(context, flags, context.wantsJson(command));
    });
}
