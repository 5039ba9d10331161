import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import { grouped } from "../../output/numbers.ts";
import { defineSwitch } from "./orders.ts";

/** `tankd tank pause TANK…` */
export function defineTankPause(pause: Command, context: CliContext): void {
  defineSwitch(pause, context, {
    route: "pause",
    body: {},
    fits: (view) => view.tank.status === "running",
    verb: "Paused",
    describe: (view, { tick }) => `Paused ${view.tank.name} at tick ${grouped(tick)}.`,
  });
}
