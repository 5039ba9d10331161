import type { Command } from "commander";
import type { CliContext } from "./context.ts";
import { keepLocal, type Local } from "./local-command.ts";

/** A command as its parent lists it. What it does is imported when it is called. */
export interface CommandEntry {
  readonly name: string;
  /** Its line in the list of commands. */
  readonly describe: string;
  /** Command lines for its help, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  readonly local?: Local;
  /** Not named in help: for scripts of this program only. */
  readonly hidden?: true;
  /** One command is loaded, not all: most of a short command's time is that of its modules. */
  readonly load: () => Promise<DefineCommand>;
}

/** Adds arguments, options and the action to `command`. */
export type DefineCommand = (command: Command, context: CliContext) => void;

const DEFINERS = new WeakMap<Command, () => Promise<void>>();

/** Lets `command` be completed by {@link defineNow}, once. */
export function defineLater(command: Command, entry: CommandEntry, context: CliContext): void {
  let defined: Promise<void> | undefined;
  DEFINERS.set(command, () => {
    defined ??= define(command, entry, context);
    return defined;
  });
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

async function define(command: Command, entry: CommandEntry, context: CliContext): Promise<void> {
  const defineCommand = await entry.load();
  defineCommand(command, context);
  if (entry.local) keepLocal(command, entry.local, context);
  if (entry.examples.length > 0) command.addHelpText("after", examplesOf(entry));
}

function examplesOf({ examples }: CommandEntry): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  ${line.padEnd(width)}  ${does}`);
  return `\nExamples:\n${lines.join("\n")}`;
}
