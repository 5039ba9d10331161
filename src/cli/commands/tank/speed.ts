import type { Command } from "commander";
import { Problem } from "../../../platform/errors.ts";
import { LIMITS } from "../../../platform/limits.ts";
import type { CliContext } from "../../context.ts";
import { readNumber } from "../../output/numbers.ts";
import { giveOrder } from "./orders.ts";

/** The word for a rate of 0. */
const FLAT_OUT = "max";

/** `tankd tank speed TANK… RATE` */
export function defineTankSpeed(speed: Command, context: CliContext): void {
  speed
    .usage("[options] [TANK...] RATE")
    .argument(
      "<words...>",
      `ids or names of tanks, then the rate: ticks per second, or ${FLAT_OUT}`,
    )
    .option("--all", "every tank of this node")
    .action(async (words: string[], options: { all?: boolean }, command: Command) => {
      const rate = readRate(words.at(-1) ?? "");
      const pace = rate === 0 ? "as fast as possible" : `at ${rate} ticks per second`;
      await giveOrder(context, command, words.slice(0, -1), options.all === true, {
        route: "speed",
        body: { tick_rate: rate },
        fits: (view) => view.tank.status !== "stopped" && view.tick_rate !== rate,
        verb: "Set the speed of",
        describe: (view) =>
          `${view.tank.name} ${view.tank.status === "paused" ? "will run" : "runs"} ${pace}${
            view.tank.status === "paused" ? " when it is resumed" : ""
          }.`,
      });
    });
}

function readRate(text: string): number {
  if (text === FLAT_OUT || text === "0") return 0;
  if (!/^[\d.]+$/.test(text)) {
    throw new Problem(
      "usage",
      `"${text}" is not a rate: give ticks per second as the last word, or ${FLAT_OUT}`,
    );
  }
  return readNumber(text, "the rate", LIMITS.tickRateMin, LIMITS.tickRateMax) ?? 0;
}
