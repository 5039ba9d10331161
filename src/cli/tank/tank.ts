import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { addTankCreate } from "./create.ts";
import { addTankList } from "./list.ts";
import { addTankShow } from "./show.ts";

/** `tankd tank …`, one file a command. Order is the order of help. */
export function addTank(program: Command, context: CliContext): void {
  const tank = program.command("tank").description("list, create and look at tanks");
  for (const add of [addTankList, addTankCreate, addTankShow]) add(tank, context);
}
