import { isAsked } from "./kinds.ts";
import type { CompletionNode, Offer } from "./nodes.ts";

/**
 * The common part for bash and zsh: finds the command in the words before the cursor, then offers
 * the values of the flag before the cursor, or the words of the command.
 *
 *     _tankd_offer WORDS FLAGS ASKED FOUND
 *
 * ASKED are the kinds that the program is asked for; FOUND is `files` or `directories`. The command
 * is in `typed`: zsh ties `path` to PATH.
 */
export function cases(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter((node) => node.path !== "").map((node) => `"${node.path}"`);
  const afterFlag = nodes.flatMap(({ path, options }) =>
    options.flatMap(({ flag, value }) =>
      value === undefined ? [] : [`    "${path} ${flag}") ${offer(value, [])}; return ;;`],
    ),
  );
  const afterPath = nodes.map(({ path, commands, offer: { words, kinds }, options }) => {
    const names = commands.map(({ name }) => name);
    const flags = options.map(({ flag }) => flag);
    return `    "${path}") ${offer({ words: [...names, ...words], kinds }, flags)} ;;`;
  });
  return `  for word in "\${before[@]}"; do
    case "\${typed:+$typed }$word" in
      ${paths.join("|")}) typed="\${typed:+$typed }$word" ;;
    esac
  done
  case "$typed $previous" in
${afterFlag.join("\n")}
  esac
  case "$typed" in
${afterPath.join("\n")}
  esac`;
}

function offer({ words, kinds }: Offer, flags: readonly string[]): string {
  const asked = kinds.filter(isAsked);
  const found = kinds.filter((kind) => !isAsked(kind));
  const parts = [words.join(" "), flags.join(" "), asked.join(","), found.join(" ")];
  return `_tankd_offer ${parts.map((part) => `"${part}"`).join(" ")}`;
}
