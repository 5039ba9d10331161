import type { Command } from "commander";
import { Problem } from "../platform/errors.ts";
import type { CliContext } from "./context.ts";

/** A command as its parent lists it. What it does is imported when it is called. */
export interface CommandEntry {
  readonly name: string;
  /** Its line in the list of commands. */
  readonly describe: string;
  /** Command lines for its help, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /**
   * It works on this machine alone, and refuses the options that address another node; on the node
   * that runs here it refuses `TANKD_URL` as well, since another one may be meant.
   */
  readonly local?: "machine" | "node";
  /** One command is loaded, not all: most of a short command's time is that of its modules. */
  readonly load: () => Promise<DefineCommand>;
}

/** Adds arguments, options and the action to `command`. */
export type DefineCommand = (command: Command, context: CliContext) => void;

/** Of every group, after its own commands. Commander's own would not load what it describes. */
const HELP: CommandEntry = {
  name: "help",
  describe: "show the help of a command",
  examples: [],
  load: async () => (await import("./commands/help.ts")).defineHelp,
};

/** Adds the commands to `parent`; each is complete before it parses its words or shows help. */
export function addCommands(
  parent: Command,
  entries: readonly CommandEntry[],
  context: CliContext,
): void {
  parent.helpCommand(false);
  for (const entry of [...entries, HELP]) {
    const command = parent.command(entry.name).description(entry.describe);
    if (entry.local !== undefined) LOCAL.add(command);
    let defined: Promise<void> | undefined;
    DEFINERS.set(command, () => {
      defined ??= define(command, entry, context);
      return defined;
    });
  }
  parent.hook("preSubcommand", (_parent, command) => defineNow(command));
}

/** Completes this command, without those below it. */
export async function defineNow(command: Command): Promise<void> {
  await DEFINERS.get(command)?.();
}

/** Completes this command and all below it. */
export async function defineAll(command: Command): Promise<void> {
  await defineNow(command);
  for (const sub of command.commands) await defineAll(sub);
}

/** Global options that a command on this machine alone does not have. */
const ADDRESSING = ["url", "tokenFile"] as const;
const LOCAL = new WeakSet<Command>();

/** Whether this global option, by its attribute, is one of the command. */
export function takes(command: Command, option: string): boolean {
  return !(LOCAL.has(command) && ADDRESSING.some((one) => one === option));
}

/** @throws Problem `usage` */
function refuseAddress(command: Command, { name, local }: CommandEntry, context: CliContext): void {
  const onThis = `${name} works on this machine alone`;
  for (const option of ADDRESSING) {
    if (command.getOptionValueSourceWithGlobals(option) !== "cli") continue;
    const flag = option === "url" ? "--url" : "--token-file";
    throw new Problem("usage", `${onThis}; leave ${flag} out`);
  }
  if (local === "node" && context.host.environment["TANKD_URL"]) {
    throw new Problem("usage", `${onThis}, and TANKD_URL names another node; unset it for this`);
  }
}

const DEFINERS = new WeakMap<Command, () => Promise<void>>();

async function define(command: Command, entry: CommandEntry, context: CliContext): Promise<void> {
  const defineCommand = await entry.load();
  defineCommand(command, context);
  if (entry.local) command.hook("preAction", () => refuseAddress(command, entry, context));
  if (entry.examples.length > 0) command.addHelpText("after", examplesOf(entry));
}

function examplesOf({ examples }: CommandEntry): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  ${line.padEnd(width)}  ${does}`);
  return `\nExamples:\n${lines.join("\n")}`;
}
