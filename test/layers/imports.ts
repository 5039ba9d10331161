import type { Token } from "./tokens.ts";

/** A module that a source names: in an import (also of types only), a re-export, or `import()`. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /**
   * Imported names as the module calls them; `*` for the whole module, `default` for its default.
   */
  readonly names: readonly string[];
}

export function findImports(tokens: readonly Token[]): readonly Import[] {
  const imports: Import[] = [];
  tokens.forEach((token, at) => {
    if (token.kind !== "word" || isMember(tokens, at)) return;
    const next = tokens[at + 1];
    if (token.text === "require" || token.text === "import") {
      const argument = tokens[at + 2];
      if (next?.text === "(" && argument?.kind === "string") {
        imports.push({ specifier: argument.text, line: argument.line, names: ["*"] });
        return;
      }
    }
    if (token.text === "import") pushStatic(tokens, at, imports);
    if (token.text === "export" && (next?.text === "*" || next?.text === "{")) {
      pushStatic(tokens, at, imports);
    }
    if (token.text === "export" && next?.text === "type") {
      const afterType = tokens[at + 2]?.text;
      if (afterType === "*" || afterType === "{") pushStatic(tokens, at, imports);
    }
  });
  return imports;
}

function isMember(tokens: readonly Token[], at: number): boolean {
  const previous = tokens[at - 1];
  return previous?.kind === "punctuation" && (previous.text === "." || previous.text === "?.");
}

/**
 * `import … from "x"`, `import "x"`, `export … from "x"`; an export without `from` names no module.
 */
function pushStatic(tokens: readonly Token[], start: number, imports: Import[]): void {
  const names: string[] = [];
  for (let at = start + 1; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) return;
    const followsFrom = tokens[at - 1]?.text === "from" || at === start + 1;
    if (token.kind === "string") {
      if (followsFrom) imports.push({ specifier: token.text, line: token.line, names });
      return;
    }
    const endsWithoutModule =
      token.text === ";" || token.text === "=" || token.text === "(" || token.text === ".";
    if (endsWithoutModule) return;
    if (tokens[at - 1]?.text === "}" && token.text !== "from") return;
    if (token.text === "*") names.push("*");
    else if (token.kind === "word") pushName(tokens, at, start, names);
  }
}

function pushName(tokens: readonly Token[], at: number, start: number, names: string[]): void {
  const text = tokens[at]?.text ?? "";
  const previous = tokens[at - 1]?.text;
  const next = tokens[at + 1];
  if (text === "as" || previous === "as" || (text === "from" && next?.kind === "string")) return;
  if (text === "type" && next?.text !== "," && next?.text !== "}" && next?.text !== "from") return;
  const isDefault =
    at === start + 1 || (previous === "type" && at === start + 2 && next?.text !== "{");
  names.push(isDefault ? "default" : text);
}
