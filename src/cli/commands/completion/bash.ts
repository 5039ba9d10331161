import { cases } from "./cases.ts";
import type { CompletionNode } from "./nodes.ts";

/**
 * Works with bash 3.2 (macOS) and later. bash splits words at `:` and `=`, where SERVER::TANK and
 * --flag=value are one.
 */
export function bashScript(nodes: readonly CompletionNode[]): string {
  return `# bash completion of tankd; made by: tankd completion bash
_tankd() {
  local at=$COMP_CWORD current="\${COMP_WORDS[COMP_CWORD]}" typed="" word
  while ((at > 1)) && [[ \${COMP_WORDS[at]} == :* || \${COMP_WORDS[at-1]} == *: ]]; do
    at=$((at - 1)) current="\${COMP_WORDS[at]}$current"
  done
  if [[ $current == "=" ]]; then at=$((at + 1)) current=""; fi
  local previous="\${COMP_WORDS[at-1]}"
  if [[ $previous == "=" ]]; then previous="\${COMP_WORDS[at-2]}"; fi
  local before=("\${COMP_WORDS[@]:1:at-1}")
${cases(nodes)}
}
_tankd_offer() {
  local word words="$1"
  if [[ $current == -* || -z $1$3$4 ]]; then words="$2"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $current == -* ]]; then return; fi
  if [[ -n $3 ]]; then
    while IFS=$'\\t' read -r word _; do
      _tankd_add "$word" "$4"
    done < <("\${COMP_WORDS[0]}" complete "$3" -- "\${before[@]}" 2>/dev/null)
  fi
  if [[ -n $4 ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do
      COMPREPLY+=("$word")
    done < <(if [[ $4 == directories ]]; then compgen -d -- "$current"; else
      compgen -f -- "$current"; fi)
  fi
}
# Adds a name if it fits, quoted for the line; beside file names readline quotes.
_tankd_add() {
  local name="$1"
  if [[ -z $2 && $current != [\\"\\']* ]]; then name=$(printf %q "$1"); fi
  if [[ $name != "\${current#[\\"\\']}"* ]]; then return; fi
  if [[ $current == *:* ]]; then name="\${name#"\${current%"\${current##*:}"}"}"; fi
  COMPREPLY+=("$name")
}
complete -F _tankd tankd
`;
}
