import { expect } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Server, transfersSchema } from "../support/api.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";

/** Draws are every 2 s at 25 %: that no fish arrives within a minute happens once in 5,000 runs. */
const ARRIVAL_MS = 60_000;

/** `count` further machines, switched on at the same time, until each of them answers. */
export async function startMachines(
  lab: Lab,
  count: number,
  options: readonly string[] = [],
): Promise<readonly Node[]> {
  const nodes: Node[] = [];
  for (let index = 0; index < count; index++) nodes.push(await lab.machine());
  for (const node of nodes) node.start(options);
  for (const node of nodes) await node.ready();
  return nodes;
}

const WATCHER = join(import.meta.dir, "../support/watcher.ts");
const FRAMES = 5;

/** Somebody on `place`'s machine watches the tank through `through`, on this machine or another. */
export async function watched(place: Node, through: Node, tankId: string): Promise<void> {
  // A browser's WebSocket takes no address with a zone.
  const authority = place === through ? `127.0.0.1:${through.port}` : through.authority;
  const { exitCode, stdout, stderr } = await place.exec(
    [process.execPath, WATCHER, `ws://${authority}/ws/${tankId}`, String(FRAMES)],
    "/",
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ tank: tankId });
}

/** Until a fish of another node has been accepted here, as `tankd transfers --json` tells. */
export function fishArrive(node: Node): Promise<unknown> {
  return until(`fish arrive at node ${node.number}`, ARRIVAL_MS, async () => {
    const { transfers } = await node.cliJson(transfersSchema, "transfers");
    return transfers.some(({ direction, state }) => direction === "in" && state === "accepted");
  });
}

/** Until `count` fish in all have left this node and arrived. */
export function fishLeave(node: Node, count: number): Promise<unknown> {
  return until(`${count} fish of node ${node.number} have been delivered`, ARRIVAL_MS, async () => {
    const delivered = (await node.transfers()).filter(({ state }) => state === "delivered");
    return delivered.length >= count;
  });
}

/** A fish at every draw from each node's tank to the next one's, round the ring. */
export async function connectRing(nodes: readonly Node[]): Promise<void> {
  for (const [index, source] of nodes.entries()) {
    const destination = nodes[(index + 1) % nodes.length];
    if (destination === undefined) continue;
    await source.change("POST", "/api/connections", {
      source_tank_id: await source.tankId(),
      destination_tank_id: await destination.tankId(),
      probability: 100,
      direction: "both",
    });
  }
}

/** Until nobody among `nodes` takes `lost` for online any more. */
export async function noticeLoss(nodes: readonly Node[], lost: Node): Promise<void> {
  const lostId = lost.nodeId;
  for (const node of nodes) {
    await until(`node ${node.number} notices the loss of ${lost.number}`, PROMPTLY_MS, async () => {
      const record = (await node.servers()).find(({ node_id }) => node_id === lostId);
      return record?.status !== "online";
    });
  }
}

/** Starts a crashed node again and expects the tank that it had. */
export async function comeBack(node: Node, options: readonly string[] = []): Promise<void> {
  const { nodeId } = node;
  node.start(options);
  await node.ready();
  expect(node.nodeId).toBe(nodeId);
}

/** Crashes a node, and starts it again once the others have noticed; its tank must be the same. */
export async function crashAndComeBack(
  node: Node,
  others: readonly Node[],
  options: readonly string[] = [],
): Promise<void> {
  const [before] = await node.tanks();
  await node.crash();
  await noticeLoss(others, node);
  await comeBack(node, options);
  const [after] = await node.tanks();
  expect(after?.tank.tank_id).toBe(before?.tank.tank_id ?? "no tank before");
  expect(after?.ledger.founded).toBe(before?.ledger.founded ?? Number.NaN);
  expect(after?.fish_count).toBeGreaterThan(0);
}

/** Between two samples of what everybody says. */
const SAMPLE_MS = 100;

/**
 * Looks at `nodes` all along until `work` is done: at no moment do two of them call themselves hub,
 * and no list has two hubs online. Who does not answer is not looked at.
 */
export async function neverTwoHubs<T>(nodes: readonly Node[], work: Promise<T>): Promise<T> {
  let done = false;
  const watch = async (): Promise<void> => {
    while (!done) {
      // The answers of one look are not of one instant: two hubs are two where both say so twice.
      const first = await whoLead(nodes);
      const self =
        first.length > 1 ? (await whoLead(nodes)).filter((one) => first.includes(one)) : [];
      if (self.length > 1) throw new Error(`at one moment these call themselves hub: ${self}`);
      await Bun.sleep(SAMPLE_MS);
    }
  };
  const watched = watch();
  watched.catch(() => {});
  try {
    return await Promise.race([work, watched.then(() => work)]);
  } finally {
    done = true;
    await watched;
  }
}

/** Ids of those that call themselves hub. */
async function whoLead(nodes: readonly Node[]): Promise<readonly (string | null)[]> {
  const hubs = (await Promise.all(nodes.map(hubsAt))).flat();
  return hubs.filter(({ is_local }) => is_local).map(({ node_id }) => node_id);
}

/** The hubs that are online in a node's answer. */
async function hubsAt(node: Node): Promise<readonly Server[]> {
  let servers: readonly Server[];
  try {
    servers = await node.servers();
  } catch {
    return [];
  }
  const hubs = servers.filter(({ role, status }) => role === "hub" && status === "online");
  if (hubs.length > 1) throw new Error(`node ${node.number} lists ${hubs.length} hubs`);
  return hubs;
}

/** Nothing but time can show that something does not happen. */
export const WATCH_MS = 8_000;

/** Starts a node on fresh directories until its id is above the other's: it outranks it. */
export async function startAbove(
  node: Node,
  other: Node,
  options: readonly string[] = [],
): Promise<void> {
  for (;;) {
    node.start(["--discovery", "none", "--tanks", "0"]);
    await node.ready();
    const outranks = node.nodeId > other.nodeId;
    await node.crash();
    if (outranks) break;
    rmSync(node.dataDirectory, { recursive: true });
  }
  node.start(options);
  await node.ready();
}
