import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import { grouped } from "../../output/numbers.ts";
import { defineSwitch } from "./orders.ts";

/** `tankd tank resume TANK…` */
export function defineTankResume(resume: Command, context: CliContext): void {
  defineSwitch(resume, context, {
    route: "resume",
    body: {},
    fits: (view) => view.tank.status === "paused",
    verb: "Resumed",
    describe: (view, { tick }) => `${view.tank.name} continues from tick ${grouped(tick)}.`,
  });
}
