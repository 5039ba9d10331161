import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { join } from "node:path";
import { auditSchema } from "../../src/audit/audit.ts";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { closeConnections, settle } from "./ledger.ts";
import { connectRing, fishArrive, startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
const QUIET = ["--no-auto-connect", "--profile", "development"];

async function auditBy(node: Node) {
  const { exitCode, stdout, stderr } = await node.cli("audit", "--json");
  return { exitCode, stderr, ...auditSchema.parse(JSON.parse(stdout)) };
}

/** Changes the database of a node between two of its runs. Returns the fish that it is about. */
async function doctor(node: Node, statement: string): Promise<string> {
  expect(await node.stop()).toBe(0);
  const database = new Database(join(node.dataDirectory, "tankd.db"));
  const row = database.prepare<{ entity_id: string }, []>(statement).get();
  database.close();
  node.start(QUIET);
  await node.ready();
  return row?.entity_id ?? "";
}

labTest("an audit is fine, and finds what somebody did to a database", TIMEOUT_MS, async (lab) => {
  const nodes = await startMachines(lab, 2, QUIET);
  const [left, right] = nodes;
  if (!left || !right) throw new Error("two machines");
  await lab.agree();
  await connectRing(nodes);
  for (const node of nodes) await fishArrive(node);
  // While fish swim.
  for (const node of nodes) {
    expect(await auditBy(node)).toMatchObject({ missing: [], double: [], unreachable: [] });
  }
  await closeConnections(nodes);
  await settle(nodes);
  for (const node of nodes) {
    expect(await auditBy(node)).toMatchObject({ exitCode: 0, ok: true, nodes: 2, in_escrow: 0 });
    const { exitCode, stdout } = await node.cli("audit");
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("fine ")]);
  }

  const forgotten = await doctor(
    right,
    "DELETE FROM inbox WHERE place = (SELECT MAX(place) FROM inbox WHERE decision = 'accepted') " +
      "RETURNING entity_id",
  );
  await lab.agree();
  const lost = await auditBy(left);
  expect(lost).toMatchObject({ exitCode: 1, ok: false, complete: true, nodes: 2 });
  expect(lost.missing).toEqual([
    { fish_id: forgotten, count: 1, what: expect.stringContaining("delivered") },
  ]);
  expect(lost.double.map(({ fish_id }) => fish_id)).toEqual([forgotten]);
  const told = await left.cli("audit");
  expect(told.exitCode).toBe(1);
  expect(told.stdout).toContain(`missing     fish ${forgotten}`);
  expect(told.stdout).not.toContain("fine ");
  expect(told.stderr).toContain("the audit is not fine: 1 missing, 1 double");

  const unbooked = await doctor(
    left,
    "INSERT INTO inbox SELECT NULL, '0badc0de' || substr(transfer_id, 9), source_tank_id, " +
      "source_node_id, destination_tank_id, entity_type, entity_id, record_digest, " +
      "1000 + sequence, decision, reason, epoch, decided_at FROM inbox " +
      "WHERE decision = 'accepted' ORDER BY place DESC LIMIT 1 RETURNING entity_id",
  );
  await lab.agree();
  const wrong = (await auditBy(right)).missing.map(({ what }) => what);
  expect(wrong.some((what) => what.includes(unbooked) && what.includes("never imported"))).toBe(
    true,
  );

  await right.crash();
  const silent = await auditBy(left);
  expect(silent).toMatchObject({ exitCode: 1, ok: false, complete: false });
  expect(silent.unreachable.map(({ node_id }) => node_id)).toEqual([right.nodeId]);
  await until("the node is known as offline", PROMPTLY_MS, async () => {
    const { stdout } = await left.cli("audit");
    return /incomplete +\S+ was not asked: it is offline/.test(stdout);
  });
});
