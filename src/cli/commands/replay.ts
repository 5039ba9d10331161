import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { ReplayFlags } from "./replay-tank.ts";

/** `tankd replay TANK`: replays a tank's past. Needs no node. */
export function defineReplay(replay: Command, context: CliContext): void {
  replay
    .argument("<tank>", "a tank of the data directory, by id or name, or the file of an archive")
    .option("--to <tick>", "the tick to stop at (default: the last committed one)")
    .option("--verify", "begin at the oldest state and compare every digest on the way")
    .action(async (tank: string, flags: ReplayFlags, command: Command) => {
      // The world and the store are loaded lazily, so that other commands start faster.
      const { replayTank } = await import("./replay-tank.ts");
      await replayTank(context, command, tank, flags);
    });
}
