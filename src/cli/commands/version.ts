import type { Command } from "commander";
import { sqliteVersion } from "../../store/sqlite/version.ts";
import type { CliContext } from "../context.ts";

/** `tankd version` */
export function defineVersion(version: Command, context: CliContext): void {
  version.action((_options: unknown, command: Command) => {
    const { version, commit } = context.host.build;
    const platform = `${process.platform}-${process.arch}`;
    const runtime = `Bun ${Bun.version}`;
    const sqlite = sqliteVersion();
    if (context.wantsJson(command)) {
      return context.printJson({ version, commit: commit || null, platform, runtime, sqlite });
    }
    const program = `tankd ${version}${commit ? ` (${commit})` : ""}`;
    context.print([program, platform, runtime, `SQLite ${sqlite}`].join("  "));
  });
}
