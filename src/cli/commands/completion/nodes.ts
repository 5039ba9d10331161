import type { Argument, Command, Option } from "commander";
import { flagOf, nameOf, visibleCommands, visibleOptions } from "../../usage.ts";
import type { Kind } from "./kinds.ts";

/** What can stand for a word: these words, and those of these kinds. */
export interface Offer {
  readonly words: readonly string[];
  readonly kinds: readonly Kind[];
}

/** What can follow one command. */
export interface CompletionNode {
  /** `tank create`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly help: string }[];
  /** Of its arguments, whichever their place. */
  readonly offer: Offer;
  readonly options: readonly {
    readonly flag: string;
    readonly help: string;
    /** Of its value; undefined for a switch. */
    readonly value: Offer | undefined;
  }[];
}

/** The nodes of a command and of all below it. */
export function nodesOf(command: Command): readonly CompletionNode[] {
  const path = nameOf(command).split(" ").slice(1).join(" ");
  const commands = visibleCommands(command);
  const args = command.registeredArguments;
  const node: CompletionNode = {
    path,
    commands: commands.map((sub) => ({ name: sub.name(), help: sub.description() })),
    offer: {
      words: args.flatMap((argument) => argument.argChoices ?? commandsNamed(argument, command)),
      kinds: [...new Set(args.flatMap((argument) => kindsOfArgument(path, argument)))],
    },
    options: visibleOptions(command).map((option) => ({
      flag: flagOf(option),
      help: option.description.replace(/ \((default|env|choices): .*\)$/, ""),
      value: option.required || option.optional ? valueOffer(option) : undefined,
    })),
  };
  return [node, ...commands.flatMap(nodesOf)];
}

/** The argument of `tankd help`. */
function commandsNamed(argument: Argument, { parent }: Command): readonly string[] {
  if (argument.name() !== "command" || parent === null) return [];
  return visibleCommands(parent).map((sub) => sub.name());
}

/** By the name of an argument in help; with the command where it means something else there. */
const KINDS_OF_ARGUMENTS: Readonly<Record<string, readonly Kind[]>> = {
  tank: ["tanks"],
  words: ["tanks"],
  source: ["tanks"],
  destination: ["all_tanks"],
  file: ["files"],
  url: ["urls"],
  server: ["servers"],
  "alias tank": ["all_tanks"],
  "transfer tank": ["all_tanks"],
  "tank move tank": ["all_tanks"],
  "replay tank": ["tanks", "files"],
  // Those of this node are among all of them, which the destination offers.
  "connect source": ["all_tanks"],
  "disconnect source": ["connections"],
};

function kindsOfArgument(path: string, argument: Argument): readonly Kind[] {
  const name = argument.name();
  return KINDS_OF_ARGUMENTS[`${path} ${name}`] ?? KINDS_OF_ARGUMENTS[name] ?? [];
}

/** By the placeholder of an option's value, or by the option. */
const KINDS_OF_VALUES: Readonly<Record<string, Kind>> = {
  "<file>": "files",
  "<path>": "files",
  "<dir>": "directories",
  "--url": "urls",
  "--hub": "urls",
  "--server": "servers",
  "<server>": "servers",
  "--from": "all_tanks",
};

function valueOffer(option: Option): Offer {
  const placeholder = /<.*>/.exec(option.flags)?.[0] ?? "";
  const kind = KINDS_OF_VALUES[flagOf(option)] ?? KINDS_OF_VALUES[placeholder];
  return { words: option.argChoices ?? [], kinds: kind === undefined ? [] : [kind] };
}
