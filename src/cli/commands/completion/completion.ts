import { Argument, type Command } from "commander";
import { defineAll } from "../../command.ts";
import type { CliContext } from "../../context.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { type CompletionNode, nodesOf } from "./nodes.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  string,
  (nodes: readonly CompletionNode[]) => string
>;
type Shell = keyof typeof SCRIPTS;

/** `tankd completion SHELL`: a completion script, generated from the program's commands. */
export function defineCompletion(completion: Command, context: CliContext): void {
  completion
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SCRIPTS)))
    .action(async (shell: Shell) => {
      const program = completion.parent ?? completion;
      await defineAll(program);
      context.print(SCRIPTS[shell](nodesOf(program)));
    });
}
