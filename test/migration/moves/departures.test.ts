/** The owner's half of a move, with a destination that answers as the test says. */
import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import type { MoveDeps } from "../../../src/migration/moves/moves.ts";
import { ACTIVATE_PATH, OFFER_PATH } from "../../../src/migration/moves/protocol.ts";
import { TRANSFER_PATH } from "../../../src/migration/transfer/protocol.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { MemoryFiles } from "../../../src/platform/simulated/files.ts";
import type { FakeServer } from "../fake-cluster.ts";
import { LoneNode, transferOf } from "../lone-node.ts";

const REFUSED: PeerReply = problem(503, "not_ready");
const BUNDLE = "bundle";

function problem(status: number, code: string): PeerReply {
  return { status, body: { type: `urn:tankd:problem:${code}`, detail: `${code}.` } };
}

function ok(body: unknown): PeerReply {
  return { status: 200, body };
}

/** What the destination says to an inquiry, an offer with a bundle, and the certificate. */
interface Script {
  welcome: PeerReply;
  offer: PeerReply;
  activate: PeerReply;
}

class Owner {
  readonly script: Script = {
    welcome: ok({ state: "welcome" }),
    offer: ok({ state: "stored" }),
    activate: ok({ state: "activated", name: "reef-2" }),
  };
  readonly asked: string[] = [];
  readonly files = new MemoryFiles();
  /** Tanks that stand still. */
  readonly sealed = new Set<string>();
  readonly node: LoneNode;

  constructor(directory?: FakeServer[]) {
    this.node = new LoneNode({
      ...(directory && { directory }),
      call: (_, path, body) => this.#answer(path, body),
      moves: (node) => this.#depsOf(node),
    });
  }

  static async start(directory?: FakeServer[]): Promise<Owner> {
    const owner = new Owner(directory);
    await owner.node.start();
    return owner;
  }

  /** The outcome of a move once so much time has passed; "pending" before it is known. */
  async move(forMs: number, tankId = "reef", nodeId = "there"): Promise<unknown> {
    let outcome: unknown = "pending";
    void this.node.migration.moveTank(tankId, nodeId).then(
      (moved) => {
        outcome = moved;
      },
      (error: unknown) => {
        outcome = error instanceof Problem ? error.code : error;
      },
    );
    await this.node.run(forMs);
    return outcome;
  }

  get states(): readonly string[] {
    return this.node.migration.moves().map(({ state }) => state);
  }

  async #answer(path: string, body: unknown): Promise<PeerReply> {
    const at = path.split("?")[0] ?? path;
    const isOffer = at === OFFER_PATH && JSON.stringify(body).includes(`"${BUNDLE}":{`);
    this.asked.push(isOffer ? `${at} ${BUNDLE}` : at);
    if (at === OFFER_PATH) return isOffer ? this.script.offer : this.script.welcome;
    if (at === ACTIVATE_PATH) return this.script.activate;
    return REFUSED;
  }

  #depsOf(node: LoneNode): MoveDeps {
    const { publicKey, sign } = identityFromSeed(new Uint8Array(32).fill(1));
    return {
      identity: { nodeId: "here", publicKey, sign },
      files: this.files,
      engineVersion: 1,
      distrusts: () => undefined,
      hosting: {
        seal: async (tankId) => {
          const tank = node.tanks.get(tankId);
          if (!tank) throw new Problem("unknown_tank", "gone");
          this.sealed.add(tankId);
          return tank.row;
        },
        release: async (tankId) => void this.sealed.delete(tankId),
        handOver: async (tankId, commit) => {
          await commit();
          await node.tanks.recover();
          this.sealed.delete(tankId);
        },
        takeOver: () => Promise.reject(new Error("nothing arrives here")),
      },
    };
  }
}

describe("what cannot move stays, and nothing is changed", () => {
  test.each([
    ["an unknown tank", "puddle", "there", "unknown_tank"],
    ["to oneself", "reef", "here", "invalid"],
    ["to an unknown node", "reef", "nowhere", "unknown_server"],
    ["to one that is offline", "reef", "off", "unreachable"],
  ] as const)("%s", async (_, tankId, nodeId, code) => {
    const owner = await Owner.start([
      { nodeId: "here", tanks: ["reef", "pond"] },
      { nodeId: "there", tanks: ["lake"] },
      { nodeId: "off", tanks: [], status: "offline" },
    ]);
    expect(await owner.move(0, tankId, nodeId)).toBe(code);
    expect([owner.asked, [...owner.sealed], owner.states]).toEqual([[], [], []]);
  });

  test.each([
    ["an earlier build", problem(404, "not_found"), "other_protocol"],
    ["one that has no room", problem(429, "too_many"), "too_many"],
    ["one that is fenced", problem(503, "not_ready"), "not_ready"],
    ["one without the secret", problem(403, "not_trusted"), "not_trusted"],
    ["another engine", problem(409, "other_engine"), "other_engine"],
    ["nonsense", ok({ state: "yes" }), "unreachable"],
  ] as const)("to %s", async (_, welcome, code) => {
    const owner = await Owner.start();
    owner.script.welcome = welcome;
    expect(await owner.move(0)).toBe(code);
    expect([owner.asked, [...owner.sealed], owner.states]).toEqual([[OFFER_PATH], [], []]);
  });

  test("a second move of the same tank, and its removal", async () => {
    const owner = await Owner.start();
    owner.script.offer = ok({ state: "receiving" });
    expect(await owner.move(1_000)).toBe("pending");
    expect(await owner.move(0)).toBe("tank_moving");
    const removed = owner.node.migration.removeTank("reef");
    await expect(removed).rejects.toMatchObject({ code: "tank_moving" });
  });
});

describe("a sealed tank", () => {
  test("neither decides nor asks anything", async () => {
    const owner = await Owner.start();
    await owner.node.sendOne();
    owner.script.offer = ok({ state: "receiving" });
    await owner.move(1_000);
    expect(owner.sealed).toEqual(new Set(["reef"]));
    owner.asked.splice(0);
    await owner.node.run(10_000);
    expect(owner.asked).not.toContain(TRANSFER_PATH);
    const transfer = transferOf("newcomer");
    const { status, body } = await owner.node.receive(transfer);
    expect([status, body]).toMatchObject([503, { type: "urn:tankd:problem:tank_moving" }]);
    expect((await owner.node.abort({ ...transferOf("x") })).status).not.toBe(200);
    expect(await owner.node.journal.inboxRows(transfer.transfer_id)).toEqual([]);
  });

  test("goes on here when the destination is silent for long", async () => {
    const owner = await Owner.start();
    const transferId = await owner.node.sendOne();
    owner.script.offer = problem(502, "unreachable");
    expect(await owner.move(10_000)).toBe("pending");
    await owner.node.run(20_000);
    expect([owner.states, [...owner.sealed]]).toEqual([["aborted"], []]);
    owner.asked.splice(0);
    await owner.node.run(60_000);
    expect(owner.asked).toContain(TRANSFER_PATH);
    expect(owner.node.migration.movedTo("reef")).toBeUndefined();
    expect((await owner.node.journal.outboxRow(transferId))?.source_node_id).toBeNull();
    expect((await owner.node.receive(transferOf("newcomer"))).status).toBe(200);
    expect(await owner.files.list("moves")).toEqual([]);
  });

  test("goes on at once when the destination refuses what it was sent", async () => {
    const owner = await Owner.start();
    owner.script.offer = problem(422, "bad_archive");
    expect(await owner.move(1_000)).toBe("bad_archive");
    expect([owner.states, [...owner.sealed]]).toEqual([["aborted"], []]);
  });

  test.each([
    ["knows a later state of this directory", problem(409, "directory_copied")],
    ["runs it already", ok({ state: "activated" })],
  ] as const)("never goes on where the destination %s", async (_, offer) => {
    const owner = await Owner.start();
    owner.script.offer = offer;
    await owner.move(120_000);
    expect([owner.states, [...owner.sealed]]).toEqual([["sealed"], ["reef"]]);
  });
});

describe("from the point of no return on", () => {
  test("nothing of the tank is left but who owns it", async () => {
    const owner = await Owner.start();
    const transferId = await owner.node.sendOne();
    const moved = await owner.move(1_000);
    expect(moved).toMatchObject({ name: "reef-2", epoch: 2, destination_node_id: "there" });
    const { journal, migration } = owner.node;
    expect((await journal.tanks()).map(({ tank_id }) => tank_id)).toEqual(["pond"]);
    expect(await journal.outboxRow(transferId)).toBeUndefined();
    expect(migration.escrowCount).toBe(0);
    expect(migration.movedTo("reef")).toEqual({ node_id: "there", epoch: 2 });
    expect([owner.states, await owner.files.list("moves")]).toEqual([["done"], []]);
  });

  test("a question about its transfers is answered by naming its owner, undecided", async () => {
    const owner = await Owner.start();
    const before = transferOf("earlier");
    expect((await owner.node.receive(before)).body).toMatchObject({ decision: "accepted" });
    await owner.move(1_000);
    for (const transfer of [before, transferOf("later")]) {
      const { status, body } = await owner.node.receive(transfer);
      expect([status, body]).toMatchObject([
        409,
        { type: "urn:tankd:problem:moved", node_id: "there", epoch: 2 },
      ]);
      expect(body).toMatchObject({ certificates: [{ from: "here", to: "there", epoch: 2 }] });
      expect(await owner.node.journal.inboxRows(transfer.transfer_id)).toEqual([]);
    }
  });

  test("it is told until it is heard, and never taken back", async () => {
    const owner = await Owner.start();
    owner.script.activate = REFUSED;
    expect(await owner.move(29_000)).toBe("pending");
    expect(owner.states).toEqual(["moved"]);
    await owner.node.run(100_000);
    expect(owner.states).toEqual(["moved"]);
    owner.script.activate = ok({ state: "activated", name: "reef" });
    await owner.node.run(10_000);
    expect(owner.states).toEqual(["done"]);
  });
});
