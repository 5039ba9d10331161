import { describe, expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";
import type { LabNode } from "../../support/simulated/lab-node.ts";
import { LeaseStore } from "../../support/simulated/lease-store.ts";

const STORM_MS = 120_000;
const EVENT_EVERY_MS = 2_500;
const LOOK_EVERY_MS = 50;

function isWriter({ running }: LabNode): boolean {
  const view = running?.view();
  return view?.role === "hub" && view.lease?.isValid === true;
}

/** Whatever becomes of nodes, store and the network between them, one at most changes the list. */
describe("a storm", () => {
  for (const seed of [601, 602, 603, 604, 605, 606, 607, 608]) {
    test(`makes no two writers, and leaves one: seed ${seed}`, async () => {
      const lab = new Lab(seed);
      const lease = new LeaseStore(lab.world);
      const nodes = ["a", "b", "c", "d"].map((name) => lab.add(name, { lease }));
      const random = lab.world.stream("storm");
      const store = lab.world.host("store");
      if (!store) throw new Error("no store");
      const heals: (() => void)[] = [];
      const events: ((node: LabNode) => void)[] = [
        (node) => (node.isUp ? node.kill() : node.start()),
        (node) => (node.isUp ? undefined : node.start()),
        (node) => heals.push(lab.world.network.partition([node.host], [store])),
        (node) => {
          const others = nodes.filter((other) => other !== node).map(({ host }) => host);
          heals.push(lab.world.network.partition([node.host], others));
        },
        () => {
          for (const heal of heals.splice(0)) heal();
        },
        () => {
          lease.isDown = !lease.isDown;
        },
      ];
      for (const node of nodes) node.start();
      for (let atMs = 0; atMs < STORM_MS; atMs += LOOK_EVERY_MS) {
        if (atMs % EVENT_EVERY_MS === 0) {
          const node = random.pick(nodes);
          const event = random.pick(events);
          event(node);
        }
        await lab.run(LOOK_EVERY_MS);
        expect(nodes.filter(isWriter).length).toBeLessThanOrEqual(1);
      }
      for (const heal of heals) heal();
      lease.isDown = false;
      for (const node of nodes) if (!node.isUp) node.start();
      await lab.until("one hub", 60_000, () => lab.agree(nodes) && nodes.some(isWriter));
      expect(nodes.filter(isWriter)).toEqual([lab.hubOf(nodes)]);
    });
  }
});
