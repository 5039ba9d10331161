import { LIMITS } from "../platform/limits.ts";
import type { Journal } from "../store/journal.ts";
import { freeName } from "../tanks/tank-names.ts";
import type { Tanks } from "../tanks/tanks.ts";

/** Set once the tanks of the first start exist, so that removed ones are not created again. */
export const FIRST_TANKS = "node.first_tanks";

export interface FirstTanks {
  readonly tanks: number;
  readonly fish: number;
  /** Seed of the first tank; the next tanks get the following seeds. Random by default. */
  readonly seed: number | undefined;
  /** Prefix of their names. */
  readonly label: string;
}

/**
 * Creates the tanks of a node's first start; completes an interrupted one. Returns how many were
 * created. Rejects with the signal's reason when that aborts it.
 */
export async function makeFirstTanks(
  tanks: Tanks,
  journal: Pick<Journal, "meta" | "commit">,
  wanted: FirstTanks,
  signal?: AbortSignal,
): Promise<number> {
  if ((await journal.meta(FIRST_TANKS)) !== undefined) return 0;
  const taken = new Set(tanks.list().map(({ row }) => row.name));
  const before = taken.size;
  for (let index = before; index < wanted.tanks; index++) {
    signal?.throwIfAborted();
    const name = freeName(nameOf(wanted, index), taken);
    taken.add(name);
    await tanks.create({
      name,
      description: "",
      fish: wanted.fish,
      ...(wanted.seed === undefined ? {} : { seed: seedOf(wanted.seed, index) }),
    });
  }
  await journal.commit([{ put: "meta", key: FIRST_TANKS, value: String(wanted.tanks) }]);
  return Math.max(0, wanted.tanks - before);
}

/**
 * The prefix of the names of a node's tanks: its label, or else the host name without the domain,
 * reduced to valid characters. People recognise their machines by it, unlike by a node id.
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

/** The next seed, wrapping round at the maximum. */
function seedOf(first: number, index: number): number {
  return Number((BigInt(first) + BigInt(index)) % (BigInt(Number.MAX_SAFE_INTEGER) + 1n));
}
