import { LIMITS } from "../../platform/limits.ts";
import { type Entry, type EntryInput, isUnsignedKey, rankOf } from "./registry-entry.ts";

/** The name under which a server is shown, and the server that has to give it up. */
export interface ShownName {
  readonly name: string;
  readonly displaced: readonly { readonly entry: Entry; readonly suffixed: string }[];
}

/** Characters of a node id that distinguish servers with the same label. */
const SUFFIX_CHARACTERS = 6;

/**
 * The label itself for the first that asks; a later one gets it with the beginning of its node id.
 * A higher rank (see `rankOf`) takes it from a lower one, so that no stranger can occupy a member's
 * name.
 */
export function shownName(input: EntryInput, entries: readonly Entry[]): ShownName {
  const { key, label, record } = input;
  const rank = rankOf(record);
  const taken = new Set<string>();
  let shown: string | undefined;
  for (const one of entries) {
    if (one.key === key) shown = one.record.server_id;
    // No server is called by another one's id.
    else taken.add(one.key);
    if (one.key !== key && rankOf(one.record) >= rank) taken.add(one.record.server_id);
  }
  const suffixed = withSuffix(label, key);
  const kept = [label, suffixed].find((name) => name === shown && !taken.has(name));
  const name = kept ?? (taken.has(label) ? suffixed : label);
  const displaced = entries
    .filter((one) => one.key !== key && one.record.server_id === name)
    .map((entry) => ({ entry, suffixed: withSuffix(entry.label, entry.key) }));
  return { name, displaced };
}

/** A server without a key has nothing that distinguishes it. */
function withSuffix(label: string, key: string): string {
  const suffix = `-${isUnsignedKey(key) ? "unsigned" : key.slice(0, SUFFIX_CHARACTERS)}`;
  return `${label.slice(0, LIMITS.nameCharactersMax - suffix.length)}${suffix}`;
}
