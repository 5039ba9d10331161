import type { LogRow } from "../../store/rows.ts";
import { chain } from "../log/log-chain.ts";
import type { Place } from "./chronicle.ts";
import type { Divergence } from "./divergence.ts";

/** The intact beginning of a log, and the damage that follows it, if any. */
export interface SoundPart {
  readonly entries: readonly LogRow[];
  readonly damage: Divergence | undefined;
}

/** The part of `entries` that continues the log. Checked before any of it is applied. */
export function soundPart(
  start: Place & { readonly checksum: string },
  entries: readonly LogRow[],
): SoundPart {
  let { seq, tick, checksum } = start;
  for (const [index, entry] of entries.entries()) {
    const broken = breakAt({ seq, tick, checksum }, entry);
    if (broken) {
      const damage = { kind: "chain", seq: entry.seq, tick, ...broken } as const;
      return { entries: entries.slice(0, index), damage };
    }
    ({ seq, tick, checksum } = entry);
  }
  return { entries, damage: undefined };
}

function breakAt(
  last: Place & { readonly checksum: string },
  entry: LogRow,
): Pick<Divergence, "expected" | "found"> | undefined {
  if (entry.seq !== last.seq + 1) {
    return { expected: `entry ${last.seq + 1}`, found: `entry ${entry.seq}` };
  }
  const { checksum } = chain(last.checksum, entry);
  if (checksum !== entry.checksum) {
    return { expected: `checksum ${entry.checksum}`, found: checksum };
  }
  if (entry.tick >= last.tick) return undefined;
  return { expected: `tick ${last.tick} or later`, found: `tick ${entry.tick}` };
}
