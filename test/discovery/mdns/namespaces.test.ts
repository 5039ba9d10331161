import { describe, expect, test } from "bun:test";
import { Machines } from "./machines.ts";

const TIMEOUT_MS = 30_000;
const unavailable = Machines.whyNot();
if (unavailable !== undefined)
  process.stderr.write(`skipped: mDNS on real interfaces, because ${unavailable}\n`);
const mustRun = process.env["CI"] === "true";

/** A test in namespaces of its own. In CI it must run. */
function machineTest(name: string, run: (machines: Machines) => Promise<void>): void {
  const body = async () => {
    if (unavailable !== undefined) throw new Error(`CI must run this test, but ${unavailable}`);
    const machines = new Machines();
    try {
      await run(machines);
    } finally {
      await machines.close();
    }
  };
  test.skipIf(unavailable !== undefined && !mustRun)(name, body, TIMEOUT_MS);
}

describe("mDNS on real interfaces", () => {
  machineTest("reaches every network of a machine, the shared address first", async (machines) => {
    machines.addSwitch("left");
    machines.addSwitch("right");
    for (const name of ["a", "b", "c"]) machines.addMachine(name);
    machines.plug("a", "eth0", "left", "10.78.0.1");
    machines.plug("a", "docker0", "right", "172.17.0.1");
    machines.plug("b", "eth0", "left", "10.78.0.2");
    machines.plug("b", "eth1", "right", "10.79.0.2");
    machines.plug("c", "eth0", "right", "10.79.0.3");
    const [a, b, c] = [machines.start("a"), machines.start("b"), machines.start("c")];
    const hosts = (heard: { addresses: readonly { host: string }[] }) =>
      heard.addresses.map(({ host }) => host);
    expect(hosts(await a.hears("b"))).toEqual(["10.78.0.2", "10.79.0.2"]);
    expect(hosts(await c.hears("b"))).toEqual(["10.79.0.2", "10.78.0.2"]);
    const heard = await b.hears("a");
    expect(heard).toMatchObject({
      cluster: "tankd",
      addresses: [{ host: "10.78.0.1", port: 8000 }],
    });
    await b.hears("c");
  });

  machineTest("waits for a network, and outlives one that goes", async (machines) => {
    machines.addSwitch("left");
    machines.addMachine("a");
    machines.addMachine("b");
    machines.plug("a", "eth0", "left", "10.78.0.1");
    const [a, b] = [machines.start("a"), machines.start("b")];
    await b.hears("b");
    machines.plug("b", "eth0", "left", "10.78.0.2");
    await b.hears("a");
    b.announce("worker");
    const found = await a.hears("b", ({ addresses }) =>
      addresses.some(({ host }) => host === "10.78.0.2"),
    );
    expect(found.addresses).toEqual([{ host: "10.78.0.2", port: 8000 }]);
    machines.ip("b", "link", "del", "eth0");
    machines.plug("b", "eth1", "left", "10.78.0.3");
    b.heard.length = 0;
    await b.hears("a");
    expect(await b.stop()).toBe(0);
  });

  machineTest("tells of a change of role at once", async (machines) => {
    machines.addSwitch("left");
    for (const [name, address] of [
      ["a", "10.78.0.1"],
      ["b", "10.78.0.2"],
    ] as const) {
      machines.addMachine(name);
      machines.plug(name, "eth0", "left", address);
    }
    const [a, b] = [machines.start("a"), machines.start("b")];
    await a.hears("b");
    await b.hears("a");
    a.heard.length = 0;
    b.announce("hub");
    await a.hears("b");
  });
});
