import type { Command } from "commander";
import type { CliContext } from "../context.ts";

/** What commander hands over of `tankd tank export`. */
export interface ExportOptions {
  readonly force?: boolean;
}

/** `tankd tank export TANK [FILE]` */
export function addTankExport(tank: Command, context: CliContext): void {
  tank
    .command("export")
    .description("write a tank's past into one file: to keep, to share, to replay anywhere")
    .argument("<tank>", "its id or name")
    .argument("[file]", "the file to write, or - for stdout (default: <name>.tank)")
    .option("--force", "replace a file that is there")
    .action(
      async (
        wanted: string,
        file: string | undefined,
        options: ExportOptions,
        command: Command,
      ) => {
        const { exportTank } = await import("./export-tank.ts");
        await exportTank(context, command, { wanted, file, force: options.force === true });
      },
    );
}
