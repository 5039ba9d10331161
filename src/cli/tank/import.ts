import type { Command } from "commander";
import type { CliContext } from "../context.ts";

/** What commander hands over of `tankd tank import`. */
export interface ImportOptions {
  readonly tankName?: string;
}

/** `tankd tank import FILE` */
export function addTankImport(tank: Command, context: CliContext): void {
  tank
    .command("import")
    .description("make a tank that goes on where the one in an archive ended, with fish of its own")
    .argument("<file>", "what tankd tank export wrote, here or elsewhere")
    .option("--tank-name <name>", "its name (default: the archived tank's)")
    .action(async (file: string, options: ImportOptions, command: Command) => {
      const { importTank } = await import("./import-tank.ts");
      await importTank(context, command, file, options.tankName);
    });
}
