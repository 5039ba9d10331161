import type { Command } from "commander";
import { LIMITS } from "../../../platform/limits.ts";
import type { CliContext } from "../../context.ts";
import { readInteger } from "../../output/numbers.ts";
import { count } from "../../output/words.ts";
import { giveOrder } from "./orders.ts";

const PORTIONS_DEFAULT = 10;
const FISH_DEFAULT = 1;

/** `tankd tank feed TANK…` */
export function addTankFeed(tank: Command, context: CliContext): void {
  tank
    .command("feed")
    .description("drop food into tanks")
    .argument("[tank...]", "their ids or names")
    .option("--portions <number>", `portions for each (default: ${PORTIONS_DEFAULT})`)
    .option("--all", "every tank of this node")
    .action(async (wanted: string[], options: FeedOptions, command: Command) => {
      const given = readInteger(options.portions, "--portions", 1, LIMITS.portionsMax);
      const portions = given ?? PORTIONS_DEFAULT;
      await giveOrder(context, command, wanted, options.all === true, {
        route: "feed",
        body: { portions },
        fits: (view) => view.tank.status !== "stopped",
        verb: "Fed",
        describe: (view) => `Dropped ${count(portions, "portion")} into ${view.tank.name}.`,
      });
    });
}

/** `tankd tank spawn TANK…` */
export function addTankSpawn(tank: Command, context: CliContext): void {
  tank
    .command("spawn")
    .description("add new random fish to tanks")
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

interface FeedOptions {
  readonly portions?: string;
  readonly all?: boolean;
}

interface SpawnOptions {
  readonly fish?: string;
  readonly all?: boolean;
}
