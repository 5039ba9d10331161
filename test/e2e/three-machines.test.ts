import { describe, expect } from "bun:test";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { closeConnections, expectWholeLedger } from "./ledger.ts";
import { comeBack, connectRing, crashAndComeBack, fishArrive, startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 180_000;
/** The shortest intervals: a dead worker is offline after 6 s. */
const OPTIONS = ["--profile", "development", "--no-auto-connect"];

describe("three machines on one network", () => {
  labTest(
    "have another hub when theirs dies, which comes back as worker",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await startMachines(lab, 3, OPTIONS);
      const first = await lab.agree();
      await connectRing(nodes);
      for (const node of nodes) await fishArrive(node);

      const survivors = nodes.filter((node) => node !== first);
      const [before] = await first.tanks();
      await first.crash();
      const second = await lab.agree(survivors);
      expect(second).not.toBe(first);

      await comeBack(first, OPTIONS);
      expect(await lab.agree()).toBe(second);
      const [after] = await first.tanks();
      expect(after?.tank.tank_id).toBe(before?.tank.tank_id ?? "no tank before");
      expect(after?.fish_count).toBeGreaterThan(0);
      await closeConnections(nodes);
      await expectWholeLedger(nodes);
    },
  );

  labTest("list a dead worker as offline until it is back", TIMEOUT_MS, async (lab) => {
    const nodes = await startMachines(lab, 3, OPTIONS);
    const hub = await lab.agree();
    const worker = nodes.find((node) => node !== hub);
    if (worker === undefined) throw new Error("all three are hub");
    const others = nodes.filter((node) => node !== worker);
    await worker.crash();
    for (const node of others) {
      await until(`node ${node.number} lists it as offline`, PROMPTLY_MS, async () => {
        const record = (await node.servers()).find(({ node_id }) => node_id === worker.nodeId);
        return record?.status === "offline";
      });
    }
    expect(await lab.agree(others)).toBe(hub);
    await comeBack(worker, OPTIONS);
    expect(await lab.agree()).toBe(hub);
    await connectRing(nodes);
    for (const node of nodes) await fishArrive(node);
    await crashAndComeBack(worker, others, OPTIONS);
    expect(await lab.agree()).toBe(hub);
    await closeConnections(nodes);
    await expectWholeLedger(nodes);
  });
});
