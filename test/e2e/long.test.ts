import { describe, expect } from "bun:test";
import { statusSchema } from "../support/api.ts";
import { labTest } from "../support/lab-test.ts";
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
      const first = await lab.agree();
      await connectRing(nodes);
      for (const node of nodes) await fishLeave(node, 1);
      const others = nodes.filter((node) => node !== first);
      await lab.setCable(first, "down");
      await noticeLoss(others, first);
      expect(await lab.agree(others, MERGE_MS)).not.toBe(first);
      // Nobody can look at the lonely one from outside; on its own machine it answers.
      expect((await first.cliJson(statusSchema, "status")).role).toBe("hub");
      await lab.setCable(first, "up");
      await lab.agree(nodes, MERGE_MS);
      await closeConnections(nodes);
      await expectWholeLedger(nodes);
    },
  );
});
