import type { RegistryDelta } from "../wire.ts";
import { type Entry, entryToWire, figuresToWire } from "./registry-entry.ts";

/** A server that has left, as reported to followers. */
export interface Removal {
  readonly key: string;
  /** Version of the registry when it left. */
  readonly version: number;
}

/** Changes in one answer to a ping; more follow with the next question. */
const DELTA_CHANGES_MAX = 200;
/**
 * Characters of their entries, each at most three bytes. The first entry is sent whatever its size:
 * a node with the maximum number of tanks takes 200 kB.
 */
const DELTA_CHARACTERS_MAX = 400_000;

type Change =
  | { readonly version: number; readonly kind: "entry" | "figures"; readonly entry: Entry }
  | { readonly version: number; readonly kind: "removed"; readonly key: string };

/** One page of the changes after version `since`, in order; the whole list after 0. */
export function deltaSince(
  since: number,
  version: number,
  entries: readonly Entry[],
  removals: Iterable<Removal>,
): Omit<RegistryDelta, "of" | "whole"> {
  if (since === version) return { version, more: false, entries: [], figures: [], removed: [] };
  const changes: Change[] = [];
  for (const entry of entries) {
    if (entry.version > since) {
      changes.push({ version: entry.version, kind: "entry", entry });
    } else if (entry.figuresVersion > since) {
      changes.push({ version: entry.figuresVersion, kind: "figures", entry });
    }
  }
  for (const removal of since === 0 ? [] : removals) {
    if (removal.version > since) changes.push({ ...removal, kind: "removed" });
  }
  changes.sort((a, b) => a.version - b.version);
  const page: Pick<RegistryDelta, "entries" | "figures" | "removed"> = {
    entries: [],
    figures: [],
    removed: [],
  };
  let told = 0;
  let characters = 0;
  for (const change of changes.slice(0, DELTA_CHANGES_MAX)) {
    if (change.kind === "removed") {
      page.removed.push(change.key);
    } else if (change.kind === "figures") {
      page.figures.push(figuresToWire(change.entry));
    } else {
      const wire = entryToWire(change.entry);
      characters += JSON.stringify(wire).length;
      if (characters > DELTA_CHARACTERS_MAX && told > 0) break;
      page.entries.push(wire);
    }
    told++;
  }
  const more = changes.length > told;
  return { version: more ? (changes[told - 1]?.version ?? since) : version, more, ...page };
}
