import { cases } from "./cases.ts";
import type { CompletionNode } from "./nodes.ts";

export function zshScript(nodes: readonly CompletionNode[]): string {
  return `#compdef tankd
# zsh completion of tankd; made by: tankd completion zsh
_tankd() {
  local previous="\${words[CURRENT-1]}" typed="" word
  local -a before
  before=("\${(@Q)words[2,CURRENT-1]}")
  if [[ $PREFIX == --*=* ]]; then
    previous="\${PREFIX%%=*}"
    compset -P '*='
  fi
${cases(nodes)}
}
_tankd_offer() {
  local line
  local -a names shown
  if [[ $PREFIX == -* || -z "$1$3$4" ]]; then
    compadd -- \${(s: :)2}
    return
  fi
  if [[ -n "$1" ]]; then compadd -- \${(s: :)1}; fi
  if [[ -n "$3" ]]; then
    for line in "\${(@f)$("\${(Q)words[1]}" complete "$3" -- "\${before[@]}" 2>/dev/null)}"; do
      if [[ -z "$line" ]]; then continue; fi
      names+=("\${line%%$'\\t'*}")
      shown+=("\${line%%$'\\t'*} -- \${line#*$'\\t'}")
    done
    compadd -l -d shown -a names
  fi
  case "$4" in
    directories) _files -/ ;;
    files) _files ;;
  esac
}
if [[ "\${funcstack[1]}" == _tankd ]]; then _tankd "$@"; else compdef _tankd tankd; fi
`;
}
