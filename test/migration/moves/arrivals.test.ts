/** The destination's half of a move, with an owner that says what the test makes it say. */
import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import { digestOfBundle, encodeBundle } from "../../../src/migration/moves/bundle-file.ts";
import { type Certificate, certify } from "../../../src/migration/moves/certificate.ts";
import {
  ACTIVATE_PATH,
  OFFER_PATH,
  OUTCOME_PATH,
  PART_PATH,
} from "../../../src/migration/moves/protocol.ts";
import { abortPath } from "../../../src/migration/transfer/protocol.ts";
import { MemoryFiles } from "../../../src/platform/simulated/files.ts";
import { ENGINE_VERSION } from "../../../src/sim/index.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";
import { answer } from "../aquarium.ts";
import { abortOf, LoneNode, transferOf } from "../lone-node.ts";
import { packedTank } from "./packed-tank.ts";

const { row: TANK, bundle } = await packedTank();
const BYTES = encodeBundle(bundle);
const DIGEST = digestOfBundle(BYTES);
const owner = identityFromSeed(new Uint8Array(32).fill(1));
const stranger = identityFromSeed(new Uint8Array(32).fill(2));
const MOVE = "ab".repeat(16);
const HANDOVER = { tank_id: TANK.tank_id, move_id: MOVE, to: "here", epoch: 2 };
const CERTIFICATE = certify(owner, HANDOVER);
const OFFER = {
  version: 1,
  move_id: MOVE,
  tank_id: TANK.tank_id,
  name: TANK.name,
  epoch: 2,
  engine_version: ENGINE_VERSION,
  bundle: { digest: DIGEST, bytes: BYTES.length },
};

class Destination {
  readonly files = new MemoryFiles();
  readonly asked: string[] = [];
  bytes: Uint8Array = BYTES;
  outcome: unknown = { state: "sealed", certificate: null };
  distrust: string | undefined;
  readonly node: LoneNode;

  constructor(journal = new MemoryJournal()) {
    this.node = new LoneNode({
      journal,
      call: async (_, path, body) => this.#answer(path.split("?")[0] ?? "", body),
      moves: (node) => ({
        identity: stranger,
        files: this.files,
        engineVersion: ENGINE_VERSION,
        distrusts: () => this.distrust,
        hosting: {
          seal: () => Promise.reject(new Error("nothing leaves")),
          release: async () => {},
          handOver: () => Promise.reject(new Error("nothing leaves")),
          takeOver: async (row, files, commit) => {
            for (const { path, bytes } of files) await this.files.writeDurably(path, bytes);
            await commit(row);
            // The fake's own log: nobody of the real one is alive in it.
            await node.journal.commit([{ remove: "tank", tank_id: row.tank_id }]);
            await node.tanks.add(row);
            const [hosted] = node.tanks.list().filter((one) => one.row.tank_id === row.tank_id);
            if (!hosted) throw new Error("it is hosted");
            return hosted;
          },
        },
      }),
    });
  }

  static async start(journal?: MemoryJournal): Promise<Destination> {
    const destination = new Destination(journal);
    await destination.node.start();
    return destination;
  }

  #answer(path: string, body: unknown): PeerReply {
    this.asked.push(path);
    if (path === OUTCOME_PATH) return { status: 200, body: this.outcome };
    if (path !== PART_PATH) return { status: 503, body: {} };
    const { at } = body as { at: number };
    return { status: 200, body: { part: this.bytes.subarray(at, at + (1 << 20)).toBase64() } };
  }

  async say(path: string, body: unknown, signer = owner.nodeId): Promise<PeerReply> {
    let reply: PeerReply | undefined;
    void answer(this.node.migration, { path, body, signer }).then((told) => {
      reply = told;
    });
    await this.node.run(1_500);
    if (!reply) throw new Error("no answer");
    return reply;
  }

  offer(change: Partial<typeof OFFER> = {}): Promise<PeerReply> {
    return this.say(OFFER_PATH, { ...OFFER, ...change });
  }

  activate(certificate: Certificate, signer = certificate.from): Promise<PeerReply> {
    return this.say(ACTIVATE_PATH, { version: 1, certificate }, signer);
  }

  get states(): readonly string[] {
    return this.node.migration.moves().map(({ state }) => state);
  }

  get has(): boolean {
    return this.node.tanks.get(TANK.tank_id) !== undefined;
  }
}

describe("a tank that is offered", () => {
  test("is fetched and stored, and nothing of it runs", async () => {
    const destination = await Destination.start();
    expect(await destination.offer()).toMatchObject({ status: 200, body: { state: "stored" } });
    expect([destination.states, destination.has]).toEqual([["stored"], false]);
    expect(await destination.files.list("moves")).toHaveLength(1);
    expect((await destination.offer()).body).toEqual({ state: "stored" });
    expect(destination.asked.filter((path) => path === PART_PATH)).toHaveLength(1);
  });

  test.each([
    ["other bytes", { bundle: { digest: "0".repeat(64), bytes: BYTES.length } }, 422],
    ["fewer bytes", { bundle: { digest: DIGEST, bytes: BYTES.length + 9 } }, 422],
    ["another engine", { engine_version: 99 }, 409],
    ["another tank than it says", { tank_id: "fedcba9876543210" }, 422],
    ["a tank that is here", { tank_id: "reef" }, 409],
  ] as const)("with %s is refused, and nothing is left", async (_, change, status) => {
    const destination = await Destination.start();
    expect((await destination.offer(change)).status).toBe(status);
    expect([destination.states, await destination.files.list("moves")]).toEqual([[], []]);
  });

  test("by whom this node does not trust is not even fetched", async () => {
    const destination = await Destination.start();
    destination.distrust = "no secret";
    expect((await destination.offer()).status).toBe(403);
    expect(destination.asked).toEqual([]);
  });

  test("decides nothing about its transfers while it is not this node's", async () => {
    const destination = await Destination.start();
    await destination.offer();
    const to = { destination: { tank_id: TANK.tank_id } };
    const transfer = transferOf("traveller", to);
    expect((await destination.node.receive(transfer)).status).toBe(503);
    const abort = abortOf(transfer);
    const path = abortPath(abort.transfer_id);
    expect((await destination.say(path, abort, "there")).status).toBe(503);
    expect(await destination.node.journal.inboxRows(transfer.transfer_id)).toEqual([]);
  });
});

describe("a stored tank", () => {
  test.each([
    ["of another move", certify(owner, { ...HANDOVER, move_id: "cd".repeat(16) })],
    ["for another node", certify(owner, { ...HANDOVER, to: "there" })],
    ["of another epoch", certify(owner, { ...HANDOVER, epoch: 3 })],
    ["of another tank", certify(owner, { ...HANDOVER, tank_id: "reef" })],
    ["by a stranger", certify(stranger, HANDOVER)],
    ["that is forged", { ...certify(stranger, HANDOVER), from: owner.nodeId }],
  ] as const)("is not activated with a certificate %s", async (_, certificate) => {
    const destination = await Destination.start();
    await destination.offer();
    expect((await destination.activate(certificate)).status).toBeGreaterThan(399);
    destination.outcome = { state: "moved", certificate };
    await destination.node.run(60_000);
    expect([destination.states, destination.has]).toEqual([["stored"], false]);
  });

  test("is activated once, by who gives it, and is its owner's in one commit", async () => {
    const destination = await Destination.start();
    await destination.offer();
    expect((await destination.activate(CERTIFICATE, "somebody")).status).toBe(403);
    const { status, body } = await destination.activate(CERTIFICATE);
    expect([status, body]).toEqual([200, { state: "activated", name: TANK.name }]);
    expect((await destination.activate(CERTIFICATE)).body).toEqual(body);
    expect([destination.states, destination.has]).toEqual([["activated"], true]);
    const { journal, migration } = destination.node;
    const tank = (await journal.tanks()).find(({ tank_id }) => tank_id === TANK.tank_id);
    expect(tank).toMatchObject({ epoch: 2, name: TANK.name });
    const { outbox, inbox, horizons } = await journal.tankTransfers(TANK.tank_id);
    expect([outbox, inbox, horizons]).toEqual([
      bundle.rows.outbox,
      bundle.rows.inbox,
      bundle.rows.horizons,
    ]);
    expect(migration.movedTo(TANK.tank_id)).toBeUndefined();
    expect(await destination.files.list("moves")).toEqual([]);
    const leaving = (await journal.connections()).map(({ connection_id }) => connection_id);
    expect(leaving).toContain(bundle.rows.connections[0]?.connection_id ?? "");
  });

  test("hears what has become of it by itself, also after a restart", async () => {
    const first = await Destination.start();
    await first.offer();
    await first.node.migration.stop();
    const { journal } = first.node;
    const again = new Destination(journal);
    for (const name of await first.files.list("moves")) {
      await again.files.writeDurably(`moves/${name}`, BYTES);
    }
    await again.node.start();
    expect(
      (await again.node.receive(transferOf("x", { destination: { tank_id: TANK.tank_id } })))
        .status,
    ).toBe(503);
    again.outcome = { state: "moved", certificate: CERTIFICATE };
    await again.node.run(60_000);
    expect([again.states, again.has]).toEqual([["activated"], true]);
  });

  test("whose file is damaged is fetched again from its owner", async () => {
    const destination = await Destination.start();
    await destination.offer();
    const [name] = await destination.files.list("moves");
    destination.files.damage(`moves/${name}`, 500);
    destination.asked.splice(0);
    expect((await destination.activate(CERTIFICATE)).status).toBe(200);
    expect(destination.asked).toContain(PART_PATH);
  });

  test("is dropped when its owner keeps it, and not before", async () => {
    const destination = await Destination.start();
    await destination.offer();
    await destination.node.run(100_000);
    expect(destination.states).toEqual(["stored"]);
    destination.outcome = { state: "aborted", certificate: null };
    await destination.node.run(60_000);
    expect([destination.states, destination.has]).toEqual([["dropped"], false]);
    expect(await destination.files.list("moves")).toEqual([]);
    // A late copy of the offer, and even of a certificate.
    expect((await destination.offer()).status).toBe(409);
    expect((await destination.activate(CERTIFICATE)).status).toBe(404);
  });
});
