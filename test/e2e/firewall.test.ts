import { expect } from "bun:test";
import { must, until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { watched } from "./scenarios.ts";

const TIMEOUT_MS = 90_000;
/** The first one waits for a connection, then shakes hands through the hub. */
const FIRST_MS = 8_000;
/** Nobody waits for a connection any more. */
const NEXT_MS = 1_500;
/** A node closes its idle connections by then. */
const CONNECTION_KEPT_MS = 8_000;

/** `from` sends nothing to `to` any more that opens a connection there, and hears nothing of it. */
async function dropDials(lab: Lab, from: Node, to: Node): Promise<void> {
  const nft = (rule: string) =>
    must("ip", "netns", "exec", lab.network.nameOf(from.number), "nft", rule);
  await nft("add table inet wall");
  await nft("add chain inet wall out { type filter hook output priority 0 ; }");
  await nft(`add rule inet wall out ip daddr ${to.address} tcp dport ${to.port} drop`);
}

/** Milliseconds until the gateway of `through` has shown the tank, at the first attempt. */
async function shown(through: Node, tank: string): Promise<number> {
  const startMs = performance.now();
  const path = `http://127.0.0.1:${through.port}/gateway/api/tanks/${tank}`;
  const code = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", path];
  expect(await through.exec(code, "/")).toMatchObject({ stdout: "200" });
  return performance.now() - startMs;
}

/** A hub, and two workers that know only it by themselves. */
async function started(lab: Lab, wall?: (from: Node, to: Node) => Promise<void>) {
  const [hub, host, asker] = await lab.machines(3);
  if (!hub || !host || !asker) throw new Error("three were asked for");
  const options = ["--no-auto-connect", "--fish", "40"];
  hub.start([...options, "--discovery", "none", "--role", "hub"]);
  await hub.ready();
  await wall?.(asker, host);
  for (const node of [host, asker]) {
    node.start([...options, "--discovery", "hub", "--hub", hub.url]);
  }
  for (const node of [host, asker]) await node.ready();
  await lab.agree();
  return { host, asker, tank: await host.tankId() };
}

labTest(
  "tanks behind a firewall that drops are shown and visited through the hub",
  TIMEOUT_MS,
  async (lab) => {
    const { host, asker, tank } = await started(lab, (from, to) => dropDials(lab, from, to));
    await watched(asker, asker, tank);
    expect(await shown(asker, tank)).toBeLessThan(FIRST_MS);
    await asker.change("POST", "/api/connections", {
      source_tank_id: await asker.tankId(),
      destination_tank_id: tank,
      probability: 100,
    });
    await until("fish have come", PROMPTLY_MS, async () => {
      const out = (await asker.transfers()).filter(({ direction }) => direction === "out");
      return out.filter(({ state }) => state === "delivered").length >= 2;
    });
    const seen = (await asker.servers()).find(({ node_id }) => node_id === host.nodeId);
    expect(seen).toMatchObject({ status: "online", reachable: false });
  },
);

labTest("a firewall that drops from now on costs one request a moment", TIMEOUT_MS, async (lab) => {
  const { host, asker, tank } = await started(lab);
  await shown(asker, tank);
  await Bun.sleep(CONNECTION_KEPT_MS);
  await dropDials(lab, asker, host);
  expect(await shown(asker, tank)).toBeLessThan(FIRST_MS);
  expect(await shown(asker, tank)).toBeLessThan(NEXT_MS);
});
