import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { prove, signChallenge } from "../../../src/cluster/identity/proof.ts";
import { PROTOCOL_VERSION } from "../../../src/cluster/wire.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";
import { Stranger } from "../../support/simulated/stranger.ts";

const mallory = identityFromSeed(new Uint8Array(32).fill(66));

/** A program that answers handshakes in its own way, and a node whose hub it is said to be. */
function impostor(answer: (path: string, body: string, victim: LabNode) => unknown) {
  const lab = new Lab(101);
  lab.multicast = false;
  const victim = lab.add("victim");
  const host = lab.world.addHost({ name: "impostor" });
  const node = lab.add("node", { hubs: [{ host: host.address, port: PORT }] });
  host.boot().listen(PORT, async ({ path, body }) => ({
    status: 200,
    headers: {},
    body: JSON.stringify(answer(path, body ?? "", victim)),
  }));
  victim.start();
  node.start();
  return { lab, node, victim };
}

function challengeOf(path: string): string {
  return new URL(path, "http://node").searchParams.get("challenge") ?? "";
}

function identityDocument(publicKey: string, nodeId: string, signature: string) {
  return {
    protocol: PROTOCOL_VERSION,
    node_id: nodeId,
    public_key: publicKey,
    server_id: "hub",
    cluster: "tankd",
    version: "0.1.0",
    boot_id: "b",
    role: "hub",
    time_ms: Date.UTC(2026, 0, 1),
    signature,
  };
}

describe("a program that pretends to be a node", () => {
  const claims: readonly [string, (path: string, victim: LabNode) => unknown][] = [
    [
      "with another's key and no proof",
      (path, { identity }) =>
        identityDocument(
          identity.publicKey,
          identity.nodeId,
          signChallenge(mallory, challengeOf(path)),
        ),
    ],
    [
      "with another's id and its own key",
      (path, { identity: { nodeId } }) => {
        const proof = signChallenge({ ...mallory, nodeId }, challengeOf(path));
        return identityDocument(mallory.publicKey, nodeId, proof);
      },
    ],
    [
      "with an old proof",
      (_, { identity }) =>
        identityDocument(identity.publicKey, identity.nodeId, signChallenge(identity, "old")),
    ],
    ["with nonsense", () => ({ hello: "world" })],
  ];
  for (const [what, claim] of claims) {
    test(`${what} is not believed, and nothing is sent to it but the question`, async () => {
      const paths = new Set<string>();
      const { lab, node, victim } = impostor((path, _, target) => {
        paths.add(path.replace(/\?.*/, ""));
        return claim(path, target);
      });
      await lab.run(10_000);
      expect(node.cluster.view().role).toBe("hub");
      expect(node.cluster.server(victim.identity.nodeId)).toBeUndefined();
      expect([...paths]).toEqual(["/.well-known/tankd"]);
    });
  }

  test("and passes on another node's answer to our hello is not believed", async () => {
    const { lab, node } = impostor((path, body, { identity, cluster }) => {
      if (path.startsWith("/.well-known")) {
        const proof = signChallenge(mallory, challengeOf(path));
        return identityDocument(mallory.publicKey, mallory.nodeId, proof);
      }
      const { challenge }: { challenge: string } = JSON.parse(body);
      const self = { ...cluster.self(), role: "hub" };
      const standing = {
        role: "hub",
        term: { counter: 99, node_id: mallory.nodeId },
        hub: null,
        priority: 999,
        may_claim: true,
      };
      const reply = {
        protocol: PROTOCOL_VERSION,
        cluster: "tankd",
        node_id: mallory.nodeId,
        boot_id: "b",
        standing,
        record: self,
        addresses: [],
        tanks: [],
        heartbeat_interval: 10,
        time_ms: 0,
        defers: false,
        can_dial_you: true,
      };
      return { ...prove(identity, challenge, reply) };
    });
    await lab.run(10_000);
    expect(node.cluster.view()).toMatchObject({ role: "hub", term: { counter: 1 } });
  });
});

describe("an address that has changed hands", () => {
  test("is not taken for the node that was there: requests name whom they are for", async () => {
    const lab = new Lab(102);
    const [hub, worker] = lab.addMany(2) as [LabNode, LabNode];
    for (const node of [hub, worker]) node.start();
    await lab.until("one hub", 5_000, () => lab.agree([hub, worker]));
    // The hub goes, and another node gets its machine's address, before anybody noticed.
    hub.kill();
    const heir = lab.addOn(hub.host, "heir");
    heir.start();
    await lab.until("one hub", 8_000, () => lab.agree([heir, worker]));
    expect(worker.cluster.server(hub.identity.nodeId)?.status).toBe("offline");
    const call = () => worker.cluster.call(hub.identity.nodeId, "GET", "/api/servers/local");
    let refused = "";
    void call().catch((error: unknown) => {
      refused = String(error);
    });
    await lab.until("refused", 8_000, () => refused !== "");
    expect(refused).toContain("does not answer at any known address");
  });
});

describe("a node of another protocol", () => {
  test("that is dialled is refused by name, with what to do", async () => {
    const { lab, node } = impostor((path) => ({
      ...identityDocument(
        mallory.publicKey,
        mallory.nodeId,
        signChallenge(mallory, challengeOf(path)),
      ),
      protocol: 1,
    }));
    await lab.run(10_000);
    const hub = node.cluster.view().backends.find(({ name }) => name === "hub");
    expect(hub?.detail).toEndWith(
      "it runs tankd 0.1.0 with another protocol; install the same version",
    );
    expect(node.cluster.view().role).toBe("hub");
  });

  test("that says hello is refused as such, whatever else it says", async () => {
    const lab = new Lab(103);
    const node = lab.add("node");
    node.start();
    await lab.run(2_000);
    const stranger = new Stranger(lab);
    const hello = { protocol: PROTOCOL_VERSION - 1, words: "of another time" };
    const { status, body } = await stranger.say(node, "POST", "/api/cluster/hello", hello);
    expect([status, body]).toMatchObject([
      409,
      {
        type: "urn:tankd:problem:other_protocol",
        detail: `This node speaks protocol ${PROTOCOL_VERSION}, you speak ${PROTOCOL_VERSION - 1}.`,
      },
    ]);
  });
});

test("a hello with a term beyond the highest there is is refused", async () => {
  const lab = new Lab(104);
  const node = lab.add("node");
  node.start();
  await lab.run(5_000);
  const guest = lab.add("guest", {
    role: "worker",
    lie: (_path, body) => withTerm(body, Number.MAX_SAFE_INTEGER),
  });
  guest.start();
  await lab.run(10_000);
  expect(node.cluster.view().term.counter).toBe(1);
  expect(node.cluster.server(guest.identity.nodeId)).toBeUndefined();
});

function withTerm(body: Record<string, unknown>, counter: number): Record<string, unknown> {
  const { standing } = body;
  if (typeof standing !== "object" || standing === null) return body;
  return { ...body, standing: { ...standing, term: { counter, node_id: "guest" } } };
}

describe("the log of level debug", () => {
  test("has every handshake, on both sides", async () => {
    const lab = new Lab(7);
    lab.multicast = false;
    const hub = lab.add("hub");
    const node = lab.add("node", { hubs: [{ host: hub.host.address, port: PORT }] });
    hub.start();
    node.start();
    await lab.run(5_000);
    const lines = node.logged("handshake");
    expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(["debug"]));
    expect(lines.map(({ fields }) => fields)).toContainEqual({
      direction: "out",
      node_id: hub.identity.nodeId,
      address: `${hub.host.address}:${PORT}`,
      relay: undefined,
      outcome: "met",
      reason: undefined,
      duration_ms: expect.any(Number),
    });
    const taken = hub.logged("handshake").map(({ fields }) => fields);
    expect(taken).toContainEqual({
      direction: "in",
      node_id: node.identity.nodeId,
      address: node.host.address,
      outcome: "met",
      reason: undefined,
      duration_ms: expect.any(Number),
    });
  });

  test("has why one failed", async () => {
    const lab = new Lab(8);
    lab.multicast = false;
    const foreign = lab.add("foreign", { cluster: "other" });
    const silent = lab.world.addHost({ name: "silent" });
    const hubs = [foreign.host, silent].map(({ address }) => ({ host: address, port: PORT }));
    const node = lab.add("node", { hubs });
    foreign.start();
    node.start();
    await lab.run(20_000);
    const out = node.logged("handshake").map(({ fields }) => fields);
    expect(out).toContainEqual(
      expect.objectContaining({ outcome: "foreign", reason: "cluster other" }),
    );
    expect(out).toContainEqual(
      expect.objectContaining({
        outcome: "failed",
        address: `${silent.address}:${PORT}`,
        reason: expect.any(String),
      }),
    );
  });
});
