import { describe, expect } from "bun:test";
import { z } from "zod";
import { auditSchema } from "../../src/audit/audit.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { closeConnections, settle } from "./ledger.ts";
import { noticeLoss, startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
const QUIET = ["--profile", "development", "--no-auto-connect"];

const shownSchema = z.object({
  connections: z.array(
    z.object({
      connection_id: z.string(),
      origin: z.string(),
      destinations: z.array(
        z.object({
          node_id: z.string(),
          health: z.string(),
          sent: z.number(),
          delivered: z.number(),
          returned: z.number(),
          last_delivered_at: z.string().nullable(),
        }),
      ),
    }),
  ),
});

/** The destinations of the node's only connection. */
async function destinationsOf(node: Node) {
  const { connections } = await node.cliJson(shownSchema, "connections");
  return connections[0]?.destinations ?? [];
}

async function connect(node: Node, ...words: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await node.cli("connect", ...words, "--probability", "100");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
}

async function expectFine(nodes: readonly Node[]): Promise<void> {
  await closeConnections(nodes);
  await settle(nodes);
  const [first] = nodes;
  const { stdout } = (await first?.cli("audit", "--json")) ?? {};
  expect(auditSchema.parse(JSON.parse(stdout ?? ""))).toMatchObject({ ok: true, complete: true });
}

async function pair(lab: Lab): Promise<readonly [Node, Node]> {
  const [left, right] = await startMachines(lab, 2, QUIET);
  if (!left || !right) throw new Error("two machines");
  await lab.agree();
  return [left, right];
}

describe("a connection", () => {
  labTest("copies fish, and its figures outlive a kill", TIMEOUT_MS, async (lab) => {
    const [left, right] = await pair(lab);
    const [source, destination] = [await left.tankId(), await right.tankId()];
    await connect(left, source, destination, "--copy", "--count", "3");
    await until("nine copies are born", PROMPTLY_MS, async () => {
      const [one] = await destinationsOf(left);
      return (one?.delivered ?? 0) >= 9;
    });
    const [before] = await destinationsOf(left);
    const ledgers = (await Promise.all([left, right].map((node) => node.tanks()))).flat();
    expect(ledgers.map(({ ledger }) => [ledger.exported, ledger.imported])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    await left.crash();
    left.start(QUIET);
    await left.ready();
    const [after] = await destinationsOf(left);
    expect(after?.delivered).toBeGreaterThanOrEqual(before?.delivered ?? Number.NaN);
    expect(after?.last_delivered_at).not.toBeNull();
    await lab.agree();
    await expectFine([left, right]);
  });

  labTest("goes on to the next destination while the first is away", TIMEOUT_MS, async (lab) => {
    const [left, right] = await pair(lab);
    const third = await lab.machine();
    third.start(QUIET);
    await third.ready();
    await lab.agree();
    const tanks = await Promise.all([left, right, third].map((node) => node.tankId()));
    await connect(left, ...tanks);
    await until("fish arrive at the first", PROMPTLY_MS, async () => {
      return ((await destinationsOf(left))[0]?.delivered ?? 0) > 0;
    });
    await right.crash();
    await noticeLoss([left], right);
    await until("fish arrive at the second", PROMPTLY_MS, async () => {
      return ((await destinationsOf(left))[1]?.delivered ?? 0) > 1;
    });
    expect((await destinationsOf(left)).map(({ health }) => health)).toEqual(["unreachable", "ok"]);
    const refused = await left.cli("connect", ...tanks.slice(0, 2));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("cannot be reached: its node is offline");
    expect(refused.stderr).not.toMatch(/\/api\/|http:/);
    right.start(QUIET);
    await right.ready();
    await lab.agree();
    const sent = (await destinationsOf(left))[0]?.delivered ?? 0;
    await until("fish arrive at the first again", PROMPTLY_MS, async () => {
      return ((await destinationsOf(left))[0]?.delivered ?? 0) > sent;
    });
    await expectFine([left, right, third]);
  });

  labTest("of itself joins whom it may, and stays away when cut", TIMEOUT_MS, async (lab) => {
    const [left, right] = await pair(lab);
    const chooser = await lab.machine();
    chooser.start(["--profile", "development", "--auto-connect-to", "tag=lab"]);
    await chooser.ready();
    await lab.agree();
    const list = async () => (await chooser.cliJson(shownSchema, "connections")).connections;
    expect(await list()).toEqual([]);
    expect(await right.stop()).toBe(0);
    right.start([...QUIET, "--tag", "lab"]);
    await right.ready();
    await lab.agree();
    await until("it joins the node with the tag", PROMPTLY_MS, async () => {
      const [one] = await list();
      return one?.origin === "auto" && one.destinations[0]?.node_id === right.nodeId;
    });
    expect((await chooser.cli("disconnect", "--all")).exitCode).toBe(0);
    await expectFine([left, right, chooser]);
    expect(await list()).toEqual([]);
  });
});
