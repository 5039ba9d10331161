import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Boots } from "../../../src/cluster/clones/boots.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { PORT, recordOf } from "../../support/simulated/lab-node.ts";
import { commit, hubAndWorker } from "./support.ts";

/** Simulated minutes take seconds, on a busy machine many. */
setDefaultTimeout(60_000);

describe("a data directory that was set back", () => {
  test("is noticed by what its hub remembers, also when it has done more since", async () => {
    for (const more of [0, 200]) {
      const { lab, hub, original } = await hubAndWorker(31);
      const image = original.store.copy();
      await commit(original, 50);
      await lab.run(70_000);
      original.kill();
      original.store = image;
      // Alone, before it comes back to those who remember.
      if (more > 0) await new Boots(image.journal, "alone").begin();
      await commit(original, more);
      original.start();
      await lab.until("fenced", 5_000, () => original.fenced !== undefined);
      await lab.run(3_000);
      const record = recordOf(hub, original);
      expect(record?.status).toBe("degraded");
      expect(record?.status_reason).toContain("an older state or a copy");
    }
  });

  test("is noticed in a machine that is set back while it runs", async () => {
    const { lab, original } = await hubAndWorker(32);
    const position = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(original.store.journal),
      "position",
    );
    await commit(original, 50);
    await lab.run(70_000);
    expect(original.fenced).toBeUndefined();
    const there = position?.get?.call(original.store.journal) as number;
    Object.defineProperty(original.store.journal, "position", { get: () => there - 20 });
    await lab.until("fenced", 3_000, () => original.fenced !== undefined);
  });
});

describe("a data directory that was set back, among workers that no longer meet", () => {
  /**
   * Two workers of one hub, of which the first has given the second a fish since its image was
   * made.
   */
  async function giverAndTaker(seed: number) {
    const lab = new Lab(seed);
    lab.multicast = false;
    const [hub, next] = [lab.add("hub"), lab.add("next hub")];
    const hubs = [hub, next].map(({ host }) => ({ host: host.address, port: PORT }));
    const giver = lab.add("giver", { role: "worker", hubs });
    const taker = lab.add("taker", { role: "worker", hubs });
    for (const node of [hub, giver, taker]) node.start();
    await lab.until("one hub", 5_000, () => lab.agree([hub, giver, taker]));
    const image = giver.store.copy();
    await commit(giver, 50);
    const said = giver.cluster.positions.statement();
    await taker.store.journal.commit(taker.cluster.positions.remember(giver.identity.nodeId, said));
    lab.world.network.partition([giver.host], [taker.host]);
    return { lab, hub, next, giver, taker, image };
  }

  test("is told by a hub that knows of it only what others remember", async () => {
    for (const more of [0, 200]) {
      const { lab, hub, next, giver, taker, image } = await giverAndTaker(51);
      for (const node of [hub, giver, taker]) node.kill();
      next.start();
      taker.start();
      await lab.until("one hub", 20_000, () => lab.agree([next, taker]));
      await lab.run(3_000);
      giver.store = image;
      // Alone, before it comes back: then it is not behind by numbers.
      if (more > 0) await new Boots(image.journal, "alone").begin();
      await commit(giver, more);
      giver.start();
      let cleared = false;
      await lab.until("fenced", 10_000, () => {
        cleared ||= giver.cluster.positions.clearedForExport(giver.nowMs);
        return giver.fenced !== undefined;
      });
      expect(cleared).toBe(false);
      expect(giver.fenced?.message).toContain("an older state or a copy");
      expect(taker.fenced).toBeUndefined();
      expect(next.fenced).toBeUndefined();
    }
  });
});
