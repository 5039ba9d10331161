import { z } from "zod";
import { readShaped } from "../../platform/issue-words.ts";
import type { PortRule, WantedPort } from "./firewall.ts";
import { judgeRules, type PacketRule } from "./packet-rules.ts";

/** A chain that incoming packets pass. */
export interface NftChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

const chainSchema = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
const expressionSchema = z.record(z.string(), z.unknown());
type Expression = z.infer<typeof expressionSchema>;
const ruleSchema = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  expr: z.array(expressionSchema),
});
type Rule = z.infer<typeof ruleSchema>;
/** Other kinds of objects are ignored. */
const listingSchema = z.object({
  nftables: z.array(
    z.object({
      chain: chainSchema.optional().catch(undefined),
      rule: ruleSchema.optional().catch(undefined),
    }),
  ),
});

const FAMILIES: ReadonlySet<string> = new Set(["ip", "ip6", "inet"]);

/**
 * Parses `nft -j list ruleset` (libnftables-json(5)) with respect to these ports. Returns no chains
 * if nothing is dropped. A packet has to be accepted by every chain that it passes.
 * @throws Error for a listing of another form
 */
export function judgeNftables(
  listing: unknown,
  ports: readonly WantedPort[],
): { readonly chains: readonly NftChain[]; readonly ports: readonly PortRule[] } {
  const { nftables } = readShaped(listingSchema, listing);
  const rules = nftables.flatMap(({ rule }) => rule ?? []);
  const chains = nftables
    .flatMap(({ chain }) => chain ?? [])
    .filter(({ hook, family }) => hook === "input" && FAMILIES.has(family))
    .filter((chain) => chain.policy === "drop" || isStrict(chain, rules));
  const judge = (one: WantedPort): PortRule => {
    const verdicts = chains.map((chain) => judgeChain(chain, rules, one));
    const isClosed = verdicts.includes(false);
    return { ...one, isOpen: isClosed ? false : verdicts.includes(undefined) ? undefined : true };
  };
  return {
    chains: chains.map(({ family, table, name }) => ({ family, table, name })),
    ports: ports.map(judge),
  };
}

/** Whether some rule of its table drops packets. */
function isStrict({ family, table }: NftChain, rules: readonly Rule[]): boolean {
  return rules.some(
    (rule) => rule.family === family && rule.table === table && verdictOf(rule.expr) === "drop",
  );
}

function judgeChain(
  { family, table, name, policy }: NftChain & { readonly policy?: string | undefined },
  rules: readonly Rule[],
  wanted: WantedPort,
): boolean | undefined {
  const chains = new Map<string, PacketRule[]>();
  for (const rule of rules) {
    if (rule.family !== family || rule.table !== table) continue;
    const of = chains.get(rule.chain) ?? [];
    chains.set(rule.chain, [...of, ...ruleOf(rule.expr, wanted)]);
  }
  return judgeRules(chains, name, policy === "drop" ? "closed" : "open");
}

/** Undefined for a rule that cannot match the port. */
function ruleOf(expressions: readonly Expression[], wanted: WantedPort): readonly PacketRule[] {
  const tests = expressions.map((one) => testOf(one, wanted));
  if (tests.includes("fails")) return [];
  const isForAll = !tests.includes("depends");
  const namesPort = tests.includes("names");
  return [{ isForAll, namesPort, verdict: verdictOf(expressions) }];
}

const jumpSchema = z.object({ target: z.string() });
const stateMapSchema = z.object({ key: z.object({ ct: z.unknown() }) });

function verdictOf(expressions: readonly Expression[]): PacketRule["verdict"] {
  for (const one of expressions) {
    if ("accept" in one) return "accept";
    if ("drop" in one || "reject" in one) return "drop";
    if ("return" in one) return "return";
    // Maps by the state of a connection usually admit new connections.
    if ("vmap" in one && !stateMapSchema.safeParse(one["vmap"]).success) return "unknown";
    const jump = jumpSchema.safeParse(one["jump"] ?? one["goto"]).data;
    if (jump) return { jump: jump.target };
  }
  return "none";
}

const matchSchema = z.object({
  op: z.string(),
  left: z.union([
    z.object({ payload: z.object({ protocol: z.string(), field: z.string() }) }),
    z.object({ meta: z.object({ key: z.string() }) }),
  ]),
  right: z.unknown(),
});

/** How packets to the port match one part of a rule; `names`: it names the port. */
type Test = "holds" | "names" | "fails" | "depends";

/** Parts whose result cannot be predicted; `xt` can be read by iptables only. */
const UNKNOWABLE = ["xt", "limit", "quota", "ct count"] as const;

const PROTOCOL_FIELDS: ReadonlySet<string> = new Set(["l4proto", "ip protocol", "ip6 nexthdr"]);

function testOf(expression: Expression, { protocol, port }: WantedPort): Test {
  if (UNKNOWABLE.some((key) => key in expression)) return "depends";
  if (!("match" in expression)) return "holds";
  const { op, left, right } = matchSchema.safeParse(expression["match"]).data ?? {};
  if (op !== "==" || left === undefined) return "depends";
  // The content of a named set is listed elsewhere.
  if (typeof right === "string" && right.startsWith("@")) return "depends";
  const asks = "meta" in left ? left.meta.key : `${left.payload.protocol} ${left.payload.field}`;
  if (PROTOCOL_FIELDS.has(asks)) return holds(right, protocol) ? "holds" : "fails";
  const [of = "", field] = asks.split(" ");
  if (field !== "dport") return "depends";
  return [protocol, "th"].includes(of) && holds(right, port) ? "names" : "fails";
}

const rangeSchema = z.object({ range: z.tuple([z.number(), z.number()]) });
const setSchema = z.object({ set: z.array(z.unknown()) });

/** A value, a range of numbers, or a set of both. */
function holds(right: unknown, value: string | number): boolean {
  if (right === value) return true;
  const range = rangeSchema.safeParse(right).data?.range;
  if (range) return typeof value === "number" && range[0] <= value && value <= range[1];
  return setSchema.safeParse(right).data?.set.some((one) => holds(one, value)) ?? false;
}
