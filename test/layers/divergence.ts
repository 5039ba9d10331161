import { EXACT_MATH } from "./names.ts";
import { isMemberName, punctuation, type Token } from "./tokens.ts";

/** What lets two machines, or two runs on one, compute different bits. Only the world must not. */
export interface Divergence {
  readonly what: string;
  readonly instead: string;
}

const EXACT = "write it with + - * / and Math.sqrt, so that every machine computes the same bits";
const NO_DOOR =
  "name what you need: through this door the unsafe part of Math and the clock come in";
const NO_LOCALE = "format and compare outside the world: it differs by language and version";
const NO_WAITING = "the world never waits: what comes when depends on the machine";
const NO_MEMORY = "the world must not see when memory is collected, or what other threads do";

/** Names that a world must not mention as a value or type. */
const NAMES: Readonly<Record<string, string>> = {
  globalThis: NO_DOOR,
  Reflect: NO_DOOR,
  eval: NO_DOOR,
  Function: NO_DOOR,
  Date: NO_LOCALE,
  Intl: NO_LOCALE,
  Temporal: NO_LOCALE,
  async: NO_WAITING,
  await: NO_WAITING,
  Promise: NO_WAITING,
  queueMicrotask: NO_WAITING,
  WeakRef: NO_MEMORY,
  FinalizationRegistry: NO_MEMORY,
  Atomics: NO_MEMORY,
  SharedArrayBuffer: NO_MEMORY,
};

/** Other names of the global object, which are fine names for something of one's own. */
const DOORS = new Set(["self", "window", "global"]);

/** Members, whoever has them. */
const MEMBERS: Readonly<Record<string, string>> = {
  localeCompare: NO_LOCALE,
  toLocaleString: NO_LOCALE,
  toLocaleUpperCase: NO_LOCALE,
  toLocaleLowerCase: NO_LOCALE,
  normalize: NO_LOCALE,
};

const SORTS = new Set(["sort", "toSorted"]);

/** What diverges at a token, or undefined. */
export function divergenceAt(tokens: readonly Token[], at: number): Divergence | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  if (punctuation(token) === "**") return { what: "uses **", instead: EXACT };
  if (token.kind !== "word") return undefined;
  if (isMemberName(tokens, at)) return memberDivergence(tokens, at);
  if (token.text === "Math") return mathDivergence(tokens, at);
  if (token.text === "for" && isForIn(tokens, at)) {
    return { what: "uses for … in", instead: "go over Object.keys, or over an array" };
  }
  if (DOORS.has(token.text) && [".", "?.", "["].includes(punctuation(tokens[at + 1]) ?? "")) {
    return { what: `uses ${token.text}`, instead: NO_DOOR };
  }
  const instead = Object.hasOwn(NAMES, token.text) ? NAMES[token.text] : undefined;
  if (instead === undefined || isKey(tokens, at)) return undefined;
  return { what: `uses ${token.text}`, instead };
}

/** Math under another name cannot be followed, so it may only be used member by member. */
function mathDivergence(tokens: readonly Token[], at: number): Divergence | undefined {
  const member = punctuation(tokens[at + 1]) === "." ? (tokens[at + 2]?.text ?? "") : "";
  if (EXACT_MATH.has(member)) return undefined;
  // The draw of a random number is already reported with its own replacement.
  if (member === "random") return undefined;
  return { what: member === "" ? "uses Math" : `uses Math.${member}`, instead: EXACT };
}

function memberDivergence(tokens: readonly Token[], at: number): Divergence | undefined {
  const name = tokens[at]?.text ?? "";
  const called = punctuation(tokens[at + 1]) === "(";
  if (SORTS.has(name) && called && punctuation(tokens[at + 2]) === ")") {
    return { what: `uses ${name} without an order`, instead: "say what comes first" };
  }
  const instead = Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : undefined;
  return instead === undefined ? undefined : { what: `uses ${name}`, instead };
}

/** `{ Date: 1 }` and `readonly Date: number` are somebody's own. */
function isKey(tokens: readonly Token[], at: number): boolean {
  const next = punctuation(tokens[at + 1]);
  const previous = tokens[at - 1]?.text ?? "";
  if (next === ":" && ["{", ",", ";", "}", "(", "readonly"].includes(previous)) return true;
  return next === "?" && punctuation(tokens[at + 2]) === ":";
}

function isForIn(tokens: readonly Token[], at: number): boolean {
  for (let i = at + 1; i < at + 6; i++) {
    if (tokens[i]?.kind === "word" && tokens[i]?.text === "in") return true;
  }
  return false;
}
