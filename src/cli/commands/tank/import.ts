import type { Command } from "commander";
import type { CliContext } from "../../context.ts";

/** Options of `tankd tank import`, as commander passes them. */
export interface ImportOptions {
  readonly tankName?: string;
}

/** `tankd tank import FILE` */
export function defineTankImport(importing: Command, context: CliContext): void {
  importing
    .argument("<file>", "a file of tankd tank export, from any node")
    .option("--tank-name <name>", "its name (default: the archived tank's)")
    .action(async (file: string, options: ImportOptions, command: Command) => {
      const { importTank } = await import("./import-tank.ts");
      await importTank(context, command, file, options.tankName);
    });
}
