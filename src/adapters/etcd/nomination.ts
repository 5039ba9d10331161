import type { Nomination } from "../../discovery/backend.ts";
import { readAddresses, readHints } from "../../discovery/hints.ts";
import type { Entry } from "./store.ts";

/** The node that the value of a key announces; undefined if it has no address. */
export function nominationOf({ value }: Entry): Nomination | undefined {
  const record = parsed(value);
  const hint = (key: string) => {
    const text = record.get(key);
    return typeof text === "string" ? text : undefined;
  };
  const addresses = readAddresses(hint);
  if (addresses.length === 0) return undefined;
  return { backend: "etcd", addresses, ...readHints(hint) };
}

function parsed(value: string): ReadonlyMap<string, unknown> {
  try {
    const record: unknown = JSON.parse(value);
    return new Map(typeof record === "object" && record !== null ? Object.entries(record) : []);
  } catch {
    return new Map();
  }
}
