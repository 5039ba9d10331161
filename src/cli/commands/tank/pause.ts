import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import { grouped } from "../../output/numbers.ts";
import { giveOrder, type Order } from "./orders.ts";

/** `tankd tank pause TANK…` */
export function addTankPause(tank: Command, context: CliContext): void {
  addSwitch(tank, context, "pause", "pause tanks: their time stops", {
    route: "pause",
    body: {},
    fits: (view) => view.tank.status === "running",
    verb: "Paused",
    describe: (view, { tick }) => `Paused ${view.tank.name} at tick ${grouped(tick)}.`,
  });
}

/** `tankd tank resume TANK…` */
export function addTankResume(tank: Command, context: CliContext): void {
  addSwitch(tank, context, "resume", "resume paused tanks", {
    route: "resume",
    body: {},
    fits: (view) => view.tank.status === "paused",
    verb: "Resumed",
    describe: (view, { tick }) => `${view.tank.name} continues from tick ${grouped(tick)}.`,
  });
}

function addSwitch(
  tank: Command,
  context: CliContext,
  name: string,
  description: string,
  order: Order,
): void {
  tank
    .command(name)
    .description(description)
    .argument("[tank...]", "their ids or names")
    .option("--all", "every tank of this node")
    .action(async (wanted: string[], options: { all?: boolean }, command: Command) => {
      await giveOrder(context, command, wanted, options.all === true, order);
    });
}
