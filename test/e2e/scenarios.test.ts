import { describe, expect } from "bun:test";
import { until } from "../support/commands.ts";
import { labTest } from "../support/lab-test.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";
import { timeToFirstFish } from "./first-fish.ts";
import { closeConnections, expectWholeLedger } from "./ledger.ts";

const TIMEOUT_MS = 180_000;

describe("from a start to the first fish", () => {
  labTest("two laptops on one Wi-Fi", TIMEOUT_MS, async (lab) => {
    const [first, second] = await lab.machines(2);
    if (!first || !second) throw new Error("two machines were asked for");
    first.start();
    await first.ready();
    await lab.agree([first]);
    await timeToFirstFish("two laptops", second, []);
    await lab.agree();
  });

  labTest("a hub and workers by its URL", TIMEOUT_MS, async (lab) => {
    const [hub, worker] = await lab.machines(2);
    if (!hub || !worker) throw new Error("two machines were asked for");
    hub.start(["--discovery", "none"], { TANK_SERVER_ID: "hub-server" });
    await hub.ready();
    await lab.agree([hub]);
    await timeToFirstFish("hub by URL", worker, ["--discovery", "hub", "--hub", hub.url]);
    expect(await lab.agree()).toBe(hub);
  });

  labTest("services that know each other by name, as in Compose", TIMEOUT_MS, async (lab) => {
    const nodes = await lab.machines(3);
    const [hub, ...workers] = nodes;
    if (!hub) throw new Error("three machines were asked for");
    const names = Object.fromEntries([
      ["hub", [hub.number]],
      ...workers.map(({ number }, index) => [`worker-${index + 1}`, [number]]),
    ]);
    for (const { number } of nodes) lab.network.setHosts(number, names);
    // All of them at once, as `docker compose up` does: the hub may be the last to listen.
    for (const [index, worker] of workers.entries()) {
      worker.start(["--discovery", "http://hub:8000"], { TANK_SERVER_ID: `worker-${index + 1}` });
    }
    await timeToFirstFish("names", hub, ["--discovery", "none"]);
    expect(await lab.agree()).toBe(hub);
  });

  labTest("several sites that join one of them by Serf", TIMEOUT_MS, async (lab) => {
    const [primary, ...sites] = await lab.machines(3);
    if (!primary) throw new Error("three machines were asked for");
    const bySerf = ["--discovery", "serf"];
    primary.start(bySerf);
    await primary.ready();
    await lab.agree([primary]);
    const [remote, last] = sites;
    if (!remote || !last) throw new Error("three machines were asked for");
    // Each is told of one address alone, and the last one of a site that has joined itself.
    remote.start(bySerf, { SERF_JOIN: `${primary.address}:7946` });
    await remote.ready();
    await lab.agree([primary, remote]);
    const environment = { SERF_JOIN: `${remote.address}:7946` };
    await timeToFirstFish("several sites by Serf", last, bySerf, environment);
    await lab.agree();
  });

  labTest(
    "a laptop that goes to another network while its fish are away",
    TIMEOUT_MS,
    async (lab) => {
      const [office, laptop] = await lab.machines(2);
      if (!office || !laptop) throw new Error("two machines were asked for");
      office.start();
      await office.ready();
      await lab.agree([office]);
      await timeToFirstFish("a laptop", laptop, []);
      await lab.setCable(laptop, "down");
      await lab.changeAddress(laptop, 199);
      await lab.setCable(laptop, "up");
      await lab.agree();
      const delivered = async () =>
        (await laptop.transfers()).filter(({ state }) => state === "delivered").length;
      const before = await delivered();
      await until("fish travel from the new address", PROMPTLY_MS, async () => {
        return (await delivered()) > before;
      });
      await closeConnections([office, laptop]);
      await expectWholeLedger([office, laptop]);
    },
  );
});
