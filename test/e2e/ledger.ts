import { expect } from "bun:test";
import { aliveBy } from "../../src/audit/ledger.ts";
import { seenTwice } from "../../src/audit/places.ts";
import { connectionsSchema } from "../support/api.ts";
import { until } from "../support/commands.ts";
import type { Node } from "../support/node.ts";

/** Bound on failure for transfers to settle: retries back off to some seconds. */
export const SETTLE_MS = 60_000;

export const OPEN_STATES: ReadonlySet<string> = new Set(["pending", "in_doubt"]);

/** No new fish leave: every connection is removed. Those on their way go on. */
export async function closeConnections(nodes: readonly Node[]): Promise<void> {
  for (const node of nodes) {
    const { connections } = await node.get("/api/connections", connectionsSchema);
    for (const { connection_id } of connections) {
      await node.change("DELETE", `/api/connections/${connection_id}`);
    }
  }
}

/** Until no fish is in escrow anywhere. */
export async function settle(nodes: readonly Node[]): Promise<void> {
  await until("every transfer is settled", SETTLE_MS, async () => {
    for (const node of nodes) {
      const open = (await node.transfers()).filter(({ state }) => OPEN_STATES.has(state));
      if (open.length > 0) throw new Error(`node ${node.number} has ${open.length} in escrow`);
    }
    return true;
  });
}

/**
 * Proves that no fish was lost or doubled between these nodes, once every transfer is settled:
 * each tank's ledger is whole, what left somewhere arrived somewhere, every decision is known to
 * both ends alike, and no fish id is alive twice.
 */
export async function expectWholeLedger(nodes: readonly Node[]): Promise<void> {
  await settle(nodes);
  let left = 0;
  for (const node of nodes) {
    for (const tank of await node.tanks()) {
      expect(tank.fish_count).toBe(aliveBy(tank.ledger));
      left += tank.ledger.exported - tank.ledger.imported - tank.ledger.restored;
    }
  }
  expect(left).toBe(0);
  await expectSameDecisions(nodes);
  await expectEachFishOnce(nodes);
}

async function expectSameDecisions(nodes: readonly Node[]): Promise<void> {
  const delivered: string[] = [];
  const accepted: string[] = [];
  for (const node of nodes) {
    for (const { transfer_id, state } of await node.transfers()) {
      if (state === "delivered") delivered.push(transfer_id ?? "");
      if (state === "accepted") accepted.push(transfer_id ?? "");
    }
  }
  expect(delivered.sort()).toEqual(accepted.sort());
}

async function expectEachFishOnce(nodes: readonly Node[]): Promise<void> {
  const ids = (await Promise.all(nodes.map((node) => node.fishIds()))).flat();
  const fish = ids.map((entity_id) => ({ entity_id }));
  expect([...seenTwice(fish).keys()]).toEqual([]);
}
