import type { Command } from "commander";
import { LIMITS } from "../../../platform/limits.ts";
import type { CliContext } from "../../context.ts";
import { readInteger } from "../../output/numbers.ts";
import { count } from "../../output/words.ts";
import { giveOrder } from "./orders.ts";

const PORTIONS_DEFAULT = 10;

/** `tankd tank feed TANK…` */
export function defineTankFeed(feed: Command, context: CliContext): void {
  feed
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

interface FeedOptions {
  readonly portions?: string;
  readonly all?: boolean;
}
