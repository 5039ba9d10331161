import { COMMANDS } from "./commands/registry.ts";

/** What is known of how this program was called. */
export interface Invocation {
  /** The first word of the command line as it was typed, like `dist/tankd`. */
  readonly typed: string;
  /** The absolute path of the executable. */
  readonly executable: string;
  /** The executable that a shell finds by this name, with links resolved. */
  readonly onPath: (name: string) => string | undefined;
}

const NAME = "tankd";

/** The word by which a shell finds this program: `tankd` if PATH leads to it, else as typed. */
export function programWord({ typed, executable, onPath }: Invocation): string {
  if (onPath(NAME) === executable) return NAME;
  const isPath = typed.includes("/");
  return shellWord(isPath || onPath(typed) === executable ? typed : executable);
}

/** Quotes a word for a shell where it needs that. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** By which a command finds its node; a command that is suggested needs the same ones. */
const HERE = ["--config", "--data-dir"] as const;
const ANYWHERE = [...HERE, "--url", "--token-file"] as const;

/** These options as they were given: `--data-dir data`. */
function given(options: readonly string[], commandLine: readonly string[]): readonly string[] {
  return commandLine.flatMap((word, index) => {
    const option = options.find((one) => word === one || word.startsWith(`${one}=`));
    if (option === undefined) return [];
    const value = word === option ? commandLine[index + 1] : word.slice(option.length + 1);
    return value === undefined ? [] : [option, shellWord(value)];
  });
}

/**
 * A command in a message that is meant to be typed here: after a colon, possibly with sudo. Those
 * for another machine are in the flow of a sentence.
 */
const COMMAND = /(?<=: (?:sudo )?)tankd ((?:tank )?([a-z]+))(?![\w-])/g;
const ENTRIES = new Map(COMMANDS.map((entry) => [entry.name, entry]));

/**
 * The message with its commands as they can be typed where it is read: with the program's name as
 * this shell finds it, and the options by which this command has found its node.
 */
export function withTypedCommands(
  message: string,
  program: string,
  commandLine: readonly string[],
): string {
  return message.replace(COMMAND, (text, command: string, name: string, at: number) => {
    const entry = ENTRIES.get(command.startsWith("tank ") ? "tank" : name);
    if (entry === undefined) return text;
    // `config --file` is of a start here, whichever node was asked.
    const isHere = entry.local !== undefined || message.startsWith(" --file", at + text.length);
    return [program, command, ...given(isHere ? HERE : ANYWHERE, commandLine)].join(" ");
  });
}
