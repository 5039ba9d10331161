import { describe, expect } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { serversSchema, startedSchema, statusSchema } from "../support/api.ts";
import { until } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS, TANKD } from "../support/tankd.ts";
import { closeConnections, settle } from "./ledger.ts";
import { connectRing, fishLeave, startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
const OPTIONS = ["--no-auto-connect", "--profile", "development"];

function copyDirectory(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

function untilFenced(node: Node): Promise<string> {
  return until(`node ${node.number} is fenced`, PROMPTLY_MS, () => node.fencedBecause());
}

/**
 * What a copy is told: that the original runs elsewhere, or that it has gone on since. Both are
 * true, and which one is noticed first is a race.
 */
const COPIED = /another node with this one's key|an older state or a copy/;

/** What a directory that was set back is told: who has seen more of it than there is. */
function seenBy({ nodeId }: Node): RegExp {
  return new RegExp(
    `an older state or a copy .*\\(node ${nodeId} shows that it has seen \\d+ commits`,
  );
}

/** Its tanks are frozen, and every view tells the reason. */
async function expectFenced(node: Node, why: RegExp): Promise<void> {
  const reason = await untilFenced(node);
  expect(reason).toMatch(why);
  expect(reason).toContain("--fork");
  const status = await node.cliJson(statusSchema, "status");
  expect(status).toMatchObject({ status: "degraded", status_reason: reason });
  expect((await node.cli("status")).stdout).toContain(reason);
  const listed = await node.cli("tank", "ls");
  expect(listed.stdout).toContain("stopped");
  expect(listed.stdout).toContain(`Stopped: ${reason}`);
  const tank = await node.tankId();
  const refused = await node.cli("tank", "feed", tank);
  expect(refused.exitCode).toBe(1);
  const [before] = await node.tanks();
  await Bun.sleep(300);
  expect((await node.tanks())[0]?.tank.tick).toBe(before?.tank.tick ?? Number.NaN);
}

/** Two machines between which fish travel, and the directory of the first as it is after a stop. */
async function twoMachines(lab: Lab): Promise<readonly [Node, Node]> {
  const [first, second] = await startMachines(lab, 2, OPTIONS);
  if (!first || !second) throw new Error("two machines were asked for");
  await lab.agree();
  await connectRing([first, second]);
  await fishLeave(first, 3);
  return [first, second];
}

async function expectEverybodyDistinct(nodes: readonly Node[]): Promise<void> {
  expect(new Set(nodes.map(({ nodeId }) => nodeId)).size).toBe(nodes.length);
  const ids = (await Promise.all(nodes.map((node) => node.fishIds()))).flat();
  expect(ids.length).toBeGreaterThan(0);
  expect(new Set(ids).size).toBe(ids.length);
}

/** Forks a fenced node, and expects it to work beside the others. */
async function forkAndJoin(lab: Lab, node: Node): Promise<void> {
  const { nodeId } = node;
  expect(await node.stop()).toBe(0);
  node.start([...OPTIONS, "--fork"]);
  await node.ready();
  expect(node.nodeId).not.toBe(nodeId);
  expect(node.logTail(200)).toContain(`Forked: this directory was node ${nodeId}`);
  expect(await node.fencedBecause()).toBeUndefined();
  await lab.agree();
  await closeConnections(lab.nodes);
  await settle(lab.nodes);
  await expectEverybodyDistinct(lab.nodes);
  // It is one node from then on: a further start changes nothing.
  const forked = node.nodeId;
  expect(await node.stop()).toBe(0);
  node.start(OPTIONS);
  await node.ready();
  expect(node.nodeId).toBe(forked);
  await lab.agree();
}

describe("a data directory that was copied", () => {
  labTest(
    "to another machine: the later one is fenced, and --fork makes it a node",
    TIMEOUT_MS,
    async (lab) => {
      const [original, neighbour] = await twoMachines(lab);
      const { nodeId } = original;
      expect(await original.stop()).toBe(0);
      const copy = await lab.machine();
      copyDirectory(original.dataDirectory, copy.dataDirectory);
      original.start(OPTIONS);
      await original.ready();
      await lab.agree([original, neighbour]);
      copy.start(OPTIONS);
      await copy.alive();
      expect(copy.nodeId).toBe(nodeId);
      await expectFenced(copy, COPIED);
      await fishLeave(original, 5);
      expect(await original.fencedBecause()).toBeUndefined();
      for (const node of [original, neighbour]) {
        const { servers } = await node.get("/api/discovery/servers", serversSchema);
        const entries = servers.filter(({ node_id }) => node_id === nodeId);
        expect(entries).toMatchObject([{ host: "10.77.0.1", status: "online" }]);
      }
      await lab.agree([original, neighbour]);
      await forkAndJoin(lab, copy);
    },
  );

  labTest("on one machine: the later one is fenced", TIMEOUT_MS, async (lab) => {
    const [original] = await startMachines(lab, 1, OPTIONS);
    if (!original) throw new Error("a machine was asked for");
    expect(await original.stop()).toBe(0);
    const copy = `${original.dataDirectory}-copy`;
    copyDirectory(original.dataDirectory, copy);
    original.start(OPTIONS);
    await original.ready();
    const at = ["--data-dir", copy];
    const run = (...words: string[]) => original.exec([TANKD, ...words, ...at, "--json"], "/");
    const started = await run("start", "-d", ...OPTIONS);
    expect(started.stderr).toBe("");
    const { node_id } = startedSchema.parse(JSON.parse(started.stdout));
    try {
      expect(node_id).toBe(original.nodeId);
      await until("the copy is fenced", PROMPTLY_MS, async () => {
        const { status, status_reason } = statusSchema.parse(
          JSON.parse((await run("status")).stdout),
        );
        return status === "degraded" && COPIED.test(status_reason ?? "");
      });
      expect(await original.fencedBecause()).toBeUndefined();
      expect((await run("stop")).exitCode).toBe(0);
      const forked = await run("start", "-d", ...OPTIONS, "--fork");
      expect(startedSchema.parse(JSON.parse(forked.stdout)).node_id).not.toBe(original.nodeId);
      await until("both are online", PROMPTLY_MS, async () => {
        const online = (await original.servers()).filter(({ status }) => status === "online");
        return online.length === 2;
      });
    } finally {
      await run("stop");
    }
  });

  labTest("where only a hub that both were given sees the two", TIMEOUT_MS, async (lab) => {
    const hub = await lab.machine();
    const original = await lab.machine();
    const copy = await lab.machine();
    const follow = [...OPTIONS, "--discovery", "hub", "--hub", hub.url];
    hub.start([...OPTIONS, "--discovery", "none"]);
    await hub.ready();
    original.start(follow);
    await original.ready();
    expect(await original.stop()).toBe(0);
    copyDirectory(original.dataDirectory, copy.dataDirectory);
    await lab.part(original, copy);
    original.start(follow);
    await original.ready();
    await lab.agree([hub, original]);
    copy.start(follow);
    await copy.alive();
    await expectFenced(copy, COPIED);
    expect(await original.fencedBecause()).toBeUndefined();
    await lab.agree([hub, original]);
  });
});

describe("a data directory that was set back", () => {
  labTest(
    "to before some transfers is fenced by its neighbour's memory, and --fork repairs it",
    TIMEOUT_MS,
    async (lab) => {
      const [victim, neighbour] = await twoMachines(lab);
      const backup = `${victim.dataDirectory}-backup`;
      expect(await victim.stop()).toBe(0);
      copyDirectory(victim.dataDirectory, backup);
      victim.start(OPTIONS);
      await victim.ready();
      await lab.agree();
      expect(await victim.fencedBecause()).toBeUndefined();
      await fishLeave(victim, 6);
      await victim.crash();
      copyDirectory(backup, victim.dataDirectory);
      victim.start(OPTIONS);
      await victim.alive();
      await expectFenced(victim, seenBy(neighbour));
      expect(await neighbour.fencedBecause()).toBeUndefined();
      await until("the neighbour shows it as degraded, and why", PROMPTLY_MS, async () => {
        const record = (await neighbour.servers()).find(({ node_id }) => node_id === victim.nodeId);
        return record?.status === "degraded" && record.status_reason?.includes("older state");
      });
      await closeConnections([neighbour]);
      await forkAndJoinAlone(lab, victim, neighbour);
    },
  );
});

/**
 * The neighbour may keep fish in escrow for the node that is no more: they wait for its original.
 */
async function forkAndJoinAlone(lab: Lab, node: Node, neighbour: Node): Promise<void> {
  const { nodeId } = node;
  expect(await node.stop()).toBe(0);
  node.start([...OPTIONS, "--fork"]);
  await node.ready();
  expect(node.nodeId).not.toBe(nodeId);
  await until("both see each other", PROMPTLY_MS, async () => {
    const online = (await neighbour.servers()).filter(({ status }) => status === "online");
    return online.length === 2;
  });
  expect(await node.fencedBecause()).toBeUndefined();
  await expectEverybodyDistinct(lab.nodes);
}
