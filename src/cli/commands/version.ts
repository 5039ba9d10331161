import type { Command } from "commander";
import type { CliContext } from "../context.ts";

/** `tankd version` */
export function defineVersion(version: Command, context: CliContext): void {
  version.action((_options: unknown, command: Command) => {
    const { version, commit } = context.host.build;
    const platform = `${process.platform}-${process.arch}`;
    const runtime = `Bun ${Bun.version}`;
    if (context.wantsJson(command)) {
      return context.printJson({ version, commit: commit || null, platform, runtime });
    }
    context.print(`tankd ${version}${commit ? ` (${commit})` : ""}  ${platform}  ${runtime}`);
  });
}
