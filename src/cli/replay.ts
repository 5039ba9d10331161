import type { Command } from "commander";
import type { CliContext } from "./context.ts";

/** What commander hands over of `tankd replay`. */
export interface ReplayFlags {
  readonly to?: string;
  readonly verify?: boolean;
}

/** `tankd replay TANK`: lives a tank's past again. Needs no node. */
export function addReplay(program: Command, context: CliContext): void {
  program
    .command("replay")
    .description("live a tank's past again, up to its last commit or a tick before")
    .argument("<tank>", "a tank of the data directory, by id or name, or the file of an archive")
    .option("--to <tick>", "the tick to go to (default: the last that was committed)")
    .option("--verify", "begin as far back as can be, and compare every digest on the way")
    .action(async (tank: string, flags: ReplayFlags, command: Command) => {
      // The world and the store are loaded only by who wants them: every other command starts
      // sooner.
      const { replayTank } = await import("./replay-tank.ts");
      await replayTank(context, command, tank, flags);
    });
}
