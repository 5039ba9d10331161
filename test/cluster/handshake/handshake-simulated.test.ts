import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { prove, signChallenge } from "../../../src/cluster/identity/proof.ts";
import { dialable } from "../../../src/cluster/peers/dial-policy.ts";
import { PROTOCOL_VERSION } from "../../../src/cluster/wire.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";

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
    expect(refused).toContain("does not answer at any address");
  });
});

describe("addresses that others name", () => {
  const at = (...hosts: readonly string[]) => hosts.map((host) => ({ host, port: 80 }));
  const hostsOf = (addresses: readonly { readonly host: string }[]) =>
    addresses.map(({ host }) => host);
  const policy = { own: ["10.0.0.1"], onLoopback: false };
  const all = at(
    "10.0.0.2",
    "127.0.0.1",
    "::1",
    "localhost",
    "169.254.169.254",
    "fe80::1",
    "example.org",
  );

  test("are dialled, but for loopback and link-local", () => {
    expect(hostsOf(dialable(all, policy))).toEqual(["10.0.0.2", "example.org"]);
    expect(hostsOf(dialable(all, policy, "10.0.0.2"))).toEqual(["10.0.0.2", "example.org"]);
  });

  test("may be loopback from this machine, or where there is nothing else", () => {
    const local = ["10.0.0.2", "127.0.0.1", "::1", "localhost", "example.org"];
    expect(hostsOf(dialable(all, policy, "127.0.0.1"))).toEqual(local);
    expect(hostsOf(dialable(all, policy, "10.0.0.1"))).toEqual(local);
    expect(hostsOf(dialable(all, { ...policy, onLoopback: true }))).toEqual(local);
  });

  test.each([
    "2130706433",
    "0x7f.1",
    "127.1",
    "127.0.0.1.",
    "LOCALHOST.",
    "a.localhost",
    "0.0.0.0",
    "::",
    "0:0::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "169.254.43518",
    "0xA9FEA9FE",
    "::FFFF:169.254.169.254",
    "FE80::1",
    "fe80::1%eth0",
    "a/b",
    "user@10.0.0.2",
    "10.0.0.2:81",
    "10.0.0.2#",
    "",
  ])("are not dialled in another spelling of those, or as no host at all: %s", (host) => {
    expect(dialable(at(host), policy)).toEqual([]);
  });

  test.each(["tank-hub", "fd00::1", "::ffff:10.0.0.2", "127.example.org", "küche.local", "a_b"])(
    "are dialled: %s",
    (host) => {
      expect(hostsOf(dialable(at(host), policy))).toEqual([host]);
    },
  );

  test("may be link-local from a neighbour that is", () => {
    expect(hostsOf(dialable(at("169.254.1.2"), policy, "169.254.1.2"))).toEqual(["169.254.1.2"]);
  });
});
