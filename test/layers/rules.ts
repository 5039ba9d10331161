import { posix } from "node:path";
import { divergenceAt } from "./divergence.ts";
import { findImports, type Import } from "./imports.ts";
import {
  BUN_MEMBER_USE,
  CONSTRUCTORS,
  CRYPTO_THAT_DRAWS,
  GLOBALS,
  MEMBERS,
  NODE_MODULE_USE,
  PURE_BUN,
  PURE_MODULES,
  USE,
} from "./names.ts";
import { isMemberName, punctuation, type Token, tokenize } from "./tokens.ts";

/**
 * The layers of docs/architecture.md, top to bottom: a folder imports only from folders below it.
 */
export const LAYERS: readonly string[] = [
  "cli",
  "node",
  "adapters",
  "api",
  "web",
  "audit",
  "migration",
  "cluster",
  "tanks",
  "discovery",
  "store",
  "sim",
  "telemetry",
  "platform",
];

/** Where the outside world may be touched. */
const ADAPTERS = [
  /^src\/platform\/(real|simulated)\//,
  /^src\/telemetry\//,
  /^src\/store\/sqlite\//,
  /^src\/adapters\//,
  /^src\/api\/server\.ts$/,
  /^src\/tanks\/worker-host\.ts$/,
  /^src\/cli\//,
  /^src\/web\//,
  /^src\/(main|worker|disk)\.ts$/,
];

/** Programs rather than parts of a layer: they may import anything, and nothing imports them. */
const ENTRY_POINTS = new Set(["src/main.ts", "src/worker.ts", "src/disk.ts"]);

export interface Offence {
  /** `src/…:line` */
  readonly where: string;
  readonly what: string;
  readonly instead: string;
}

export function show(offence: Offence): string {
  return `${offence.where}: ${offence.what}; ${offence.instead}`;
}

/** All that one source breaks. `path` is relative to the repository, with `/`. */
export function inspect(path: string, source: string): readonly Offence[] {
  const tokens = tokenize(source);
  const imports = findImports(tokens);
  const offences = imports.flatMap((found) => importOffences(path, found));
  if (!ADAPTERS.some((adapter) => adapter.test(path))) {
    offences.push(...imports.flatMap((found) => moduleOffences(path, found)));
    offences.push(...tokens.flatMap((_, at) => nameOffences(path, tokens, at)));
  }
  if (path.startsWith("src/sim/")) {
    for (const [at, token] of tokens.entries()) {
      const found = divergenceAt(tokens, at);
      if (found) offences.push(offence(path, token.line, found.what, found.instead));
    }
  }
  if (layerOf(path) === undefined && !ENTRY_POINTS.has(path) && !path.endsWith(".d.ts")) {
    offences.push(offence(path, 1, "lies in no layer", `move it into one of ${LAYERS.join(", ")}`));
  }
  return offences;
}

function offence(path: string, line: number, what: string, instead: string): Offence {
  return { where: `${path}:${line}`, what, instead };
}

function layerOf(path: string): number | undefined {
  const folder = /^src\/([^/]+)\//.exec(path)?.[1];
  const index = LAYERS.indexOf(folder ?? "");
  return index === -1 ? undefined : index;
}

/** The direction of imports between layers. */
function importOffences(path: string, { specifier, line }: Import): readonly Offence[] {
  if (ENTRY_POINTS.has(path)) return [];
  const found = (what: string, instead: string) => [offence(path, line, what, instead)];
  if (!specifier.startsWith(".")) {
    if (!path.startsWith("src/sim/")) return [];
    return found(
      `the world imports "${specifier}"`,
      "src/sim stands alone: write it there, or do it outside the world",
    );
  }
  const target = posix.join(posix.dirname(path), specifier);
  const to = layerOf(target);
  const from = layerOf(path);
  if (ENTRY_POINTS.has(target) || to === undefined) {
    return found(
      `imports ${target}, which is in no layer`,
      "take what it gives as an argument from src/main.ts",
    );
  }
  if (from === undefined || from === to) return [];
  if (LAYERS[to] === "adapters" && LAYERS[from] !== "node") {
    return found(
      `${LAYERS[from]} imports an adapter (${target})`,
      "take its port as an argument; src/node alone knows which adapter fills it",
    );
  }
  if (path.startsWith("src/sim/")) {
    return found(`the world imports ${target}`, "src/sim imports nothing outside itself");
  }
  if (to > from) return [];
  return found(
    `${LAYERS[from]} imports upwards from ${LAYERS[to]} (${target})`,
    `declare a port in src/${LAYERS[from]} and let ${LAYERS[to]} hand it in`,
  );
}

/** Modules of the runtime that reach out of the process. */
function moduleOffences(path: string, { specifier, line, names }: Import): readonly Offence[] {
  const found = (what: string, instead: string) => [offence(path, line, what, instead)];
  if (specifier === "bun:sqlite") return found("uses bun:sqlite", USE.journal);
  if (specifier === "bun" || specifier.startsWith("bun:")) {
    return found(`uses ${specifier}`, USE.adapter);
  }
  if (!specifier.startsWith("node:")) return [];
  if (!PURE_MODULES.has(specifier)) {
    const family = specifier.slice("node:".length).split("/")[0] ?? "";
    return found(`uses ${specifier}`, NODE_MODULE_USE[family] ?? USE.adapter);
  }
  if (specifier !== "node:crypto") return [];
  return names
    .filter((name) => CRYPTO_THAT_DRAWS.test(name))
    .flatMap((name) => found(`uses ${name} of node:crypto`, USE.random));
}

/** Clock, randomness, timers, sockets, threads, files, console, process by their global names. */
function nameOffences(path: string, tokens: readonly Token[], at: number): readonly Offence[] {
  const token = tokens[at];
  if (token?.kind !== "word" || isMemberName(tokens, at)) return [];
  const next = punctuation(tokens[at + 1]);
  const member = next === "." || next === "?." ? (tokens[at + 2]?.text ?? "") : undefined;
  const shown = member === undefined ? token.text : `${token.text}.${member}`;
  const found = (instead: string) => [offence(path, token.line, `uses ${shown}`, instead)];

  const global = own(GLOBALS, token.text);
  if (global !== undefined && isValue(tokens, at)) return found(global);
  const constructed = own(CONSTRUCTORS, token.text);
  if (constructed !== undefined && (next === "(" || tokens[at - 1]?.text === "new")) {
    return found(constructed);
  }
  if (token.text === "Date" && readsNow(tokens, at)) return found(USE.clock);
  if (token.text === "Bun" && isValue(tokens, at) && !PURE_BUN.has(member ?? "")) {
    return found(own(BUN_MEMBER_USE, member ?? "") ?? USE.adapter);
  }
  if (token.text === "crypto" && CRYPTO_THAT_DRAWS.test(member ?? "")) return found(USE.random);
  if (token.text === "import" && member === "meta" && tokens[at + 4]?.text === "env") {
    return found(USE.settings);
  }
  const listed = own(own(MEMBERS, token.text) ?? {}, member ?? "");
  return listed === undefined ? [] : found(listed);
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/**
 * Whether the name stands for the global's value: not a key, a parameter's label, or a method's
 * name.
 */
function isValue(tokens: readonly Token[], at: number): boolean {
  const previous = tokens[at - 1]?.text ?? "";
  const next = punctuation(tokens[at + 1]);
  if (previous === "typeof" && tokens[at - 2]?.text === ":") return false;
  if (next === ":" && ["{", ",", "(", ";", "}", "readonly"].includes(previous)) return false;
  if (next === "?" && punctuation(tokens[at + 2]) === ":") return false;
  if (next === "(" && ["{", ",", ";", "}", "async", "override"].includes(previous)) {
    const after = punctuation(tokens[closing(tokens, at + 1) + 1]);
    return after !== "{" && after !== ":";
  }
  return previous !== "function";
}

/** `Date()`, `new Date` and `new Date()` read the clock; `new Date(x)` and the type do not. */
function readsNow(tokens: readonly Token[], at: number): boolean {
  const called = punctuation(tokens[at + 1]) === "(";
  const empty = called && punctuation(tokens[at + 2]) === ")";
  if (tokens[at - 1]?.text !== "new") return called;
  return empty || !called;
}

function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const text = punctuation(tokens[at]);
    if (text === "(") depth++;
    if (text === ")" && --depth === 0) return at;
  }
  return tokens.length;
}
