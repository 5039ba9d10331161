import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import { BATCH_PATH, type Decision } from "../../../src/migration/transfer/protocol.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { answer } from "../aquarium.ts";
import { LoneNode, transferOf } from "../lone-node.ts";
import { type Asked, type Peer, tooMany, withPeer } from "../peer.ts";

/** Each is the end of a pair of tanks of its own. */
const LAKES = Array.from({ length: 20 }, (_, n) => `lake-${n}`);

const offerSchema = z.looseObject({
  transfer_id: z.string(),
  destination: z.object({ tank_id: z.string() }),
});
type Offer = z.infer<typeof offerSchema>;
const batchSchema = z.object({ transfers: z.array(offerSchema) });

const UNKNOWN_ROUTE: PeerReply = { status: 404, body: { type: "urn:tankd:problem:not_found" } };

function decide(offer: Offer, decision: Decision["decision"]): PeerReply {
  const { transfer_id, destination } = offer;
  const decided = { transfer_id, node_id: "there", tank_id: destination.tank_id, epoch: 1 };
  return { status: 200, body: { ...decided, decision, reason: null } };
}

/** The offers of a request: those of a batch, or the one. */
function offersIn({ path, body }: Asked): readonly Offer[] {
  if (!path.startsWith(BATCH_PATH)) return [offerSchema.parse(body)];
  return batchSchema.parse(body).transfers;
}

/** Twenty fish in escrow for as many tanks of one node, which is asked anew from now on. */
async function twentyInEscrow(): Promise<{ readonly node: LoneNode; readonly peer: Peer }> {
  const { node, peer } = await withPeer({
    directory: [
      { nodeId: "here", tanks: ["reef", "pond"] },
      { nodeId: "there", tanks: LAKES },
    ],
  });
  peer.answer = () => tooMany;
  await node.fill("reef", 20);
  for (const lake of LAKES) await node.sendOne(lake);
  await node.migration.stop();
  peer.asked.length = 0;
  return { node, peer };
}

async function restart(node: LoneNode, peer: Peer): Promise<LoneNode> {
  return new LoneNode({ journal: node.journal, call: peer.call }).start();
}

describe("a batch that is received", () => {
  const receive = (node: LoneNode, transfers: unknown, signer = "there") =>
    answer(node.migration, { path: BATCH_PATH, body: { version: 1, transfers }, signer });

  test("has an answer for each transfer, as if it had come alone", async () => {
    const node = await new LoneNode().start();
    const nemo = transferOf("nemo");
    const lost = transferOf("dory", { destination: { tank_id: "gone" } });
    const { status, body } = await receive(node, [nemo, { ...nemo, version: 2 }, lost, nemo, 7]);
    const { answers } = body as { answers: readonly PeerReply[] };
    expect(status).toBe(200);
    expect(answers.map((one) => one.status)).toEqual([200, 400, 404, 200, 400]);
    expect(answers[0]?.body).toMatchObject({ decision: "accepted" });
    expect(answers[3]?.body).toEqual(answers[0]?.body);
    expect(node.tanks.alive("reef").filter((id) => id === "nemo")).toHaveLength(1);
    expect((await node.receive(nemo)).body).toEqual(answers[0]?.body);
  });

  test("decides nothing for a node that is not the source", async () => {
    const node = await new LoneNode().start();
    const { body } = await receive(node, [transferOf("nemo")], "third");
    expect(body).toMatchObject({ answers: [{ status: 403 }] });
    expect(await node.journal.inbox({ limit: 10 })).toEqual([]);
  });

  test("is refused whole when it is none, or too long", async () => {
    const node = await new LoneNode().start();
    const nemo = transferOf("nemo");
    const tooLong = Array(LIMITS.transfersPerBatchMax + 1).fill(nemo);
    for (const transfers of [undefined, [], {}, "nemo", tooLong]) {
      expect((await receive(node, transfers)).status).toBe(400);
    }
    expect(await node.journal.inbox({ limit: 10 })).toEqual([]);
  });
});

describe("transfers to one node", () => {
  /** Takes 300 ms for each request. */
  const slowly = (node: LoneNode) => async (asked: Asked) => {
    await node.world.sleep(300, "slow peer");
    const answers = offersIn(asked).map((offer) => decide(offer, "accepted"));
    return asked.path.startsWith(BATCH_PATH)
      ? { status: 200, body: { answers } }
      : (answers[0] ?? tooMany);
  };

  test("go together if they are offered at one moment", async () => {
    const { node, peer } = await twentyInEscrow();
    peer.answer = slowly(node);
    const restarted = await restart(node, peer);
    await node.run(1000);
    expect(peer.asked.map((asked) => offersIn(asked).length)).toEqual([20]);
    expect(restarted.migration.escrowCount).toBe(0);
  });

  test("go alone at once, and those that wait go together", async () => {
    const { node, peer } = await twentyInEscrow();
    const restarted = await restart(node, peer);
    peer.asked.length = 0;
    peer.answer = slowly(restarted);
    // Each pauses for a time of its own, so they are offered again one after the other.
    await restarted.run(3_000);
    const sizes = peer.asked.map((asked) => offersIn(asked).length);
    const alone = LIMITS.batchesInFlightPerPeerMax;
    expect(sizes.slice(0, alone)).toEqual(Array(alone).fill(1));
    expect(sizes.reduce((sum, offers) => sum + offers, 0)).toBe(20);
    expect(Math.max(...sizes)).toBeGreaterThan(4);
    expect(restarted.migration.escrowCount).toBe(0);
  });

  test("each follow their own answer of the batch", async () => {
    const { node, peer } = await twentyInEscrow();
    peer.answer = (asked) => {
      if (!asked.path.startsWith(BATCH_PATH)) return tooMany;
      const answers = offersIn(asked).map((offer, index) => {
        if (index === 0) return decide(offer, "refused");
        return index === 1 ? tooMany : decide(offer, "accepted");
      });
      return { status: 200, body: { answers } };
    };
    const restarted = await restart(node, peer);
    await node.run(50);
    const states = (await restarted.migration.transfers({ limit: 100 })).map(({ state }) => state);
    const count = (state: string) => states.filter((one) => one === state).length;
    expect(count("returned")).toBe(1);
    expect(count("delivered")).toBe(18);
    expect(restarted.migration.escrowCount).toBe(1);
  });

  test("go one by one to a node that knows no batches, eight at a time", async () => {
    const { node, peer } = await twentyInEscrow();
    let under = 0;
    let most = 0;
    peer.answer = async (asked) => {
      if (asked.path.startsWith(BATCH_PATH)) return UNKNOWN_ROUTE;
      most = Math.max(most, ++under);
      await node.world.sleep(300, "slow peer");
      under--;
      const [offer] = offersIn(asked);
      return offer === undefined ? tooMany : decide(offer, "accepted");
    };
    const restarted = await restart(node, peer);
    await node.run(3000);
    expect(restarted.migration.escrowCount).toBe(0);
    expect(most).toBe(8);
    expect(peer.asked.filter(({ path }) => path.startsWith(BATCH_PATH))).toHaveLength(1);
  });

  test.each([
    ["fewer answers than offers", { answers: [{ status: 200, body: {} }] }],
    ["no answers", {}],
    ["one decision for all", { decision: "accepted" }],
  ])("are undecided after %s", async (_, body) => {
    const { node, peer } = await twentyInEscrow();
    peer.answer = ({ path }) => (path.startsWith(BATCH_PATH) ? { status: 200, body } : tooMany);
    const restarted = await restart(node, peer);
    await node.run(50);
    expect(restarted.migration.escrowCount).toBe(20);
    expect(await node.journal.openOutbox()).toHaveLength(20);
  });

  test("are undecided where an answer is for another transfer of the batch", async () => {
    const { node, peer } = await twentyInEscrow();
    peer.answer = (asked) => {
      if (!asked.path.startsWith(BATCH_PATH)) return tooMany;
      const [first = tooMany, ...others] = offersIn(asked).map((one) => decide(one, "accepted"));
      return { status: 200, body: { answers: [...others, first] } };
    };
    const restarted = await restart(node, peer);
    await node.run(50);
    expect(restarted.migration.escrowCount).toBe(20);
  });
});
