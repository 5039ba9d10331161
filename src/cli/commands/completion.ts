import { Argument, type Command } from "commander";
import type { CliContext } from "../context.ts";
import { flagOf, nameOf, visibleOptions } from "../usage.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** `tankd completion SHELL`: a completion script, generated from the program's commands. */
export function addCompletion(program: Command, context: CliContext): void {
  program
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
  bash   tankd completion bash > /etc/bash_completion.d/tankd
  zsh    tankd completion zsh > "\${fpath[1]}/_tankd"
  fish   tankd completion fish > ~/.config/fish/completions/tankd.fish`,
    )
    .action((shell: Shell) => context.print(SCRIPTS[shell](nodesOf(program))));
}

/** What can follow one command. */
interface CompletionNode {
  /** `tank create`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly help: string }[];
  /** Possible words of an argument. */
  readonly words: readonly string[];
  readonly options: readonly {
    readonly flag: string;
    readonly help: string;
    readonly takesValue: boolean;
    readonly choices: readonly string[];
  }[];
}

function nodesOf(command: Command): readonly CompletionNode[] {
  const node: CompletionNode = {
    path: nameOf(command).split(" ").slice(1).join(" "),
    commands: command.commands.map((sub) => ({
      name: sub.name(),
      help: sub.description(),
    })),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    options: visibleOptions(command).map((option) => ({
      flag: flagOf(option),
      help: option.description.replace(/ \((default|env|choices): .*\)$/, ""),
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
  };
  return [node, ...command.commands.flatMap(nodesOf)];
}

const SCRIPTS: Readonly<Record<Shell, (nodes: readonly CompletionNode[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/**
 * The common part for bash and zsh: the command typed so far, values after a flag, words after a
 * command. Without choices, files.
 */
function cases(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter((node) => node.path !== "").map((node) => `"${node.path}"`);
  const afterFlag = nodes.flatMap(({ path, options }) =>
    options
      .filter((option) => option.takesValue)
      .map(
        ({ flag, choices }) =>
          `    "${path} ${flag}") _tankd_offer "${choices.join(" ")}"; return ;;`,
      ),
  );
  const afterPath = nodes.map(({ path, commands, words, options }) => {
    const names = commands.map(({ name }) => name);
    const all = [...names, ...words, ...options.map(({ flag }) => flag)];
    return `    "${path}") _tankd_offer "${all.join(" ")}" ;;`;
  });
  return `  for word in "\${before[@]}"; do
    case "\${path:+$path }$word" in
      ${paths.join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $previous" in
${afterFlag.join("\n")}
  esac
  case "$path" in
${afterPath.join("\n")}
  esac`;
}

function bashScript(nodes: readonly CompletionNode[]): string {
  return `# bash completion of tankd; made by: tankd completion bash
_tankd() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${cases(nodes)}
}
_tankd_offer() {
  if [ -n "$1" ]; then
    COMPREPLY=($(compgen -W "$1" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _tankd tankd
`;
}

function zshScript(nodes: readonly CompletionNode[]): string {
  return `#compdef tankd
# zsh completion of tankd; made by: tankd completion zsh
_tankd() {
  local previous="\${words[CURRENT-1]}" path="" word
  local -a before
  before=("\${(@)words[2,CURRENT-1]}")
${cases(nodes)}
}
_tankd_offer() {
  if [[ -n "$1" ]]; then
    compadd -- \${(s: :)1}
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _tankd ]]; then _tankd "$@"; else compdef _tankd tankd; fi
`;
}

function fishScript(nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap((node) => {
    const here = fishCondition(node);
    const commands = node.commands.map(
      ({ name, help }) => `complete -c tankd -n '${here}' -f -a ${name} -d ${quote(help)}`,
    );
    const options = node.options.map(({ flag, help, takesValue, choices }) => {
      const name = flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
      const offered = choices.length > 0 ? ` -x -a ${quote(choices.join(" "))}` : "";
      const value = takesValue ? offered || " -r" : "";
      return `complete -c tankd -n '${here}' ${name}${value} -d ${quote(help)}`;
    });
    const words = node.words.map((word) => `complete -c tankd -n '${here}' -f -a ${word}`);
    return [...commands, ...words, ...options];
  });
  return `# fish completion of tankd; generated by: tankd completion fish\n${lines.join("\n")}\n`;
}

/** A condition: this command has been typed, but none of its subcommands. */
function fishCondition(node: CompletionNode): string {
  const typed = node.path
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => `__fish_seen_subcommand_from ${word}`);
  const deeper = node.commands.map(({ name }) => name);
  const none = deeper.length > 0 ? [`not __fish_seen_subcommand_from ${deeper.join(" ")}`] : [];
  return [...typed, ...none].join("; and ") || "true";
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
