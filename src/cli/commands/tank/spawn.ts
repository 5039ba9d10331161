import type { Command } from "commander";
import { LIMITS } from "../../../platform/limits.ts";
import type { CliContext } from "../../context.ts";
import { readInteger } from "../../output/numbers.ts";
import { giveOrder } from "./orders.ts";

const FISH_DEFAULT = 1;

/** `tankd tank spawn TANK…` */
export function defineTankSpawn(spawn: Command, context: CliContext): void {
  spawn
    .argument("[tank...]", "their ids or names")
    .option("--fish <number>", `fish for each (default: ${FISH_DEFAULT})`)
    .option("--all", "every tank of this node")
    .action(async (wanted: string[], options: SpawnOptions, command: Command) => {
      const fish = readInteger(options.fish, "--fish", 1, LIMITS.foundersMax) ?? FISH_DEFAULT;
      await giveOrder(context, command, wanted, options.all === true, {
        route: "spawn",
        body: { fish },
        fits: (view) => view.tank.status !== "stopped",
        verb: "Added new fish to",
        describe: (view) => `Added ${fish} new fish to ${view.tank.name}.`,
      });
    });
}

interface SpawnOptions {
  readonly fish?: string;
  readonly all?: boolean;
}
