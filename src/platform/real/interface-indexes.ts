import { readFileSync } from "node:fs";

/**
 * The index of each interface by its name. `/proc/net` belongs to the network namespace of the
 * process, whereas `/sys/class/net` may show another one's. Empty if unknown.
 */
export function readInterfaceIndexes(platform: string): ReadonlyMap<string, number> {
  if (platform !== "linux") return new Map();
  try {
    return parseInterfaceIndexes(readFileSync("/proc/net/igmp", "utf8"));
  } catch {
    return new Map();
  }
}

/** Lines `index name : count querier`; those of the groups that follow begin with a tab. */
export function parseInterfaceIndexes(table: string): ReadonlyMap<string, number> {
  const found = table.matchAll(/^(\d+)\s+(\S+?)\s*:/gm);
  return new Map(Array.from(found, ([, index, name = ""]) => [name, Number(index)]));
}
