import { describe, expect, test } from "bun:test";
import { DialBack } from "../../../src/cluster/checkup/dial-back.ts";
import { PeerTable } from "../../../src/cluster/peers/peer-table.ts";
import type { Address } from "../../../src/discovery/backend.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { described } from "../peers/support.ts";

const PEER = "peer";
const own = (host: string): Address => ({ host, port: 8000 });

/** A node that has been told these addresses by a peer, of which some answer. */
function setUp(addresses: readonly Address[], answering: readonly string[], isMember = true) {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock, timers } = world.addHost({ name: "n" }).boot();
  const table = new PeerTable({ isEngaged: () => false, hasExchanged: () => false });
  table.ensure(PEER);
  const said = described(PEER);
  table.update(PEER, {
    described: { ...said, document: { ...said.document, addresses: [...addresses] } },
  });
  const dialled: string[] = [];
  const dialBack = new DialBack({
    deps: { clock, timers },
    table,
    probe: {
      whyNotAt: async ({ host }) => {
        dialled.push(host);
        return answering.includes(host) ? undefined : "connection refused";
      },
    },
    policy: () => ({ own: ["10.0.0.1"], onLoopback: false, onLinkLocal: false }),
    isMember: () => isMember,
  });
  return { world, dialBack, dialled };
}

describe("a node that is asked to dial back", () => {
  test("says of each address whether the asker is there", async () => {
    const { dialBack } = setUp([own("10.0.0.2"), own("10.9.0.2")], ["10.0.0.2", "10.9.0.2"]);
    expect(await dialBack.answer(PEER, "10.0.0.2")).toEqual([
      { ...own("10.0.0.2"), reached: true, reason: null },
      { ...own("10.9.0.2"), reached: true, reason: null },
    ]);
  });

  test("gives a reason for the asker's own machine at once, for others late and none", async () => {
    const mine = setUp([own("10.0.0.2")], []);
    expect(await mine.dialBack.answer(PEER, "10.0.0.2")).toMatchObject([
      { reached: false, reason: "connection refused" },
    ]);
    expect(mine.world.nowMs).toBe(0);

    const { world, dialBack } = setUp([own("10.9.0.2")], []);
    const answer = dialBack.answer(PEER, "10.0.0.2");
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    await world.run(4_900);
    expect(isAnswered).toBe(false);
    await world.run(5_100);
    expect(await answer).toEqual([{ ...own("10.9.0.2"), reached: false, reason: null }]);
  });

  test("never dials what strangers may not name, nor what was not in the hello", async () => {
    const hosts = ["169.254.169.254", "127.0.0.1", "::1"];
    const { dialBack, dialled } = setUp(hosts.map(own), hosts);
    expect(await dialBack.answer(PEER, "10.0.0.2")).toEqual([]);
    expect(dialled).toEqual([]);
  });

  test("does it for members that it knows, and not all the time", async () => {
    const stranger = setUp([own("10.0.0.2")], [], false);
    for (const [dialBack, nodeId] of [
      [stranger.dialBack, PEER],
      [setUp([own("10.0.0.2")], []).dialBack, "somebody"],
    ] as const) {
      expect(dialBack.answer(nodeId, "10.0.0.2")).rejects.toMatchObject({ code: "not_trusted" });
    }
    const { dialBack, dialled } = setUp([own("10.0.0.2")], ["10.0.0.2"]);
    const asked = Array.from({ length: 30 }, () => dialBack.answer(PEER, "10.0.0.2"));
    const refused = (await Promise.allSettled(asked)).filter(({ status }) => status === "rejected");
    expect([dialled.length, refused.length]).toEqual([16, 14]);
    expect(refused[0]).toMatchObject({ reason: { code: "too_many" } });
  });
});
