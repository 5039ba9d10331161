import { describe, expect, test } from "bun:test";
import { digestOf, TRANSFER_PATH } from "../../../src/migration/transfer/protocol.ts";
import { DEFAULT_QUOTAS } from "../../../src/migration/transfer/quotas.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { LIMITS } from "../../../src/platform/limits.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";
import { NO_POSITIONS } from "../../support/simulated/no-positions.ts";
import { answer } from "../aquarium.ts";
import { abortOf, LoneNode, transferOf } from "../lone-node.ts";

const type = (code: string) => ({ type: `urn:tankd:problem:${code}` });

const REFUSED = { status: 503, body: type("not_ready") };

async function reef(node: LoneNode): Promise<readonly string[]> {
  return node.tanks.alive("reef").filter((entityId) => !entityId.startsWith("reef-"));
}

describe("a fish that is offered", () => {
  test("lives here once its import and the decision are durable together", async () => {
    const node = await new LoneNode().start();
    const transfer = transferOf("nemo");
    const reply = await node.receive(transfer);
    expect(reply).toEqual({
      status: 200,
      body: {
        transfer_id: transfer.transfer_id,
        node_id: "here",
        tank_id: "reef",
        epoch: 1,
        decision: "accepted",
        reason: null,
      },
    });
    expect(await reef(node)).toEqual(["nemo"]);
    expect(await node.journal.inboxRow("there", transfer.transfer_id)).toMatchObject({
      decision: "accepted",
      entity_id: "nemo",
      record_digest: transfer.digest,
    });
    expect(await node.events(transfer.transfer_id)).toEqual(["accepted"]);
  });

  test("is not taken twice, and the answer stays the same", async () => {
    const node = await new LoneNode().start();
    const first = await node.receive(transferOf("nemo"));
    // Meanwhile it has moved on: only the memory of the transfer can know that this is a copy.
    await node.tanks.submit("reef", { kind: "export", entityId: "nemo", side: "left" });
    expect(await node.receive(transferOf("nemo"))).toEqual(first);
    expect(await reef(node)).toEqual([]);
  });

  test("is decided once when two copies come at the same time", async () => {
    const node = await new LoneNode().start();
    const replies = await Promise.all([
      node.receive(transferOf("nemo")),
      node.receive(transferOf("nemo")),
    ]);
    expect(replies[0]).toEqual(replies[1]);
    expect(replies[0]).toMatchObject({ status: 200, body: { decision: "accepted" } });
  });

  test("decides nothing where it reveals a directory set back, nor before recall", async () => {
    const node = await new LoneNode().start();
    const held = new Problem("directory_copied", "This directory was set back.");
    const shown: unknown[] = [];
    node.cluster.positions = { ...NO_POSITIONS, recalled: false };
    expect(await node.receive(transferOf("nemo"))).toMatchObject(REFUSED);
    node.cluster.positions = {
      ...NO_POSITIONS,
      judge(nodeId, remembered) {
        shown.push(nodeId, remembered);
        node.cluster.positions = { ...NO_POSITIONS, fenced: held };
      },
    };
    expect(await node.receive(transferOf("nemo"))).toMatchObject(REFUSED);
    expect(await node.abort(abortOf(transferOf("nemo")))).toMatchObject(REFUSED);
    expect(shown).toEqual(["there", undefined]);
    expect(await reef(node)).toEqual([]);
    expect(await node.journal.inboxRow("there", transferOf("nemo").transfer_id)).toBeUndefined();
  });

  test("is decided in the same way after a restart", async () => {
    const before = await new LoneNode().start();
    const first = await before.receive(transferOf("nemo"));
    const after = await new LoneNode({ journal: before.journal }).start();
    expect(await after.receive(transferOf("nemo"))).toEqual(first);
  });

  test("enters by the wall opposite to the one it left by", async () => {
    const node = await new LoneNode().start();
    const sides: unknown[] = [];
    const submit = node.tanks.submit.bind(node.tanks);
    node.tanks.submit = (tankId, command, alongside) => {
      if (command.kind === "import") sides.push(command.side);
      return submit(tankId, command, alongside);
    };
    await node.receive(transferOf("nemo", { side: "left" }));
    await node.receive(transferOf("dory", { side: "right" }));
    expect(sides).toEqual(["right", "left"]);
  });
});

describe("a refusal", () => {
  test("holds when there is room again", async () => {
    let capacity = 0;
    const node = await new LoneNode({ capacity: () => capacity }).start();
    const transfer = transferOf("nemo");
    const refused = await node.receive(transfer);
    expect(refused.body).toMatchObject({ decision: "refused", reason: "tank_full" });
    capacity = 100;
    expect(await node.receive(transfer)).toEqual(refused);
    const restarted = await new LoneNode({ journal: node.journal }).start();
    expect(await restarted.receive(transfer)).toEqual(refused);
    expect(await reef(restarted)).toEqual([]);
  });

  test("of a record that is none is as durable as any other", async () => {
    const node = await new LoneNode().start();
    const transfer = transferOf("nemo");
    const bytes = new TextEncoder().encode("no fish");
    const broken = { ...transfer, record: bytes.toBase64(), digest: digestOf(bytes) };
    const refused = await node.receive(broken);
    expect(refused.body).toMatchObject({ decision: "refused", reason: "bad_record" });
    expect(await node.receive(broken)).toEqual(refused);
    expect(await node.journal.inboxRow("there", transfer.transfer_id)).toMatchObject({
      entity_id: null,
    });
  });
});

describe("nothing is decided", () => {
  test("while the storage takes no writes; afterwards it is", async () => {
    const node = await new LoneNode().start();
    node.journal.fault = "disk full";
    const reply = await node.receive(transferOf("nemo"));
    expect(reply).toMatchObject({ status: 503, body: type("storage_unavailable") });
    node.journal.fault = undefined;
    expect(await node.journal.inboxRow("there", transferOf("nemo").transfer_id)).toBeUndefined();
    expect((await node.receive(transferOf("nemo"))).body).toMatchObject({ decision: "accepted" });
  });

  test("for a tank that is not here", async () => {
    const node = await new LoneNode().start();
    const lost = transferOf("nemo", { destination: { tank_id: "elsewhere" } });
    expect(await node.receive(lost)).toMatchObject({ status: 404, body: type("unknown_tank") });
    expect(await node.journal.inboxRow("there", lost.transfer_id)).toBeUndefined();
  });

  test("for a tank that is gone, but its old decisions still stand", async () => {
    const node = await new LoneNode().start();
    const first = await node.receive(transferOf("nemo"));
    await node.tanks.remove("reef");
    expect(await node.receive(transferOf("nemo"))).toEqual(first);
  });

  test("beyond the quota of a node and tank: 429 tells when to come again", async () => {
    const node = await new LoneNode().start();
    const replies = [];
    for (let n = 0; n <= DEFAULT_QUOTAS.inboundBurst; n++) {
      replies.push(await node.receive(transferOf("nemo")));
    }
    expect(replies.slice(0, -1).every((reply) => reply.status === 200)).toBe(true);
    expect(replies.at(-1)).toMatchObject({
      status: 429,
      headers: { "retry-after": "1" },
      body: { ...type("too_many"), retry_after_ms: 10 },
    });
    const other = transferOf("dory", { source: { node_id: "third", tank_id: "lake" } });
    expect((await node.receive(other, "third")).status).toBe(200);
    await node.run(10);
    expect((await node.receive(transferOf("nemo"))).status).toBe(200);
  });

  test("beyond those of a node that are being decided: of others they are taken", async () => {
    const node = await new LoneNode({ quotas: { inboundBurst: 10_000 } }).start();
    let decide = () => {};
    const held = new Promise<void>((resolve) => {
      decide = resolve;
    });
    const read = node.journal.inboxRow.bind(node.journal);
    node.journal.inboxRow = async (...key) => {
      if (key[0] === "there") await held;
      return read(...key);
    };
    const most = LIMITS.inboundTransfersUnderwayPerNodeMax;
    const flood = Array.from({ length: most }, (_, n) => {
      const transfer = transferOf(`nemo-${n}`, { transfer_id: n.toString(16).padStart(32, "0") });
      return node.receive(transfer);
    });
    const tooMany = { status: 429, body: { ...type("too_many"), retry_after_ms: 1_000 } };
    expect(await node.receive(transferOf("marlin"))).toMatchObject(tooMany);
    const other = transferOf("dory", { source: { node_id: "third", tank_id: "lake" } });
    expect((await node.receive(other, "third")).status).toBe(200);
    decide();
    await Promise.all(flood);
    expect((await node.receive(transferOf("marlin"))).status).toBe(200);
  });

  test("for a stranger, an impostor, or a body that is not exactly a transfer", async () => {
    const node = await new LoneNode().start();
    const good = transferOf("nemo");
    const cases: [unknown, string | undefined, number, string][] = [
      [good, undefined, 401, "bad_signature"],
      [good, "third", 403, "not_trusted"],
      [{ ...good, version: 2 }, "there", 400, "bad_request"],
      [{ ...good, extra: 1 }, "there", 400, "bad_request"],
      [{ ...good, sequence: 0.5 }, "there", 400, "bad_request"],
      [{ ...good, sequence: 1, lowest_undecided: 2 }, "there", 400, "bad_request"],
      [{ ...good, digest: "0".repeat(64) }, "there", 400, "bad_request"],
      [{ ...good, record: "A".repeat(24_000) }, "there", 400, "bad_request"],
      [{ ...good, record: "not base64!" }, "there", 400, "bad_request"],
      ["fish", "there", 400, "bad_request"],
      [{ ...good, entity_type: "crab" }, "there", 422, "unsupported_entity"],
      [tankWorldTransfer, undefined, 422, "unsupported_entity"],
    ];
    for (const [body, signer, status, code] of cases) {
      const reply = await answerTo(node, body, signer);
      expect(reply).toMatchObject({ status, body: type(code) });
    }
    expect(await reef(node)).toEqual([]);
    expect(await node.journal.inbox({ limit: 10 })).toEqual([]);
  });
});

test("what is refused is logged: what it is, from whom, and why", async () => {
  const node = await new LoneNode().start();
  const refusals = () => node.noted.filter(({ event }) => event === "transfer refused");
  await answerTo(node, tankWorldTransfer, undefined);
  await answerTo(node, { ...transferOf("nemo"), digest: "0".repeat(64) }, "there");
  expect(refusals().map(({ fields }) => fields)).toMatchObject([
    { tank_id: "w1", from: "unsigned", code: "unsupported_entity" },
    { tank_id: "reef", entity: "fish", from: "there", code: "bad_request" },
  ]);
  for (const { fields } of refusals()) expect(fields?.["reason"]).toBeString();
  for (let n = 0; n < 1000; n++) await answerTo(node, tankWorldTransfer, undefined);
  expect(refusals()).toHaveLength(LIMITS.strangerLinesBurst);
});

test("a decision is logged with the node that the fish comes from", async () => {
  const node = await new LoneNode().start();
  await node.receive(transferOf("nemo"));
  expect(node.noted).toContainEqual({
    event: "transfer decided",
    fields: expect.objectContaining({ decision: "accepted", source_node_id: "there" }),
  });
});

/** As that server sends it. */
const tankWorldTransfer = {
  destination_world_id: "w1",
  entity_data: { type: "fish", energy: 12 },
  source_server_id: "s1",
  source_world_id: "w2",
};

async function answerTo(node: LoneNode, body: unknown, signer: string | undefined) {
  return answer(node.migration, { path: TRANSFER_PATH, body, signer });
}

describe("an id that was used for another transfer", () => {
  test("is a conflict and an alarm", async () => {
    const node = await new LoneNode().start();
    const good = transferOf("nemo");
    await node.receive(good);
    const { record, digest } = transferOf("dory");
    const others = [
      { ...good, record, digest },
      { ...good, destination: { tank_id: "pond" } },
      { ...good, source: { node_id: "there", tank_id: "sea" } },
    ];
    for (const other of others) {
      expect(await node.receive(other)).toMatchObject({
        status: 409,
        body: type("transfer_mismatch"),
      });
    }
    expect(node.errors).toEqual(Array(3).fill("transfer id used twice"));
    expect(await reef(node)).toEqual(["nemo"]);
  });

  test("is another one under another node's key: nobody's abort keeps a fish out", async () => {
    const node = await new LoneNode().start();
    const honest = transferOf("nemo");
    const squatted = { ...honest, source: { node_id: "third", tank_id: "lake" } };
    const buried = await node.abort(abortOf(squatted), "third");
    expect(buried).toMatchObject({ status: 200, body: { decision: "aborted" } });
    expect(await node.receive(honest)).toMatchObject({ body: { decision: "accepted" } });
    expect(await node.receive(squatted, "third")).toEqual(buried);
    expect(await reef(node)).toEqual(["nemo"]);
    expect(node.errors).toEqual([]);
  });

  test("does not let a node in with the fish of another", async () => {
    const node = await new LoneNode().start();
    const honest = transferOf("nemo");
    await node.receive(honest);
    const copied = { ...honest, source: { node_id: "third", tank_id: "lake" } };
    expect(await node.receive(copied, "third")).toMatchObject({
      body: { decision: "refused", reason: "duplicate_fish" },
    });
    expect(await reef(node)).toEqual(["nemo"]);
  });
});

describe("an abort", () => {
  test("of a transfer that was taken answers that it was", async () => {
    const node = await new LoneNode().start();
    const transfer = transferOf("nemo");
    const taken = await node.receive(transfer);
    expect(await node.abort(abortOf(transfer))).toEqual(taken);
    expect(await reef(node)).toEqual(["nemo"]);
  });

  test("of an unknown transfer refuses every late copy, after a restart too", async () => {
    const node = await new LoneNode().start();
    const transfer = transferOf("nemo");
    const aborted = await node.abort(abortOf(transfer));
    expect(aborted).toMatchObject({ status: 200, body: { decision: "aborted", epoch: 1 } });
    expect(await node.receive(transfer)).toEqual(aborted);
    const restarted = await new LoneNode({ journal: node.journal }).start();
    expect(await restarted.receive(transfer)).toEqual(aborted);
    expect(await restarted.abort(abortOf(transfer))).toEqual(aborted);
    expect(await reef(restarted)).toEqual([]);
    expect(await node.events(transfer.transfer_id)).toEqual(["aborted"]);
  });

  test("that meets the transfer under way agrees with it, whoever is first", async () => {
    for (const order of ["transfer", "abort"]) {
      const node = await new LoneNode().start();
      const transfer = transferOf("nemo");
      const ask = [() => node.receive(transfer), () => node.abort(abortOf(transfer))];
      if (order === "abort") ask.reverse();
      const [one, other] = await Promise.all(ask.map((question) => question()));
      expect(one).toEqual(other);
      const accepted = order === "transfer";
      expect(one?.body).toMatchObject({ decision: accepted ? "accepted" : "aborted" });
      expect(await reef(node)).toEqual(accepted ? ["nemo"] : []);
    }
  });

  test("for a tank that is not here is granted, so that the fish can go home", async () => {
    const node = await new LoneNode().start();
    const lost = transferOf("nemo", { destination: { tank_id: "elsewhere" } });
    const aborted = await node.abort(abortOf(lost));
    expect(aborted.body).toMatchObject({ decision: "aborted", tank_id: "elsewhere", epoch: 0 });
    expect(await node.receive(lost)).toEqual(aborted);
  });

  test("is committed before it is answered, and only for the transfer's own source", async () => {
    const node = await new LoneNode().start();
    const transfer = transferOf("nemo");
    node.journal.fault = "disk full";
    expect((await node.abort(abortOf(transfer))).status).toBe(503);
    node.journal.fault = undefined;
    expect((await node.abort(abortOf(transfer), "third")).status).toBe(403);
    expect((await node.receive(transfer)).body).toMatchObject({ decision: "accepted" });
  });
});

describe("below what its source has settled", () => {
  test("an unknown transfer is stale: neither taken nor aborted, over restarts too", async () => {
    const node = await new LoneNode().start();
    const late = transferOf("nemo", { sequence: 3, lowest_undecided: 1 });
    const known = transferOf("dory", { sequence: 4, lowest_undecided: 1 });
    const later = transferOf("marlin", { sequence: 9, lowest_undecided: 7 });
    const accepted = await node.receive(known);
    await node.receive(later);
    const restarted = await new LoneNode({ journal: node.journal }).start();
    for (const one of [node, restarted]) {
      expect((await one.receive(late)).body).toMatchObject({ decision: "stale" });
      expect((await one.abort(abortOf(late))).body).toMatchObject({ decision: "stale" });
      expect(await one.receive(known)).toEqual(accepted);
    }
    expect(await reef(restarted)).toEqual(["dory", "marlin"]);
    expect(await node.journal.inboxRow("there", late.transfer_id)).toBeUndefined();
  });

  test("a decision may be forgotten: a late copy of it is stale, and doubles nobody", async () => {
    const journal = new MemoryJournal({ transferEventsMax: 10, transfersKeptMax: 2 });
    const node = await new LoneNode({ journal }).start();
    const copies = ["nemo", "dory", "marlin", "gill"].map((entityId, index) =>
      transferOf(entityId, { sequence: index + 1, lowest_undecided: index + 1 }),
    );
    for (const copy of copies) await node.receive(copy);
    const decisions: unknown[] = [];
    for (const copy of copies) decisions.push((await node.receive(copy)).body);
    expect(decisions).toMatchObject(
      ["stale", "stale", "accepted", "accepted"].map((decision) => ({ decision })),
    );
    expect((await reef(node)).length).toBe(copies.length);
  });

  test("nobody can age the transfers of another node or pair of tanks", async () => {
    const node = await new LoneNode().start();
    const source = { node_id: "third", tank_id: "lake" };
    const high = { sequence: 900, lowest_undecided: 900 };
    await node.receive(transferOf("marlin", { source, ...high }), "third");
    await node.receive(transferOf("gill", { destination: { tank_id: "pond" }, ...high }));
    expect((await node.receive(transferOf("nemo"))).body).toMatchObject({ decision: "accepted" });
  });
});
