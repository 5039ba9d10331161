import { describe, expect } from "bun:test";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];

function startAt(node: Node, hub: string): void {
  node.start([...OPTIONS, "--discovery", "hub", "--hub", `http://${hub}:8000`]);
}

describe("a hub that is given by name", () => {
  labTest(
    "of a pool: three that were all given the name of all three are one cluster",
    TIMEOUT_MS,
    async (lab) => {
      const nodes = await lab.machines(3);
      const numbers = nodes.map(({ number }) => number);
      for (const node of nodes) {
        // Resolvers rotate: each has another one first.
        const first = numbers.indexOf(node.number);
        const rotated = [...numbers.slice(first), ...numbers.slice(0, first)];
        lab.network.setHosts(node.number, { pool: rotated });
        startAt(node, "pool");
      }
      for (const node of nodes) await node.ready();
      await lab.agree();
    },
  );

  labTest("with dots in it is joined without a further setting", TIMEOUT_MS, async (lab) => {
    const [hub, ...workers] = await lab.machines(3);
    if (hub === undefined) throw new Error("three machines were asked for");
    hub.start([...OPTIONS, "--discovery", "none"]);
    await hub.ready();
    for (const [index, name] of ["hub.corp.example", "tankd-1.tankd"].entries()) {
      const worker = workers[index];
      if (worker === undefined) continue;
      lab.network.setHosts(worker.number, { [name]: [hub.number] });
      startAt(worker, name);
      await worker.ready();
    }
    expect(await lab.agree()).toBe(hub);
  });
});
