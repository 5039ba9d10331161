import type { Command } from "commander";
import type { CliContext } from "../../context.ts";

/** Options of `tankd tank export`, as commander passes them. */
export interface ExportOptions {
  readonly force?: boolean;
}

/** `tankd tank export TANK [FILE]` */
export function defineTankExport(exporting: Command, context: CliContext): void {
  exporting
    .argument("<tank>", "its id or name")
    .argument("[file]", "the file to write, or - for stdout (default: <name>.tank)")
    .option("--force", "replace an existing file")
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
