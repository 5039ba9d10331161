import { describe, expect, test } from "bun:test";
import { digestOf, type TransferRequest } from "../../../src/migration/transfer/protocol.ts";
import { STRANGER_BUDGET } from "../../../src/migration/transfer/strangers.ts";
import { NO_POSITIONS } from "../../support/simulated/no-positions.ts";
import { abortOf, LoneNode, type LoneNodeOptions, transferOf } from "../lone-node.ts";

const BUSY = { status: 429, body: { type: "urn:tankd:problem:too_many" } };
const ACCEPTED = { status: 200, body: { decision: "accepted" } };
const STALE = { status: 200, body: { decision: "stale" } };
/** Without the limit of time. */
const RAPID = { ...STRANGER_BUDGET, perMinute: 1_000_000 };

/** The n-th transfer of a node that somebody has made up. */
function madeUp(n: number, change: Partial<TransferRequest> = {}): TransferRequest {
  const source = { node_id: `made-up-${n}`, tank_id: `tank-${n}` };
  return transferOf(`fish-${n}`, { source, ...change });
}

function start(options: LoneNodeOptions = {}): Promise<LoneNode> {
  return new LoneNode({ capacity: () => 100, ...options }).start();
}

function offer(node: LoneNode, transfer: TransferRequest) {
  return node.receive(transfer, transfer.source.node_id);
}

/** Offers so many; how many were decided. */
async function flood(node: LoneNode, count: number, from = 0): Promise<number> {
  let decided = 0;
  for (let n = from; n < from + count; n++) {
    if ((await offer(node, madeUp(n))).status === 200) decided++;
  }
  return decided;
}

describe("nodes that are not of the cluster", () => {
  test("share a number of transfers a minute; members have their own", async () => {
    const node = await start();
    expect(await flood(node, 1000)).toBeLessThanOrEqual(STRANGER_BUDGET.perMinute);
    expect(await offer(node, madeUp(1000))).toMatchObject({
      ...BUSY,
      headers: { "retry-after": "1" },
    });
    expect(await node.abort(abortOf(madeUp(1001)), "made-up-1001")).toMatchObject(BUSY);
    expect(await node.receive(transferOf("nemo"))).toMatchObject(ACCEPTED);
    await node.run(60_000);
    expect(await node.journal.inboxRow("made-up-1000", madeUp(1000).transfer_id)).toBeUndefined();
    expect(await node.abort(abortOf(madeUp(1001)), "made-up-1001")).toMatchObject({ status: 200 });
  });

  test("fill a quarter of a tank and no more, whatever was decided before a restart", async () => {
    const node = await start({ strangerBudget: RAPID });
    expect(await flood(node, 5000)).toBe(25);
    expect(await node.journal.horizons()).toHaveLength(25);
    expect(await node.abort(abortOf(madeUp(5001)), "made-up-5001")).toMatchObject({ status: 200 });
    const again = await start({ journal: node.journal, strangerBudget: RAPID });
    expect(await offer(again, madeUp(5000))).toMatchObject(BUSY);
    // What is decided keeps its answer, and a member's fish comes in.
    expect(await offer(again, madeUp(3))).toMatchObject(ACCEPTED);
    expect(await again.receive(transferOf("nemo"))).toMatchObject(ACCEPTED);
    // As soon as some have gone, others may come.
    await again.tanks.submit("reef", { kind: "export", entityId: "fish-3", side: "left" });
    await again.run(10_000);
    expect(await offer(again, madeUp(501))).toMatchObject(ACCEPTED);
    expect(await offer(again, madeUp(502))).toMatchObject(BUSY);
  });

  test("keep so many rows, the oldest go, and a late copy of one is stale", async () => {
    const strangerBudget = { ...RAPID, rowsMax: 200 };
    const node = await start({ strangerBudget });
    await node.receive(transferOf("nemo"));
    const transfers = Array.from({ length: 500 }, (_, index) =>
      madeUp(7, {
        transfer_id: index.toString(16).padStart(32, "0"),
        sequence: index + 1,
        ...bad(`no fish ${index}`),
      }),
    );
    for (const one of transfers) {
      await node.run(10);
      expect(await offer(node, one)).toMatchObject({ status: 200, body: { decision: "refused" } });
    }
    const kept = await node.journal.inbox({ limit: 1000 });
    expect(kept.length).toBeLessThanOrEqual(201);
    expect(kept.length).toBeGreaterThan(190);
    const [first, last] = [transfers[0], transfers.at(-1)];
    if (!first || !last) throw new Error("none");
    expect(await offer(node, first)).toMatchObject(STALE);
    expect(await node.abort(abortOf(first), "made-up-7")).toMatchObject(STALE);
    expect(await offer(node, last)).toMatchObject({ body: { decision: "refused" } });
    const again = await start({ journal: node.journal, strangerBudget });
    expect(await offer(again, first)).toMatchObject(STALE);
    expect(await again.receive(transferOf("nemo"))).toMatchObject(ACCEPTED);
  });

  test("of too many pairs of tanks no new one is dealt with; the others go on", async () => {
    const strangerBudget = { ...RAPID, rowsMax: 100 };
    const node = await start({ strangerBudget });
    for (let n = 0; n < 300; n++) await node.abort(abortOf(madeUp(n)), `made-up-${n}`);
    expect(await node.journal.horizons()).toHaveLength(100);
    const counts = await node.journal.transferCounts();
    expect(counts.length).toBe(100);
    const again = await start({ journal: node.journal, strangerBudget });
    expect(await offer(again, madeUp(300))).toMatchObject(BUSY);
    expect(await offer(again, madeUp(99))).toMatchObject({ body: { decision: "aborted" } });
    const next = madeUp(99, { transfer_id: "f".repeat(32), sequence: 2 });
    expect(await offer(again, next)).toMatchObject(ACCEPTED);
    // Whoever becomes a member leaves its place to others.
    again.directory.push({ nodeId: "made-up-5", tanks: ["tank-5"] });
    expect(await offer(again, madeUp(301))).toMatchObject(ACCEPTED);
  });

  test("take nobody's place, and are remembered as those that were only met", async () => {
    const node = await start({ replacement: "fair" });
    const commands: unknown[] = [];
    const submit = node.tanks.submit.bind(node.tanks);
    node.tanks.submit = (tankId, command, alongside) => {
      commands.push("replaces" in command && command.replaces);
      return submit(tankId, command, alongside);
    };
    const remembered: unknown[] = [];
    node.cluster.positions = {
      ...NO_POSITIONS,
      remember: (nodeId, _statement, isStranger) => {
        remembered.push([nodeId, isStranger]);
        return [];
      },
    };
    await offer(node, madeUp(1));
    await node.receive(transferOf("nemo"));
    expect(commands).toEqual([false, true]);
    expect(remembered).toEqual([
      ["made-up-1", true],
      ["there", false],
    ]);
  });
});

/** A record that is none. */
function bad(text: string) {
  const record = new TextEncoder().encode(text);
  return { record: record.toBase64(), digest: digestOf(record) };
}
