import { describe, expect } from "bun:test";
import { Scratch } from "../../support/scratch.ts";
import { MAIN } from "../../support/tankd.ts";
import { type Heard, type Machines, machineTest } from "./machines.ts";

const hosts = ({ addresses }: Heard) => addresses.map(({ host }) => host);

describe("mDNS on real interfaces", () => {
  machineTest("announces on each interface its own addresses only", async (machines) => {
    machines.addSwitch("left");
    machines.addSwitch("right");
    for (const name of ["a", "b", "c"]) machines.addMachine(name);
    machines.plug("a", "eth0", "left", "10.78.0.1/24");
    machines.plug("a", "docker0", "right", "172.17.0.1/24");
    machines.plug("b", "eth0", "left", "10.78.0.2/24");
    machines.plug("b", "eth1", "right", "10.79.0.2/24", "fd79::2/64");
    machines.plug("c", "eth0", "right", "10.79.0.3/24");
    const [a, b, c] = [machines.start("a"), machines.start("b"), machines.start("c")];
    expect(hosts(await a.hears("b"))).toEqual(["10.78.0.2"]);
    expect(hosts(await c.hears("b")).toSorted()).toEqual(["10.79.0.2", "fd79::2"]);
    expect(await b.hears("a")).toMatchObject({
      cluster: "tankd",
      role: "discovering",
      addresses: [{ host: "10.78.0.1", port: 8000 }],
    });
    await b.hears("c");
    expect(c.heard.filter(({ nodeId }) => nodeId === "a")).toEqual([]);
    await b.says(({ status }) => status === "on eth0 (IPv4, IPv6), eth1 (IPv4, IPv6)");
  });

  machineTest("waits for a network, and outlives one that goes", async (machines) => {
    machines.addSwitch("left");
    machines.addMachine("a");
    machines.addMachine("b");
    machines.plug("a", "eth0", "left", "10.78.0.1/24");
    const [a, b] = [machines.start("a"), machines.start("b")];
    expect(await b.started()).toEqual({ status: "on lo (IPv4)", working: true });
    machines.plug("b", "eth0", "left", "10.78.0.2/24");
    await b.hears("a");
    const found = await a.hears("b", (heard) => hosts(heard).includes("10.78.0.2"));
    expect(found.addresses).toEqual([{ host: "10.78.0.2", port: 8000 }]);
    machines.ip("b", "link", "del", "eth0");
    machines.plug("b", "eth1", "left", "10.78.0.3/24");
    b.heard.length = 0;
    await b.hears("a");
    await a.hears("b", (heard) => hosts(heard).includes("10.78.0.3"));
    expect(await b.stop()).toBe(0);
  });

  machineTest(
    "lets processes of one machine find each other, without any network",
    async (machines) => {
      machines.addMachine("a");
      const [one, two] = [machines.start("a", "one"), machines.start("a", "two", 8001)];
      expect(hosts(await one.hears("two"))).toContain("127.0.0.1");
      expect(hosts(await two.hears("one"))).toContain("127.0.0.1");
    },
  );

  machineTest("tells of a change of role at once", async (machines) => {
    const [a, b] = machines.pair("10.78.0.1/24", "10.78.0.2/24");
    await a.hears("b");
    await b.hears("a");
    b.announce("hub");
    await a.hears("b", ({ role }) => role === "hub");
  });

  machineTest("speaks IPv6 alone, with the zone of the one who hears", async (machines) => {
    const [a, b] = machines.pair();
    const heard = await a.hears("b");
    expect(hosts(heard)).toEqual([expect.stringMatching(/^fe80::[0-9a-f:]+%eth0$/)]);
    expect(heard.source).toBe(hosts(heard)[0]);
    await b.hears("a");
    await b.says(({ status, working }) => working && status === "on eth0 (IPv6)");
  });

  machineTest("finds a card again that was re-created at once", async (machines) => {
    const [a, b] = machines.pair("10.78.0.1/24", "10.78.0.2/24");
    await a.hears("b");
    await b.hears("a");
    machines.ip("b", "link", "del", "eth0");
    machines.plug("b", "eth0", "left", "10.78.0.2/24");
    // What is new can only have come over the new card.
    a.announce("hub");
    await b.hears("a", ({ role }) => role === "hub");
    b.announce("hub");
    await a.hears("b", ({ role }) => role === "hub");
  });

  machineTest("finds those who are there in a flood of made-up services", async (machines) => {
    const [a] = machines.pair("10.78.0.1/24", "10.78.0.2/24");
    machines.addMachine("flood");
    machines.plug("flood", "eth0", "left", "10.78.0.66/24");
    await a.hears("b");
    const script = `${import.meta.dir}/flood.ts`;
    const command = [process.execPath, "run", script, "10.78.0.66"];
    const flood = machines.spawn("flood", command);
    await flood.stdout.getReader().read();
    machines.addMachine("c");
    machines.plug("c", "eth0", "left", "10.78.0.3/24");
    machines.start("c");
    await a.hears("c");
    await a.says(({ status }) => /^on eth0 \(.*\); \d+ packets were too many$/.test(status));
    const made = new Set(a.heard.map(({ nodeId }) => nodeId).filter((id) => id?.startsWith("x")));
    expect(made.size).toBeLessThan(1_000);
    a.heard.length = 0;
    a.refresh();
    await a.hears("b");
  });

  machineTest("a node in such a flood still answers and is still found", async (machines) => {
    const scratch = new Scratch();
    machines.atEnd(() => scratch[Symbol.dispose]());
    machines.addSwitch("left");
    for (const [at, name] of ["node", "flood", "a"].entries()) {
      machines.addMachine(name);
      machines.plug(name, "eth0", "left", `10.78.0.${at + 1}/24`);
    }
    const script = `${import.meta.dir}/flood.ts`;
    const flood = machines.spawn("flood", [process.execPath, "run", script, "10.78.0.2"]);
    await flood.stdout.getReader().read();
    machines.startNode("node", {
      directory: scratch.path("data"),
      environment: { HOME: scratch.directory },
      program: [process.execPath, MAIN],
      options: ["--discovery", "mdns", "--tanks", "0"],
    });
    const a = machines.start("a");
    await a.hears(await nodeIdOf(machines, "http://10.78.0.1:8000/health"));
  });
});

/** Asks from the neighbour until the node is up and says its id. */
async function nodeIdOf(machines: Machines, url: string): Promise<string> {
  const ask = `for (;;) {
    const answer = await fetch("${url}", { signal: AbortSignal.timeout(5_000) })
      .then((response) => response.json()).catch(() => Bun.sleep(100));
    if (answer?.node_id) { console.log(answer.node_id); break; }
  }`;
  const asking = machines.spawn("a", [process.execPath, "-e", ask]);
  return (await new Response(asking.stdout).text()).trim();
}
