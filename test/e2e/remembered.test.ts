import { describe, expect } from "bun:test";
import { rmSync } from "node:fs";
import { z } from "zod";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];
const BY_MEMORY = [...OPTIONS, "--discovery", "remembered"];

const localSchema = z.object({
  backends: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })),
});
const foundSchema = z.object({
  servers: z.array(
    z.object({
      is_local: z.boolean(),
      reachable: z.boolean(),
      discovered_by: z.array(z.string()),
    }),
  ),
});

/** What the node says of its memory; undefined where it has none. */
async function memoryOf(node: Node): Promise<string | undefined> {
  const { backends } = await node.get("/api/servers/local", localSchema);
  return backends.find(({ name }) => name === "remembered")?.detail;
}

describe("nodes that have met before", () => {
  labTest("find each other again without any other way", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(2);
    for (const node of nodes) node.start(OPTIONS);
    for (const node of nodes) await node.ready();
    const hub = await lab.agree();
    expect(await memoryOf(hub)).toBeUndefined();
    await until("the hub has dialled the worker", PROMPTLY_MS, async () =>
      (await hub.get("/api/discovery/servers", foundSchema)).servers.every((one) => one.reachable),
    );
    // A clean stop writes down who was met.
    for (const node of nodes) expect(await node.stop()).toBe(0);
    for (const node of nodes) node.start(BY_MEMORY);
    for (const node of nodes) await node.ready();
    await lab.agree();
    for (const node of nodes) {
      await until(
        `node ${node.number} has met the other one again`,
        PROMPTLY_MS,
        async () => (await memoryOf(node)) === "1 node of earlier runs, 1 answered",
      );
      const { servers } = await node.get("/api/discovery/servers", foundSchema);
      const found = servers.filter(({ is_local }) => !is_local).map((one) => one.discovered_by);
      expect([[["remembered"]], [[]]]).toContainEqual(found);
    }
  });

  labTest("leave a stranger alone who has got the address", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(2);
    const [node, other] = nodes;
    if (!node || !other) throw new Error("two machines were asked for");
    for (const one of nodes) one.start(OPTIONS);
    for (const one of nodes) await one.ready();
    await lab.agree();
    for (const one of nodes) expect(await one.stop()).toBe(0);
    // Another key at the same address, as after a new installation.
    rmSync(other.dataDirectory, { recursive: true });
    other.start([...OPTIONS, "--discovery", "none"]);
    await other.ready();
    node.start(BY_MEMORY);
    await node.ready();
    const isHub = (one: Node) => async () => (await one.local()).role === "hub";
    for (const one of nodes) await until(`node ${one.number} leads alone`, PROMPTLY_MS, isHub(one));
    expect(await memoryOf(node)).toBe("1 node of earlier runs, 0 answered");
    expect(await other.servers()).toHaveLength(1);
    // Unlike who may be anybody.
    node.process.signal("SIGTERM");
    await node.process.ended;
    node.start([...OPTIONS, "--static", other.address]);
    await node.ready();
    await lab.agree();
  });
});
