import { Command, CommanderError, Option } from "commander";
import { messageOf, PROBLEMS, Problem } from "../platform/errors.ts";
import { escapeUnsafe } from "../telemetry/log-format.ts";
import { addCommands } from "./commands/add-commands.ts";
import { COMMANDS } from "./commands/registry.ts";
import { CliContext } from "./context.ts";
import { CommandFailure } from "./failure.ts";
import type { Host } from "./host.ts";
import { addSettingOptions, GLOBAL_SETTINGS } from "./options.ts";
import { describeUsageError, flagOf, globalOptions } from "./usage.ts";
import { systemRefusal } from "./write-failure.ts";

const FAILED = 1;
const WRONG_USAGE = 2;

const HELP_AFTER = `
First steps:
  tankd start          start a node here and watch it in a browser
  tankd start -d       the same in the background; tankd stop ends it
  tankd peers          who else is there

Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 no node running.`;

/** Of every command: what `tankd --help` explains for all of them. */
function globalOptionsLine(command: Command): string {
  const flags = globalOptions(command)
    .map(flagOf)
    .filter((flag) => flag !== "--version");
  return `\nGlobal options: ${flags.join(" ")}; see: tankd --help`;
}

/** The program, each of whose commands is loaded when it is called. */
export function programOf(context: CliContext): Command {
  const program = new Command("tankd")
    .description("Tanks of evolving fish that find their peers and migrate between machines.")
    .version(context.host.build.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .configureHelp({
      // The descriptions contain defaults and choices already.
      optionDescription: (option) => option.description,
    })
    .configureOutput({
      writeOut: (text) => context.host.stdout.write(text),
      // `report` prints usage errors in one line.
      writeErr: () => {},
      getOutHelpWidth: () => context.host.stdout.columns,
      getOutHasColors: () => false,
    })
    .exitOverride()
    .addHelpText("after", HELP_AFTER)
    .addHelpText("afterAll", ({ command }) => (command.parent ? globalOptionsLine(command) : ""));
  addSettingOptions(program, GLOBAL_SETTINGS);
  program.addOption(new Option("--token-file <file>", "file with the control token for --url"));
  program.addOption(new Option("--json", "print JSON for programs"));
  addCommands(program, COMMANDS, context);
  return program;
}

/** Runs one command line; resolves with the exit code. Never rejects. */
export async function runCli(host: Host): Promise<number> {
  const context = new CliContext(host);
  const program = programOf(context);
  try {
    if (host.commandLine.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync([...host.commandLine], { from: "user" });
    return 0;
  } catch (error) {
    return report(context, program, error);
  }
}

/** Prints a failure in one line; returns its exit code. */
function report(context: CliContext, program: Command, error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    context.say(describeUsageError(program, context.host.commandLine, error));
    return WRONG_USAGE;
  }
  if (error instanceof Problem) {
    context.say(oneLine(error.message));
    return PROBLEMS[error.code].exit;
  }
  if (error instanceof CommandFailure) {
    context.say(oneLine(error.message));
    return error.exitCode;
  }
  const refusal = systemRefusal(error);
  context.say(oneLine(refusal ?? `a bug in tankd: ${messageOf(error)}`));
  const trace = error instanceof Error && context.host.environment["LOG_LEVEL"] === "debug";
  if (trace) context.host.stderr.write(`${error.stack}\n`);
  return FAILED;
}

/** Escapes the text, which may come from a node. */
function oneLine(text: string): string {
  return escapeUnsafe(text.replaceAll(/\s*\n\s*/g, " "));
}
