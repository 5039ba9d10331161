import type { Command } from "commander";
import { Problem } from "../platform/errors.ts";
import type { CliContext } from "./context.ts";

/**
 * It works on this machine alone, and has not the options that address another node. On the node
 * that runs here it refuses `TANKD_URL` as well, since another one may be meant.
 */
export type Local = "machine" | "node";

/** The global options that address another node, with their attributes. */
const ADDRESSING = { url: "--url", tokenFile: "--token-file" } as const;
const LOCAL = new WeakSet<Command>();

/** Whether the command has this global option, by its attribute. */
export function takes(command: Command, option: string): boolean {
  return !(LOCAL.has(command) && option in ADDRESSING);
}

/** Makes it refuse, before its action, what would address another node. */
export function keepLocal(command: Command, local: Local, { host }: CliContext): void {
  LOCAL.add(command);
  const onThis = `${command.name()} works on this machine alone`;
  command.hook("preAction", () => {
    for (const [option, flag] of Object.entries(ADDRESSING)) {
      if (command.getOptionValueSourceWithGlobals(option) !== "cli") continue;
      throw new Problem("usage", `${onThis}; leave ${flag} out`);
    }
    if (local === "node" && host.environment["TANKD_URL"]) {
      throw new Problem("usage", `${onThis}, and TANKD_URL names another node; unset it for this`);
    }
  });
}
