import { describe, expect } from "bun:test";
import { until } from "../../support/commands.ts";
import { SERF, WAIT_MS } from "./agents.ts";
import {
  agentsOn,
  isEmpty,
  OWN,
  start,
  statusesOn,
  ownAgentTest as test,
  twoMachines,
} from "./own-agents.ts";

describe("an agent of the node's own", () => {
  test("is started, joined, told to others, and ended", async (machines) => {
    twoMachines(machines);
    const a = start(machines, "a", "left");
    expect((await a.started()).status).toBe(
      "0 other nodes by an agent of its own, which others join at 10.78.0.1:7946",
    );
    const b = start(machines, "b", "right", "10.78.0.1");
    expect(await b.hears("left")).toMatchObject({
      addresses: [{ host: "10.78.0.1", port: 8000 }],
      role: "discovering",
      source: "10.78.0.1",
    });
    await a.hears("right");
    b.announce("hub");
    await a.hears("right", ({ role }) => role === "hub");
    expect(await a.stop()).toBe(0);
    await isEmpty(machines, "a");
    // It has left, and is not taken for one that failed.
    await b.says(({ status }) => /^0 other nodes/.test(status));
  });

  test("ends at once where nobody is to be told", async (machines) => {
    twoMachines(machines);
    const a = start(machines, "a", "left");
    await a.started();
    const sinceMs = performance.now();
    expect(await a.stop()).toBe(0);
    await isEmpty(machines, "a");
    expect(performance.now() - sinceMs).toBeLessThan(900);
  });

  test("has left for all others when it ends", async (machines) => {
    twoMachines(machines);
    machines.addMachine("c");
    machines.plug("c", "eth0", "left", "10.78.0.3/24");
    const a = start(machines, "a", "left");
    await a.started();
    const others = [start(machines, "b", "b", "10.78.0.1"), start(machines, "c", "c", "10.78.0.1")];
    for (const other of others) await other.hears("left");
    expect(await a.stop()).toBe(0);
    for (const machine of ["b", "c"]) {
      expect(await statusesOn(machines, machine, "tankd-left-")).toEqual(["left"]);
    }
  });

  test("does not outlive a node that is killed", async (machines) => {
    twoMachines(machines);
    const a = start(machines, "a", "left");
    await a.started();
    expect(agentsOn(machines, "a")).toHaveLength(1);
    await a.kill();
    await isEmpty(machines, "a");
  });

  test("is started anew when it is killed", async (machines) => {
    twoMachines(machines);
    const a = start(machines, "a", "left", "10.78.0.2");
    const b = start(machines, "b", "right");
    await b.hears("left");
    await a.hears("right");
    const [pid = 0] = agentsOn(machines, "a");
    b.heard.length = 0;
    a.heard.length = 0;
    process.kill(pid, "SIGKILL");
    await a.hears("right");
    await b.hears("left");
    await a.says(({ status, working }) => working && OWN.test(status));
    expect(agentsOn(machines, "a")).not.toContain(pid);
  });

  test("has ports of its own beside that of another node", async (machines) => {
    twoMachines(machines);
    const one = start(machines, "a", "one");
    await one.started();
    const two = start(machines, "a", "two");
    const { status } = await two.started();
    expect(status).toMatch(OWN);
    expect(status).not.toContain(":7946");
    await two.hears("one");
    await one.hears("two");
    const b = start(machines, "b", "b", "10.78.0.1");
    await b.hears("one");
    await b.hears("two");
    // The other is none of its business.
    expect(await one.stop()).toBe(0);
    await two.says(({ status, working }) => working && /^1 other node/.test(status));
  });

  test("is started anew where the machine has another address", async (machines) => {
    twoMachines(machines);
    const a = start(machines, "a", "left", "10.78.0.2");
    const b = start(machines, "b", "right");
    await b.hears("left");
    machines.ip("a", "addr", "add", "10.78.0.3/24", "dev", "eth0");
    machines.ip("a", "addr", "del", "10.78.0.1/24", "dev", "eth0");
    machines.ip("a", "addr", "add", "10.78.0.3/24", "dev", "eth0");
    const found = await b.hears("left", ({ source }) => source === "10.78.0.3");
    expect(found.addresses).toEqual([{ host: "10.78.0.3", port: 8000 }]);
    await a.says(({ status }) => status.includes("join at 10.78.0.3:7946"));
  });

  test("speaks IPv6 where there is nothing else", async (machines) => {
    machines.addSwitch("left");
    for (const [at, name] of ["a", "b"].entries()) {
      machines.addMachine(name);
      machines.plug(name, "eth0", "left", `fd78::${at + 1}/64`);
    }
    const a = start(machines, "a", "left");
    expect((await a.started()).status).toEndWith("join at [fd78::1]:7946");
    const b = start(machines, "b", "right", "fd78::1");
    expect((await b.hears("left")).addresses).toEqual([{ host: "fd78::1", port: 8000 }]);
    expect((await a.hears("right")).source).toBe("fd78::2");
  });

  test("has another port where something else answers at the usual one", async (machines) => {
    machines.addMachine("a");
    const script = "Bun.serve({ port: 7373, fetch: () => new Response() }); console.log(1)";
    const web = machines.spawn("a", [process.execPath, "-e", script]);
    await web.stdout.getReader().read();
    const a = start(machines, "a", "left");
    expect((await a.started()).status).toMatch(OWN);
    expect(agentsOn(machines, "a")).toHaveLength(1);
  });

  test("waits for the one of its last run to leave", async (machines) => {
    twoMachines(machines);
    const b = start(machines, "b", "right");
    await b.started();
    // What a node leaves behind whose agent had no time to go.
    machines.spawn("a", [
      SERF ?? "serf",
      "agent",
      "-node=tankd-left-00c0ffee",
      "-bind=0.0.0.0:7946",
    ]);
    await until("it runs", WAIT_MS, async () => agentsOn(machines, "a").length === 1);
    let said = "";
    await until("the node has its own", WAIT_MS, async () => {
      const a = start(machines, "a", "left", "10.78.0.2");
      said = `${said}\n${(await a.started()).status}`;
      if (OWN.test(said)) return true;
      await a.stop();
      return false;
    });
    expect(said).toContain("the Serf agent of this node's last run is still leaving");
    expect(said).toEndWith("join at 10.78.0.1:7946");
    await b.hears("left");
  });
});
