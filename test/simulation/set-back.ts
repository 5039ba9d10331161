import type { Finding } from "./checks.ts";
import { checkPlaces, livingFish } from "./checks.ts";
import { type DiskImage, SimulatedCluster, type SimulatedNode } from "./cluster.ts";
import { Nemesis } from "./nemesis.ts";
import { SABOTAGE, type SabotageName } from "./sabotage.ts";
import { connectInRing, stopMigrating } from "./scenario.ts";

/** What happens to one data directory, when the network is calm and fish travel. */
export const ACCIDENTS = [
  /** The disk of a node is set back to an earlier image of it. */
  "set_back",
  /** A copy of the disk is started on another machine, beside the node. */
  "copy_beside",
  /** An older image of the disk is started beside the node. */
  "old_copy_beside",
  /** The node dies, a copy takes over, and then the node comes back. */
  "copy_first",
] as const;
export type Accident = (typeof ACCIDENTS)[number];

const QUIET_MS = 5_000;
const STORM_MS = 30_000;
/** To find each other again, and for fish to travel that the image knows nothing of. */
const CALM_MS = 20_000;
/** A copy or a set back node that can talk to who knows must be fenced by then. */
const NOTICE_MS = 10_000;
const SETTLE_MS = 30_000;

export interface SetBackReport {
  readonly seed: number;
  readonly accident: Accident;
  /** Whether anybody could know that the directory was set back. */
  readonly knowable: boolean;
  readonly fenced: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * One seed: storms, then a calm cluster in which fish travel, then an accident to the data
 * directory of one node. Whoever can be known to be a copy or behind must be fenced, nobody else
 * may, and among the tanks that run no fish lives twice.
 */
export async function runSetBack(options: {
  readonly seed: number;
  readonly sabotage?: SabotageName;
}): Promise<SetBackReport> {
  const { seed, sabotage } = options;
  const cluster = new SimulatedCluster({
    seed,
    nodes: 3,
    fish: 30,
    ...(sabotage === undefined ? {} : { sabotage: SABOTAGE[sabotage] }),
  });
  const { world } = cluster;
  const draws = world.stream("set back");
  const accident = draws.pick(ACCIDENTS);
  const victim = draws.pick(cluster.nodes);
  const nemesis = new Nemesis(cluster);
  cluster.bootAll();
  await world.run(QUIET_MS);
  await connectInRing(cluster);
  nemesis.rage();
  await world.run(world.nowMs + draws.integer(5_000, STORM_MS));
  const image = victim.image();
  await world.run(world.nowMs + draws.integer(0, STORM_MS));
  nemesis.calm();
  await world.run(world.nowMs + CALM_MS);
  const knowable = await hasGivenSince(victim, image);
  const suspects = await happen(cluster, { accident, victim, image });
  await world.run(world.nowMs + NOTICE_MS);
  const fenced = cluster.nodes.filter(isFenced).map(({ name }) => name);
  const findings = judge(cluster, { accident, knowable, suspects });
  // What only the memory of a process holds must not be needed for it to last.
  for (const bystander of cluster.nodes.filter((node) => !suspects.includes(node))) {
    bystander.host.kill();
    await world.run(world.nowMs + draws.integer(100, 3_000));
    bystander.boot();
    await world.run(world.nowMs + NOTICE_MS);
  }
  findings.push(...judge(cluster, { accident, knowable, suspects }));
  await stopMigrating(cluster);
  await world.run(world.nowMs + SETTLE_MS);
  findings.push(...checkPlaces(await livingFish(cluster)));
  return { seed, accident, knowable, fenced, findings };
}

/**
 * Makes the accident happen. Returns the machines of which one must be fenced, the later one last.
 */
async function happen(
  cluster: SimulatedCluster,
  { accident, victim, image }: { accident: Accident; victim: SimulatedNode; image: DiskImage },
): Promise<readonly SimulatedNode[]> {
  const { world } = cluster;
  switch (accident) {
    case "set_back":
      victim.host.kill();
      victim.restore(image);
      victim.boot();
      return [victim];
    case "copy_beside":
    case "old_copy_beside": {
      const copy = cluster.add();
      copy.restore(accident === "copy_beside" ? victim.image() : image);
      copy.boot();
      return [victim, copy];
    }
    case "copy_first": {
      const copy = cluster.add();
      copy.restore(victim.image());
      victim.host.kill();
      copy.boot();
      await world.run(world.nowMs + CALM_MS);
      victim.boot();
      return [copy, victim];
    }
  }
}

/**
 * Whether another node has accepted fish of the victim that its old image knows nothing of: then
 * that node remembers a position beyond the image.
 */
async function hasGivenSince(victim: SimulatedNode, image: DiskImage): Promise<boolean> {
  const limit = 1_000;
  const given = await victim.store.journal.outbox({ limit, states: ["delivered"] });
  for (const { transfer_id } of given) {
    if ((await image.store.journal.outboxRow(transfer_id)) === undefined) return true;
  }
  return false;
}

function judge(
  cluster: SimulatedCluster,
  what: {
    readonly accident: Accident;
    readonly knowable: boolean;
    readonly suspects: readonly SimulatedNode[];
  },
): Finding[] {
  const { accident, knowable, suspects } = what;
  const late = suspects.at(-1);
  const mustFence = accident === "set_back" ? knowable : true;
  const findings: Finding[] = [];
  for (const node of cluster.nodes) {
    const fenced = isFenced(node);
    if (node === late && mustFence && !fenced)
      findings.push(`${node.name} goes on after ${accident}`);
    if (node !== late && fenced) findings.push(`${node.name} is fenced after ${accident}`);
  }
  const [early] = suspects;
  if (early && early !== late) findings.push(...listedElsewhere(cluster, early, suspects));
  return findings;
}

/** The list keeps the one of two that goes on. */
function listedElsewhere(
  cluster: SimulatedCluster,
  early: SimulatedNode,
  suspects: readonly SimulatedNode[],
): readonly Finding[] {
  const bystanders = cluster.nodes.filter((node) => !suspects.includes(node));
  return bystanders.flatMap((node) => {
    const seen = node.running?.cluster.server(early.identity.nodeId);
    const right = seen?.host === early.host.address && seen.status === "online";
    return right ? [] : [`${node.name} lists ${early.name} at ${seen?.host} as ${seen?.status}`];
  });
}

function isFenced(node: SimulatedNode): boolean {
  return node.running?.cluster.positions.fenced !== undefined;
}
