import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { auditSchema } from "../../src/audit/audit.ts";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signRequest } from "../../src/cluster/identity/signature.ts";
import { abortPath, digestOf, TRANSFER_PATH } from "../../src/migration/transfer/protocol.ts";
import { atOnce } from "../../src/platform/at-once.ts";
import { realClock } from "../../src/platform/real/clock.ts";
import { realRandom } from "../../src/platform/real/random.ts";
import { apply, createTank, fishOf } from "../../src/sim/index.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { closeConnections, settle } from "./ledger.ts";
import { connectRing, fishArrive, fishLeave, startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
const ROWS = 300;
const OPTIONS = [
  "--no-auto-connect",
  "--profile",
  "development",
  // Far more than the default, so that the other bounds have to hold.
  ...["--stranger-transfers", "6000", "--stranger-rows", String(ROWS)],
];
/** Nodes that are made up: of one address the nonces of 256 are remembered. */
const STRANGERS = Array.from({ length: 200 }, () => identityFromSeed(randomBytes(32)));
/** Transfers, each from another tank: more than rows, and than places in a tank. */
const TRANSFERS = 600;
/** Each of them waits between two requests, since an address has no more than 200 a second. */
const PAUSE_MS = 100;
/** Of a tank for a hundred fish. */
const QUARTER = 25;

/** Ids of fish that were sent. */
const sent = new Set<string>();

/** Good fish that never lived in this cluster. */
function* fishOfNowhere(): Generator<{ readonly fishId: string; readonly record: Uint8Array }> {
  for (;;) {
    const tankKey = randomBytes(8).toString("hex");
    const tank = createTank({ seed: 1, fish: 100, tankKey });
    for (const { fish_id: fishId } of fishOf(tank)) {
      const left = apply(tank, { kind: "export", entityId: fishId, side: "left" });
      if (left.kind === "done" && left.record) yield { fishId, record: left.record };
    }
  }
}

/** One of them sends a fish, or buries one. Resolves with the status of the answer. */
async function sendOne(
  node: Node,
  tankId: string,
  { record, question }: { readonly record: Uint8Array; readonly question: "transfer" | "abort" },
): Promise<number> {
  const stranger = STRANGERS[Math.floor(Math.random() * STRANGERS.length)];
  if (!stranger) throw new Error("somebody");
  const transfer_id = randomBytes(16).toString("hex");
  const subject = {
    version: 1,
    transfer_id,
    source: { node_id: stranger.nodeId, tank_id: randomBytes(8).toString("hex") },
    destination: { tank_id: tankId },
    sequence: 1,
    lowest_undecided: 1,
    digest: digestOf(record),
  };
  const fish = { entity_type: "fish", side: "left", record: record.toBase64() };
  const body = JSON.stringify(question === "transfer" ? { ...subject, ...fish } : subject);
  const path = question === "transfer" ? TRANSFER_PATH : abortPath(transfer_id);
  const request = { method: "POST", authority: node.authority, path, body };
  const audience = node.nodeId;
  const headers = signRequest(stranger, request, realClock, realRandom, { audience });
  return (await node.post(path, body, headers)).status;
}

/** How often each status was answered. */
async function flood(node: Node, question: "transfer" | "abort") {
  const tankId = await node.tankId();
  const records = fishOfNowhere();
  const answers: Record<string, number> = {};
  await atOnce(16, Array.from({ length: TRANSFERS }), async () => {
    const fish = records.next().value;
    if (!fish) return;
    sent.add(fish.fishId);
    const status = await sendOne(node, tankId, { record: fish.record, question });
    answers[status] = (answers[status] ?? 0) + 1;
    await Bun.sleep(PAUSE_MS);
  });
  process.stderr.write(`made-up nodes (${question}) were answered ${JSON.stringify(answers)}\n`);
  expect(Object.keys(answers)).toEqual(["200", "429"]);
  return answers;
}

/** Rows of a node's database about nodes other than `member`. */
function foreignRows(node: Node, table: "inbox" | "horizons", member: Node): number {
  const database = new Database(join(node.dataDirectory, "tankd.db"), { readonly: true });
  const count = database.prepare<{ rows: number }, [string, string]>(
    `SELECT COUNT(*) AS rows FROM ${table} WHERE source_node_id NOT IN (?, ?)`,
  );
  return count.get(node.nodeId, member.nodeId)?.rows ?? 0;
}

labTest("fish of thousands of made-up nodes keep to their budget", TIMEOUT_MS, async (lab) => {
  const nodes = await startMachines(lab, 2, OPTIONS);
  const [victim, member] = nodes;
  if (!victim || !member) throw new Error("two machines");
  await lab.agree();
  await connectRing(nodes);
  await Promise.all([fishArrive(victim), fishArrive(member)]);
  const before = (await member.transfers()).length;

  const taken = await flood(victim, "transfer");
  const strange = (await victim.fishIds()).filter((id) => sent.has(id));
  expect(strange.length).toBeLessThanOrEqual(QUARTER);
  await flood(victim, "abort");
  expect(foreignRows(victim, "inbox", member)).toBeLessThanOrEqual(ROWS);
  expect(foreignRows(victim, "horizons", member)).toBeLessThanOrEqual(ROWS);
  expect(taken["200"]).toBeGreaterThanOrEqual(QUARTER);
  // A member's fish came in all the while.
  await fishLeave(member, before + 2);

  await closeConnections(nodes);
  await settle(nodes);
  const { stdout } = await victim.cli("audit", "--json");
  expect(auditSchema.parse(JSON.parse(stdout))).toMatchObject({ missing: [], double: [] });
});
