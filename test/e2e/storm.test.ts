/**
 * Migration at its most: a hundred connections of each node at 100 %. The tanks keep their pace,
 * nobody is taken for lost, and no fish is.
 */
import { expect } from "bun:test";
import { auditSchema } from "../../src/audit/audit.ts";
import type { Server } from "../support/api.ts";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { closeConnections, settle } from "./ledger.ts";
import { startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 240_000;
const TANKS = 10;
const OPTIONS = [
  ...["--tanks", `${TANKS}`, "--fish", "50", "--no-auto-connect"],
  // Heartbeats every 2 s: a server is degraded after 4 s without one.
  ...["--profile", "development"],
];
/** Ten draws of a hundred connections. */
const DELIVERIES = 1_000;
const STORM_MS = 120_000;
/** Of the ticks of a hundred. */
const SKIPPED_SHARE = 0.01;
/** Lines that tell of a hub that changed or was missed, or of a heartbeat that was. */
const MISSED = /"msg":"(?:role changed|a ping failed|yields to another hub|failed to send heart)/;

/** Each tank of one with every tank of the other. */
async function connectAll(from: Node, to: Node): Promise<void> {
  for (const source of await from.tanks()) {
    for (const destination of await to.tanks()) {
      await from.change("POST", "/api/connections", {
        source_tank_id: source.tank.tank_id,
        destination_tank_id: destination.tank.tank_id,
        probability: 100,
      });
    }
  }
}

/** The sum of a metric over its labels, or over those with `label`. */
async function counted(node: Node, metric: string, label = ""): Promise<number> {
  const lines = (await node.api.text("/metrics")).split("\n");
  return lines
    .filter((line) => line.startsWith(metric) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

interface Pace {
  readonly scheduled: number;
  readonly skipped: number;
}

async function paceOf(node: Node): Promise<Pace> {
  return {
    scheduled: await counted(node, "tankd_scheduled_ticks_total"),
    skipped: await counted(node, "tankd_skipped_ticks_total"),
  };
}

/** Until the node has delivered so many fish. Resolves with those it saw degraded or offline. */
async function deliver(node: Node): Promise<readonly Server[]> {
  const missed: Server[] = [];
  await until(`node ${node.number} has delivered ${DELIVERIES} fish`, STORM_MS, async () => {
    missed.push(...(await node.servers()).filter(({ status }) => status !== "online"));
    const out = 'direction="out",state="delivered"';
    return (await counted(node, "tankd_transfers_total", out)) >= DELIVERIES;
  });
  return missed;
}

labTest("a hundred connections at 100 % disturb nobody", TIMEOUT_MS, async (lab) => {
  const [one, other] = await startMachines(lab, 2, OPTIONS);
  if (!one || !other) throw new Error("two machines");
  const hub = await lab.agree();
  const { counter: term } = (await hub.local()).term;
  await connectAll(one, other);
  await connectAll(other, one);
  const before = await Promise.all(lab.nodes.map(paceOf));
  const logged = lab.nodes.map((node) => node.logTail(1_000_000).length);

  expect((await Promise.all(lab.nodes.map(deliver))).flat()).toEqual([]);

  for (const [index, node] of lab.nodes.entries()) {
    const { scheduled, skipped } = await paceOf(node);
    const ran = scheduled - (before[index]?.scheduled ?? 0);
    expect(skipped - (before[index]?.skipped ?? 0)).toBeLessThanOrEqual(ran * SKIPPED_SHARE);
    const since = node.logTail(1_000_000).slice(logged[index]);
    expect(since.split("\n").filter((line) => MISSED.test(line))).toEqual([]);
  }
  expect(await lab.agree()).toBe(hub);
  expect((await hub.local()).term.counter).toBe(term);
  await closeConnections(lab.nodes);
  await settle(lab.nodes);
  const { exitCode, stdout } = await hub.cli("audit", "--json");
  const audit = auditSchema.parse(JSON.parse(stdout));
  expect(audit).toMatchObject({ complete: true, ok: true, missing: [], double: [], in_escrow: 0 });
  expect(exitCode).toBe(0);
});
