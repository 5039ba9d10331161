import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
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

/** `tankd tank …`, one file per command, in the order of help. */
export function addTank(program: Command, context: CliContext): void {
  const tank = program.command("tank").description("create, inspect, control and remove tanks");
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
