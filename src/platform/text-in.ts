import { LIMITS } from "./limits.ts";

/** The text at this path in a value of any form, as much of it as a name may have. */
export function textIn(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, name);
  }
  return typeof at === "string" ? at.slice(0, LIMITS.nameCharactersMax) : undefined;
}
