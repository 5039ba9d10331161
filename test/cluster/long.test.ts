import { describe, expect } from "bun:test";
import { labTest } from "./harness.ts";
import { closeConnections, expectWholeLedger } from "./ledger.ts";
import {
  connectRing,
  crashAndComeBack,
  fishLeave,
  noticeLoss,
  startMachines,
} from "./scenarios.ts";

/** The long forms: run by `make test-long` only. */
const TIMEOUT_MS = 900_000;
const MERGE_MS = 120_000;
const OPTIONS = ["--profile", "development", "--no-auto-connect"];
const KILLS = 12;

describe("many machines, many faults", () => {
  labTest(
    "six switched on at once agree on one hub, again after each hub dies",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await startMachines(lab, 6, OPTIONS);
      await lab.agree(nodes, MERGE_MS);
      let alive = nodes;
      while (alive.length > 1) {
        const hub = await lab.agree(alive, MERGE_MS);
        await hub.crash();
        alive = alive.filter((node) => node !== hub);
      }
      for (const node of nodes.filter((node) => !alive.includes(node))) node.start(OPTIONS);
      for (const node of nodes) await node.ready();
      expect(await lab.agree(nodes, MERGE_MS)).toBe(alive[0] as (typeof nodes)[number]);
    },
  );

  labTest("no fish is lost or doubled by many kills", TIMEOUT_MS, async (lab) => {
    const nodes = await startMachines(lab, 3, OPTIONS);
    await lab.agree();
    await connectRing(nodes);
    for (let kill = 0; kill < KILLS; kill++) {
      const victim = nodes[kill % nodes.length];
      if (victim === undefined) continue;
      await fishLeave(victim, kill + 1);
      await crashAndComeBack(
        victim,
        nodes.filter((node) => node !== victim),
        OPTIONS,
      );
      await lab.agree(nodes, MERGE_MS);
    }
    await closeConnections(nodes);
    await expectWholeLedger(nodes);
  });

  labTest(
    "all killed at once come back as one cluster with all their fish",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await startMachines(lab, 3, OPTIONS);
      await lab.agree();
      await connectRing(nodes);
      for (const node of nodes) await fishLeave(node, 3);
      await Promise.all(nodes.map((node) => node.crash()));
      for (const node of nodes) node.start(OPTIONS);
      for (const node of nodes) await node.ready();
      await lab.agree(nodes, MERGE_MS);
      await closeConnections(nodes);
      await expectWholeLedger(nodes);
    },
  );

  labTest(
    "a network that falls apart has a hub in each part and one when it is whole",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await startMachines(lab, 4, OPTIONS);
      await lab.agree();
      await connectRing(nodes);
      for (const node of nodes) await fishLeave(node, 1);
      const apart = nodes.slice(3);
      const together = nodes.slice(0, 3);
      for (const node of apart) await lab.setCable(node, "down");
      for (const node of apart) await noticeLoss(together, node);
      await lab.agree(together, MERGE_MS);
      for (const node of apart) await lab.setCable(node, "up");
      await lab.agree(nodes, MERGE_MS);
      await closeConnections(nodes);
      await expectWholeLedger(nodes);
    },
  );
});
