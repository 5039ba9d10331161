import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { stateFollow } from "../../../src/cluster/membership/follow-statement.ts";
import type { Address } from "../../../src/discovery/backend.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";
import { Stranger } from "../../support/simulated/stranger.ts";
import { described } from "../peers/support.ts";

const SECRET = new Uint8Array(32).fill(7);
const NOBODY = { host: "10.0.0.250", port: 9 };
const CHALLENGE = "0123456789abcdef";

/** A stranger's hello as a worker of a hub that does not exist; another hub with each `number`. */
function sayFollowing(stranger: Stranger, to: LabNode, at: Address, number: number) {
  const { document } = described(stranger.identity.nodeId);
  const hub = { node_id: `invented-${number}`, addresses: [at] };
  return stranger.say(to, "POST", "/api/cluster/hello", {
    ...document,
    standing: { ...document.standing, role: "worker", hub },
    addresses: [{ host: stranger.process.host.address, port: PORT }],
    challenge: `${CHALLENGE}${number}`,
    time_ms: stranger.process.clock.wallMs(),
    defers: false,
  });
}

function hubsAmong(nodes: readonly LabNode[]): number {
  return nodes.filter((node) => node.cluster.view().role === "hub").length;
}

/** Invents a hub for each node in each interval, for so long. */
async function flood(
  lab: Lab,
  stranger: Stranger,
  nodes: readonly LabNode[],
  { intervalMs, durationMs }: { readonly intervalMs: number; readonly durationMs: number },
) {
  const end = lab.world.nowMs + durationMs;
  for (let number = Math.round(lab.world.nowMs); lab.world.nowMs < end; ) {
    for (const node of nodes) await sayFollowing(stranger, node, NOBODY, number++);
    await lab.run(intervalMs);
  }
}

/** A hub without followers, and a stranger. */
async function lone(seed: number) {
  const lab = new Lab(seed);
  const hub = lab.add("hub");
  hub.start();
  await lab.until("one hub", 10_000, () => hubsAmong([hub]) === 1);
  return { lab, hub, stranger: new Stranger(lab) };
}

describe("a stranger who invents hubs", () => {
  test.each([
    ["with a secret", { secret: SECRET }, 10_000],
    ["without a secret", {}, 40_000],
  ])("does not keep nodes from having one: %s", async (_, settings, withinMs) => {
    const lab = new Lab(22);
    const nodes = ["a", "b", "c"].map((name) => lab.add(name, settings));
    const stranger = new Stranger(lab);
    for (const node of nodes) node.start();
    await lab.run(50);
    await flood(lab, stranger, nodes, { intervalMs: 250, durationMs: withinMs });
    expect(hubsAmong(nodes)).toBe(1);
  });

  test("does not keep two hubs apart", async () => {
    const lab = new Lab(23);
    const nodes = ["a", "b", "c", "d"].map((name) => lab.add(name, { secret: SECRET }));
    const hosts = nodes.map(({ host }) => host);
    const heal = lab.world.network.partition(hosts.slice(0, 2), hosts.slice(2));
    for (const node of nodes) node.start();
    await lab.run(45_000);
    expect(hubsAmong(nodes)).toBe(2);
    const stranger = new Stranger(lab);
    await flood(lab, stranger, nodes, { intervalMs: 50, durationMs: 15_000 });
    heal();
    await flood(lab, stranger, nodes, { intervalMs: 50, durationMs: 10_000 });
    expect(hubsAmong(nodes)).toBe(1);
  });

  test("has only so many dialled", async () => {
    const { lab, hub, stranger } = await lone(61);
    const victim = new Stranger(lab, "victim");
    const dials = { all: 0, open: 0, peak: 0 };
    victim.answer(async () => {
      dials.all++;
      dials.peak = Math.max(dials.peak, ++dials.open);
      await lab.world.sleep(200, "victim");
      dials.open--;
      return { status: 404, headers: {}, body: "{}" };
    });
    const at = { host: victim.process.host.address, port: PORT };
    const startedMs = lab.world.nowMs;
    for (let number = 0; number < 600; number++) await sayFollowing(stranger, hub, at, number);
    await lab.run(10_000);
    const seconds = (lab.world.nowMs - startedMs) / 1000;
    expect(dials.all).toBeWithin(1, 64 + 5 * seconds + 1);
    expect(dials.peak).toBeLessThanOrEqual(4);
  });
});

test("a name that a stranger gives is never dialled where it leads to link-local", async () => {
  const { lab, hub, stranger } = await lone(62);
  const metadata = lab.world.addHost({ name: "metadata", address: "169.254.169.254" });
  const asked: string[] = [];
  new Stranger(lab, "metadata service", metadata).answer(async ({ path }) => {
    asked.push(path);
    return { status: 404, headers: {}, body: "{}" };
  });
  lab.world.network.names.set("evil.example", ["169.254.169.254"]);
  const { nodeId } = stranger.identity;
  const { document } = described(nodeId);
  await stranger.say(hub, "POST", "/api/cluster/hello", {
    ...document,
    standing: { ...document.standing, role: "hub" },
    addresses: [{ host: stranger.process.host.address, port: PORT }],
    challenge: CHALLENGE,
    time_ms: stranger.process.clock.wallMs(),
    defers: false,
  });
  const follower = identityFromSeed(lab.world.stream("follower").bytes(32));
  const statement = stateFollow(follower, {
    hub: nodeId,
    dialled: { host: "10.9.9.9", port: 1 },
    from: { host: "evil.example", port: PORT },
    at_ms: Math.floor(stranger.process.clock.wallMs()),
  });
  const { status } = await stranger.say(hub, "POST", "/api/cluster/case", {
    challenge: CHALLENGE,
    boot_id: "1",
    priority: 1,
    may_claim: true,
    defers: false,
    dials_you: null,
    follows: [statement],
    witnesses: [],
    winner: null,
  });
  expect(status).toBe(200);
  await lab.run(10_000);
  expect(asked).toEqual([]);
});
