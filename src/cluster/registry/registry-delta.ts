import type { RegistryDelta } from "../wire.ts";
import { type Entry, entryToWire, figuresToWire } from "./registry-entry.ts";

/** A server that has left, as followers are told. */
export interface Removal {
  readonly key: string;
  /** Of the registry, when it left. */
  readonly version: number;
}

/** Changes in one answer to a ping; more follow with the next question. */
const DELTA_CHANGES_MAX = 200;

type Change =
  | { readonly version: number; readonly kind: "entry" | "figures"; readonly entry: Entry }
  | { readonly version: number; readonly kind: "removed"; readonly key: string };

/** One page of what has changed after version `since`, in that order; all of the list after 0. */
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
  const page = changes.slice(0, DELTA_CHANGES_MAX);
  const more = changes.length > page.length;
  return {
    version: more ? (page.at(-1)?.version ?? since) : version,
    more,
    entries: page.flatMap((one) => (one.kind === "entry" ? [entryToWire(one.entry)] : [])),
    figures: page.flatMap((one) => (one.kind === "figures" ? [figuresToWire(one.entry)] : [])),
    removed: page.flatMap((one) => (one.kind === "removed" ? [one.key] : [])),
  };
}
