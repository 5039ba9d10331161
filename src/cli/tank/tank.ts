import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { addTankCreate } from "./create.ts";
import { addTankExport } from "./export.ts";
import { addTankFeed, addTankSpawn } from "./feed.ts";
import { addTankForward } from "./forward.ts";
import { addTankImport } from "./import.ts";
import { addTankList } from "./list.ts";
import { addTankPause, addTankResume } from "./pause.ts";
import { addTankRemove } from "./remove.ts";
import { addTankShow } from "./show.ts";
import { addTankSpeed } from "./speed.ts";

/** `tankd tank …`, a file a command. Order is the order of help. */
export function addTank(program: Command, context: CliContext): void {
  const tank = program.command("tank").description("make, look at, steer and remove tanks");
  const commands = [
    addTankList,
    addTankCreate,
    addTankShow,
    addTankPause,
    addTankResume,
    addTankSpeed,
    addTankForward,
    addTankFeed,
    addTankSpawn,
    addTankExport,
    addTankImport,
    addTankRemove,
  ];
  for (const add of commands) add(tank, context);
}
