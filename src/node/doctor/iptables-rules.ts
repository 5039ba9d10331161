import type { WantedPort } from "./firewall.ts";
import { judgeRules, type PacketRule } from "./packet-rules.ts";

/** Matches that do not exclude any sender. */
const HARMLESS_MATCHES: ReadonlySet<string> = new Set(["tcp", "udp", "multiport", "comment"]);
/** Options that match the sender's address or port. */
const CONDITIONS: ReadonlySet<string> = new Set([
  "-i",
  "-o",
  "-s",
  "-d",
  "!",
  "--sport",
  "--sports",
]);
const VERDICTS: Readonly<Record<string, PacketRule["verdict"]>> = {
  ACCEPT: "accept",
  DROP: "drop",
  REJECT: "drop",
  RETURN: "return",
};

/**
 * Whether the rules that `iptables -S` lists admit all senders to a port; undefined where that is
 * unclear.
 */
export function judgeIptables(listing: string, wanted: WantedPort): boolean | undefined {
  const lines = listing.split("\n").map((line) => line.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []);
  const chains = new Map<string, PacketRule[]>([["INPUT", []]]);
  for (const [option, chain = ""] of lines) if (option === "-N") chains.set(chain, []);
  for (const [option, chain = "", ...words] of lines) {
    const rule = option === "-A" ? ruleOf(words, wanted, chains) : undefined;
    if (rule) chains.get(chain)?.push(rule);
  }
  const isClosed = lines.some(([option, chain, policy]) => {
    return option === "-P" && chain === "INPUT" && policy !== "ACCEPT";
  });
  return judgeRules(chains, "INPUT", isClosed ? "closed" : "open");
}

/** Undefined for a rule that cannot match the port. */
function ruleOf(
  words: readonly string[],
  { protocol, port }: WantedPort,
  chains: ReadonlyMap<string, unknown>,
): PacketRule | undefined {
  const after = (...names: readonly string[]) => {
    const at = words.findIndex((word) => names.includes(word));
    return at === -1 ? undefined : words[at + 1];
  };
  const of = after("-p") ?? "all";
  const ports = after("--dport", "--dports");
  const isAbout = ports === undefined || ports.split(",").some((range) => holds(range, port));
  if (!isAbout || (of !== "all" && of !== protocol)) return undefined;
  const target = after("-j", "-g") ?? "";
  const matches = words.filter((_, at) => words[at - 1] === "-m");
  const isConditional =
    words.some((word) => CONDITIONS.has(word)) ||
    matches.some((name) => !HARMLESS_MATCHES.has(name));
  return {
    isForAll: !isConditional,
    namesPort: ports !== undefined,
    verdict: chains.has(target) ? { jump: target } : (VERDICTS[target] ?? "none"),
  };
}

function holds(range: string, port: number): boolean {
  const [first = "", last = first] = range.split(":");
  return Number(first) <= port && port <= Number(last);
}
