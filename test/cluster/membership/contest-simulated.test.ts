import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { stateFollow } from "../../../src/cluster/membership/follow-statement.ts";
import { WITNESSES_MAX } from "../../../src/cluster/membership/hub-messages.ts";
import { stateUndialable } from "../../../src/cluster/membership/witness.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, type NodeSettings, PORT } from "../../support/simulated/lab-node.ts";
import type { Lie } from "../../support/simulated/lies.ts";

/** What `--priority` can say at most, and more. */
const HIGHEST = { priority: 1_000 } as const;
/** Long enough for a hub to be one that has led for a while, with followers that it can show. */
const SEATED_MS = 40_000;
/** More than a contest takes, its failures and three disagreements included. */
const CONTEST_MS = 30_000;

/**
 * A hub with three workers, and a stranger who comes up alone, leads, and only then meets them: as
 * with a link that comes up late.
 */
async function meet(
  seed: number,
  settings: Partial<NodeSettings>,
  beforeMeeting: (lab: Lab, hub: LabNode, stranger: LabNode) => void = () => {},
) {
  const lab = new Lab(seed);
  const honest = lab.addMany(4);
  const stranger = lab.add("stranger", settings);
  const heal = lab.world.network.partition(
    honest.map(({ host }) => host),
    [stranger.host],
  );
  for (const node of lab.nodes) node.start();
  await lab.until("one cluster", 10_000, () => lab.agree(honest));
  await lab.run(SEATED_MS);
  const hub = lab.hubOf(honest);
  expect(stranger.cluster.role).toBe("hub");
  beforeMeeting(lab, hub, stranger);
  heal();
  await lab.run(CONTEST_MS);
  return { lab, honest, hub, stranger };
}

/** The hub leads as before, and none of its own has ever followed anybody else. */
function expectUnmoved({ honest, hub }: Awaited<ReturnType<typeof meet>>): void {
  for (const node of honest) {
    expect([node.host.name, node.cluster.view().hub?.node_id]).toEqual([
      node.host.name,
      hub.identity.nodeId,
    ]);
    expect(node.logged("role changed")).toEqual([]);
  }
}

describe("a hub that others follow", () => {
  test.each([["priority", HIGHEST] as const, ["--role hub", { role: "hub" }] as const])(
    "is not unseated by a lone stranger with the highest %s: that one joins",
    async (_, settings) => {
      for (const seed of [1, 2]) {
        const met = await meet(seed, settings);
        expectUnmoved(met);
        expect(met.lab.agree(met.lab.nodes)).toBe(true);
      }
    },
  );

  test.each(["silence", "refusal"] as const)(
    "nor by one that meets its dials with %s",
    async (refusal) => {
      const met = await meet(1, HIGHEST, (lab, hub, stranger) => {
        lab.world.network.forbidDialling([hub.host], [stranger.host], refusal);
      });
      expectUnmoved(met);
    },
  );

  test("nor by one whom nobody can dial", async () => {
    expectUnmoved(await meet(1, { ...HIGHEST, reachable: false }));
  });

  /**
   * In each case it says that it wins, and it never dials the other, whose word it would have to
   * take.
   */
  const insist = (change: (stranger: LabNode, hub: LabNode) => object = () => ({})) => {
    let said = {};
    const lie: Lie = (path, body) =>
      path === "/api/cluster/case" ? { ...body, dials_you: false, ...said } : body;
    return meet(1, { ...HIGHEST, lie }, (lab, hub, stranger) => {
      said = { winner: stranger.identity.nodeId, ...change(stranger, hub) };
      lab.world.network.forbidDialling([stranger.host], [hub.host]);
    });
  };

  test("nor by one that insists", async () => {
    expectUnmoved(await insist());
  });

  test("nor by one that shows the signed words of followers who are nowhere", async () => {
    expectUnmoved(await insist((stranger) => ({ follows: inventFollowers(stranger) })));
  });

  test("nor by one that shows the words of witnesses who are nowhere", async () => {
    expectUnmoved(await insist((_, hub) => ({ witnesses: inventWitnesses(hub) })));
  });
});

test("random ones of many claimed followers are asked: three real are not enough", async () => {
  const lab = new Lab(1);
  const honest = lab.addMany(6);
  let invention: readonly unknown[] = [];
  const lie: Lie = (path, body) => {
    const { follows } = body;
    const isCase = path === "/api/cluster/case" && Array.isArray(follows);
    return isCase ? { ...body, follows: [...follows, ...invention] } : body;
  };
  const stranger = lab.add("stranger", { ...HIGHEST, lie });
  const gang = [stranger, ...["g1", "g2", "g3"].map((name) => lab.add(name))];
  const hosts = (nodes: readonly LabNode[]) => nodes.map(({ host }) => host);
  const heal = lab.world.network.partition(hosts(honest), hosts(gang));
  for (const node of lab.nodes) node.start();
  await lab.until("two clusters", 15_000, () => lab.agree(honest) && lab.agree(gang));
  await lab.run(SEATED_MS);
  const hub = lab.hubOf(honest);
  expect(stranger.cluster.role).toBe("hub");
  invention = inventFollowers(stranger);
  heal();
  await lab.run(CONTEST_MS);
  for (const { cluster } of honest) expect(cluster.view().hub?.server_id).toBe(hub.host.name);
});

/**
 * Somebody who makes up keys can sign anything with them, but nobody answers at their addresses.
 */
const invented = Array.from({ length: 8 }, (_, index) => ({
  identity: identityFromSeed(new Uint8Array(32).fill(100 + index)),
  from: { host: `10.9.0.${index}`, port: PORT },
}));

function inventFollowers({ identity: { nodeId }, host: { address } }: LabNode) {
  const dialled = { host: address, port: PORT };
  const at_ms = Date.UTC(2030, 0, 1);
  return invented.map(({ identity, from }) =>
    stateFollow(identity, { hub: nodeId, dialled, from, at_ms }),
  );
}

function inventWitnesses({ identity: { nodeId }, host }: LabNode) {
  const said = { subject: nodeId, boot_id: `${host.name}-${host.boots}` };
  return invented
    .slice(0, WITNESSES_MAX)
    .map(({ identity, from }) => stateUndialable(identity, { ...said, from }));
}

describe("two hubs that meet", () => {
  test("with followers on both sides: the larger side goes on, whatever the rank", async () => {
    const lab = new Lab(5);
    const [few, many] = [
      ["f1", "f2"].map((name) => lab.add(name, HIGHEST)),
      ["m1", "m2", "m3", "m4"].map((name) => lab.add(name)),
    ] as const;
    const hosts = (nodes: readonly LabNode[]) => nodes.map(({ host }) => host);
    const heal = lab.world.network.partition(hosts(few), hosts(many));
    for (const node of lab.nodes) node.start();
    await lab.until("two clusters", 15_000, () => lab.agree(few) && lab.agree(many));
    await lab.run(SEATED_MS);
    const hub = lab.hubOf(many);
    heal();
    await lab.until("one cluster", 30_000, () => lab.agree(lab.nodes));
    expect(lab.hubOf(lab.nodes).host.name).toBe(hub.host.name);
  });

  test("alone, both of them: the rank decides within seconds", async () => {
    const lab = new Lab(6);
    const [a, b] = lab.addMany(2);
    if (!a || !b) throw new Error("two nodes");
    const heal = lab.world.network.partition([a.host], [b.host]);
    for (const node of [a, b]) node.start();
    await lab.run(5_000);
    expect([a.cluster.role, b.cluster.role]).toEqual(["hub", "hub"]);
    heal();
    await lab.until("one cluster", 15_000, () => lab.agree([a, b]));
    expect(lab.hubOf([a, b]).host.name).toBe(a.host.name);
  });
});
