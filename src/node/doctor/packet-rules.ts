/** A rule of a firewall, with respect to packets to one port. */
export interface PacketRule {
  /** It matches every packet to the port, whatever the sender. */
  readonly isForAll: boolean;
  /** It names the port, instead of matching all ports. */
  readonly namesPort: boolean;
  /** `none`: it counts, logs or marks. `unknown`: its verdict depends on a lookup. */
  readonly verdict: "accept" | "drop" | "return" | "none" | "unknown" | { readonly jump: string };
}

/** Rules by the name of their chain. */
export type PacketChains = ReadonlyMap<string, readonly PacketRule[]>;

type Outcome = "open" | "closed" | "through" | "unclear";

/** Bounds recursion. Cyclic chains are invalid, and nobody writes deeper ones. */
const DEPTH_MAX = 16;

/**
 * Whether the rules admit all senders to the port; undefined where that depends on the sender: some
 * rule, or a chain that it calls, excludes some.
 */
export function judgeRules(
  chains: PacketChains,
  start: string,
  policy: "open" | "closed",
): boolean | undefined {
  const outcome = walk(chains, start, 0);
  switch (outcome) {
    case "unclear":
      return undefined;
    case "through":
      return policy === "open";
    default:
      return outcome === "open";
  }
}

function walk(chains: PacketChains, name: string, depth: number): Outcome {
  if (depth > DEPTH_MAX) return "unclear";
  let isDoubtful = false;
  for (const rule of chains.get(name) ?? []) {
    const outcome = outcomeOf(rule, chains, depth);
    if (rule.isForAll) {
      if (rule.verdict === "return") break;
      if (outcome !== "through") return isDoubtful && outcome === "open" ? "unclear" : outcome;
    } else {
      isDoubtful ||= outcome === "closed" && (rule.namesPort || typeof rule.verdict === "object");
    }
  }
  return isDoubtful ? "unclear" : "through";
}

function outcomeOf({ verdict }: PacketRule, chains: PacketChains, depth: number): Outcome {
  if (typeof verdict === "object") return walk(chains, verdict.jump, depth + 1);
  if (verdict === "unknown") return "unclear";
  if (verdict === "accept") return "open";
  return verdict === "drop" ? "closed" : "through";
}
