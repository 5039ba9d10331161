/**
 * This build beside the one from before the engine of transfers carried more than fish: fish travel
 * both ways, either is killed, a directory is upgraded, and taken back.
 */
import { describe, expect } from "bun:test";
import { closeConnections, expectWholeLedger, settle } from "../e2e/ledger.ts";
import {
  comeBack,
  connectRing,
  crashAndComeBack,
  fishArrive,
  fishLeave,
} from "../e2e/scenarios.ts";
import { until } from "../support/commands.ts";
import { earlierBuild } from "../support/earlier-build.ts";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";
import { PROMPTLY_MS, TANKD } from "../support/tankd.ts";

const EARLIER = earlierBuild("e0e6890");
/** As it says itself, of a directory that is newer. */
const EARLIER_SCHEMA = "6";
const TIMEOUT_MS = 240_000;
const OPTIONS = ["--no-auto-connect", "--profile", "development"];

/** The first machine runs the first of the programs, and so on; fish travel both ways. */
async function exchanging(lab: Lab, programs: readonly string[]): Promise<readonly Node[]> {
  const nodes = await lab.machines(programs.length);
  for (const [index, node] of nodes.entries()) {
    node.binary = programs[index] ?? TANKD;
    node.start(OPTIONS);
    await node.ready();
  }
  await lab.agree();
  await connectRing(nodes);
  for (const node of nodes) await fishArrive(node);
  return nodes;
}

/** The other program takes over the directory. */
async function replaceProgram(node: Node, program: string): Promise<void> {
  const { nodeId } = node;
  expect(await node.stop()).toBe(0);
  await replaceStopped(node, program);
  expect(node.nodeId).toBe(nodeId);
}

async function replaceStopped(node: Node, program: string): Promise<void> {
  node.binary = program;
  node.start(OPTIONS);
  await node.ready();
}

/** The build before cannot be asked: an audit says so, and finds nothing wrong with the rest. */
async function expectOnlyNewAudited(nodes: readonly Node[]): Promise<void> {
  const asked = nodes.find(({ binary }) => binary === TANKD);
  const old = nodes.find(({ binary }) => binary === EARLIER);
  const { exitCode, stdout } = (await asked?.cli("audit", "--json")) ?? {};
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout ?? "")).toMatchObject({
    complete: false,
    missing: [],
    double: [],
    unreachable: [{ node_id: old?.nodeId, reason: "its version of tankd has no audit" }],
  });
}

/** Every transfer is counted, those from before the upgrade included. */
async function expectAudited(nodes: readonly Node[]): Promise<void> {
  for (const node of nodes) {
    expect(await node.cli("audit")).toMatchObject({ exitCode: 0, stderr: "" });
  }
}

describe.each([
  ["this build is older in the cluster", [TANKD, EARLIER]],
  ["the build before is older in the cluster", [EARLIER, TANKD]],
])("%s", (_, programs) => {
  labTest("fish travel both ways, and neither kill loses one", TIMEOUT_MS, async (lab) => {
    const nodes = await exchanging(lab, programs);
    for (const victim of nodes) {
      await fishLeave(victim, 3);
      await crashAndComeBack(
        victim,
        nodes.filter((node) => node !== victim),
        OPTIONS,
      );
      await lab.agree();
    }
    for (const node of nodes) await fishLeave(node, 6);
    await closeConnections(nodes);
    await expectWholeLedger(nodes);
    await expectOnlyNewAudited(nodes);
  });
});

labTest("a node of before takes no copies, and ignores wishes", TIMEOUT_MS, async (lab) => {
  const [node, old] = await exchanging(lab, [TANKD, EARLIER]);
  if (node === undefined || old === undefined) throw new Error("two machines");
  const [source, tank] = [await node.tankId(), await old.tankId()];
  const delivered = await deliveredBy(node);
  const wish = await node.cli("connect", source, tank, "--replace", "fair", "--probability", "100");
  expect(wish).toMatchObject({ exitCode: 0, stderr: "" });
  await fishLeave(node, delivered + 3);
  const { exitCode } = await node.cli("connect", source, tank, "--copy", "--probability", "100");
  expect(exitCode).toBe(0);
  await until("the copy is given up", PROMPTLY_MS, async () => {
    const { stdout } = await node.cli("connections");
    return stdout.includes("runs an older version, which takes no copies");
  });
  const before = (await node.tanks())[0]?.ledger;
  await closeConnections(lab.nodes);
  await settle(lab.nodes);
  const after = (await node.tanks())[0]?.ledger;
  expect(after?.restored).toBe(before?.restored ?? Number.NaN);
  await expectOnlyNewAudited(lab.nodes);
});

async function deliveredBy(node: Node): Promise<number> {
  return (await node.transfers()).filter(({ state }) => state === "delivered").length;
}

describe("a directory of the build before", () => {
  labTest("goes on under this one, transfers in escrow included", TIMEOUT_MS, async (lab) => {
    const [upgraded, other] = await exchanging(lab, [EARLIER, EARLIER]);
    if (upgraded === undefined || other === undefined) throw new Error("two machines");
    // While the other is away its fish stay in escrow over the upgrade.
    await other.crash();
    await replaceProgram(upgraded, TANKD);
    await comeBack(other, OPTIONS);
    await lab.agree();
    await fishLeave(upgraded, 5);
    await replaceProgram(other, TANKD);
    await lab.agree();
    await fishLeave(other, 5);
    await closeConnections(lab.nodes);
    await expectWholeLedger(lab.nodes);
    await expectAudited(lab.nodes);
  });

  labTest("goes back under load, and forth again, with all its fish", TIMEOUT_MS, async (lab) => {
    const [node, other] = await exchanging(lab, [TANKD, TANKD]);
    if (node === undefined || other === undefined) throw new Error("two machines");
    for (const round of [1, 2]) {
      // Fish of the other one are on their way all along; some are in escrow meanwhile.
      expect(await node.stop()).toBe(0);
      expect(await node.cli("downgrade", "--schema", EARLIER_SCHEMA)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining(`to ${EARLIER_SCHEMA}`),
      });
      await replaceStopped(node, EARLIER);
      await lab.agree();
      await fishLeave(node, 3 * round);
      await replaceProgram(node, TANKD);
      await lab.agree();
      await fishLeave(node, 3 * round + 1);
    }
    await closeConnections(lab.nodes);
    await expectWholeLedger(lab.nodes);
    await expectAudited(lab.nodes);
  });

  labTest(
    "is refused unharmed by the build before, while it is not taken back",
    TIMEOUT_MS,
    async (lab) => {
      const [node, other] = await exchanging(lab, [TANKD, TANKD]);
      if (node === undefined || other === undefined) throw new Error("two machines");
      await closeConnections(lab.nodes);
      await settle(lab.nodes);
      expect(await node.stop()).toBe(0);
      node.binary = EARLIER;
      const { exitCode, stderr } = await node.cli("start", ...OPTIONS);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("newer");
      node.binary = TANKD;
      node.start(OPTIONS);
      await node.ready();
      await lab.agree();
      await expectWholeLedger(lab.nodes);
    },
  );
});
