import type { Command, CommanderError, Option } from "commander";
import { closest } from "../node/settings/spelling.ts";
import { takes } from "./local-command.ts";

/** One sentence about a command line that commander rejects: the mistake, and what is valid. */
export function describeUsageError(
  program: Command,
  commandLine: readonly string[],
  error: CommanderError,
): string {
  const command = commandAt(program, commandLine);
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  if (error.code === "commander.unknownOption") {
    const flags = visibleOptions(command).map(flagOf);
    return `${nameOf(command)} has no option ${quoted}; ${suggest(quoted, flags)}`;
  }
  if (error.code === "commander.unknownCommand") {
    return unknownCommand(command, quoted);
  }
  // Commander's code for a group without one of its commands.
  if (error.code === "commander.help") {
    const names = commandNames(command);
    return `${nameOf(command)} needs a command: ${names.join(", ")}`;
  }
  const sentence = error.message.replace(/^error: |\.$/g, "").replaceAll("\n", " ");
  return `${sentence}; see: ${nameOf(command)} --help`;
}

/** What to say of a word that is no command of this one. */
export function unknownCommand(command: Command, word: string): string {
  const names = commandNames(command);
  if (names.length === 0) return `${nameOf(command)} has no commands of its own`;
  return `${nameOf(command)} has no command "${word}"; ${suggest(word, names)}`;
}

function suggest(word: string, known: readonly string[]): string {
  const guess = closest(word, known);
  return guess ? `did you mean ${guess}?` : `there are ${known.join(", ")}`;
}

/** The command that the words name: `tankd tank create` for `tank create --fish x`. */
export function commandAt(program: Command, commandLine: readonly string[]): Command {
  let command = program;
  for (const word of commandLine) {
    command = command.commands.find((sub) => sub.name() === word) ?? command;
  }
  return command;
}

/** `tankd tank create` */
export function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function commandNames(command: Command): readonly string[] {
  return visibleCommands(command).map((sub) => sub.name());
}

/** The commands that its help lists. */
export function visibleCommands(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

/** Its own options, and the global ones. */
export function visibleOptions(command: Command): readonly Option[] {
  return [...command.createHelp().visibleOptions(command), ...globalOptions(command)];
}

/** The options of its parents that it has as well. */
export function globalOptions(command: Command): readonly Option[] {
  const help = command.createHelp();
  help.showGlobalOptions = true;
  const all = help.visibleGlobalOptions(command);
  return all.filter((option) => takes(command, option.attributeName()));
}

/** `--name`, or `-f` where there is no long form. */
export function flagOf(option: Option): string {
  return option.long ?? option.short ?? option.flags;
}
