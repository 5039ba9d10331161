import { LIMITS } from "../platform/limits.ts";
import type { Journal } from "../store/journal.ts";
import type { Tanks } from "../tanks/tanks.ts";

/** Set once the tanks of the first start are there: whoever removes them later gets none anew. */
export const FIRST_TANKS = "node.first_tanks";

export interface FirstTanks {
  readonly tanks: number;
  readonly fish: number;
  /** Of the first tank; the next ones count on from it. Random without. */
  readonly seed: number | undefined;
  /** What they are named after. */
  readonly label: string;
}

/**
 * Makes the tanks of a node's first start. One that was cut short in the middle is completed.
 * Returns how many were made. Rejects with the signal's reason when that cuts it short.
 */
export async function makeFirstTanks(
  tanks: Tanks,
  journal: Pick<Journal, "meta" | "commit">,
  wanted: FirstTanks,
  signal?: AbortSignal,
): Promise<number> {
  if ((await journal.meta(FIRST_TANKS)) !== undefined) return 0;
  const before = tanks.list().length;
  for (let index = before; index < wanted.tanks; index++) {
    signal?.throwIfAborted();
    await tanks.create({
      name: nameOf(wanted, index),
      description: "",
      fish: wanted.fish,
      ...(wanted.seed === undefined ? {} : { seed: seedOf(wanted.seed, index) }),
    });
  }
  await journal.commit([{ put: "meta", key: FIRST_TANKS, value: String(wanted.tanks) }]);
  return Math.max(0, wanted.tanks - before);
}

/**
 * What a node's tanks are named after: its own name, else the machine's without the domain, in the
 * characters that a name may have. People tell their machines apart by it; a node id tells them
 * nothing.
 */
export function tankLabel(serverId: string | undefined, hostname: string): string {
  const machine = hostname.split(".")[0] ?? "";
  const cleaned = machine.replace(/[^\p{L}\p{N}_-]+/gu, "-").replace(/^[-_]+|[-_]+$/g, "");
  const label = serverId ?? (cleaned === "" ? "tank" : cleaned);
  return [...label].slice(0, LIMITS.nameCharactersMax).join("");
}

function nameOf({ tanks, label }: FirstTanks, index: number): string {
  if (tanks === 1) return label;
  const suffix = `-${index + 1}`;
  return label.slice(0, LIMITS.nameCharactersMax - suffix.length) + suffix;
}

/** Counts on within the seeds that there are. */
function seedOf(first: number, index: number): number {
  return Number((BigInt(first) + BigInt(index)) % (BigInt(Number.MAX_SAFE_INTEGER) + 1n));
}
