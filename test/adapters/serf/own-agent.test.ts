import { describe, expect } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { until } from "../../support/commands.ts";
import { type Machines, machineTest, type Station } from "../mdns/machines.ts";
import { SERF, WAIT_MS, whyNoSerf } from "./agents.ts";

const STATION = new URL("./station.ts", import.meta.url).pathname;
const OWN = /by an agent of its own, which others join at /;

/** A node on a machine that has serf, and no agent. */
function start(machines: Machines, machine: string, nodeId: string, ...hosts: string[]): Station {
  return machines.start(machine, nodeId, 8000, [STATION, SERF ?? "", ...hosts]);
}

/** Machines `a` and `b` on one link, which are 10.78.0.1 and 10.78.0.2. */
function twoMachines(machines: Machines): void {
  machines.addSwitch("left");
  for (const [at, name] of ["a", "b"].entries()) {
    machines.addMachine(name);
    machines.plug(name, "eth0", "left", `10.78.0.${at + 1}/24`);
  }
}

const membersSchema = z.object({
  members: z.array(z.object({ name: z.string(), status: z.string() })),
});

function agentsOn(machines: Machines, machine: string): readonly number[] {
  return machines.pids(machine).filter((pid) => nameOf(pid) === "serf");
}

/** What the agent of a machine says of members of this name. */
async function statusesOn(
  machines: Machines,
  machine: string,
  name: string,
): Promise<readonly string[]> {
  const { stdout } = machines.spawn(machine, [SERF ?? "serf", "members", "-format=json"]);
  const { members } = membersSchema.parse(await new Response(stdout).json());
  return members.filter((one) => one.name.startsWith(name)).map(({ status }) => status);
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    // It has ended in the meantime.
    return "";
  }
}

function isEmpty(machines: Machines, machine: string): Promise<true> {
  return until(
    `nothing runs on ${machine}`,
    WAIT_MS,
    async () => machines.pids(machine).length === 0,
  );
}

function test(name: string, body: (machines: Machines) => Promise<void>): void {
  machineTest(name, body, whyNoSerf());
}

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

describe("no agent is started", () => {
  test("where there is no program; that is said", async (machines) => {
    machines.addMachine("a");
    const a = machines.start("a", "left", 8000, [STATION, "no-such-program"]);
    expect((await a.started()).status).toBe(
      "Error: no Serf agent answers at 127.0.0.1:7373 (connection refused): " +
        "install serf, or start an agent",
    );
  });

  test("by a program that fails; why is said", async (machines) => {
    machines.addMachine("a");
    const directory = mkdtempSync(join(tmpdir(), "tankd-serf-"));
    machines.atEnd(() => rmSync(directory, { recursive: true, force: true }));
    const program = join(directory, "serf");
    writeFileSync(
      program,
      "#!/bin/sh\necho '==> Failed to start the Serf agent: no luck'; exit 1\n",
    );
    chmodSync(program, 0o755);
    const a = machines.start("a", "left", 8000, [STATION, program]);
    expect((await a.started()).status).toBe(
      "Error: serf agent does not start: Failed to start the Serf agent: no luck",
    );
    await isEmpty(machines, "a");
  });

  test("in the place of one that somebody else has started", async (machines) => {
    twoMachines(machines);
    const theirs = machines.spawn("a", [SERF ?? "serf", "agent", "-node=a"]);
    await until("it runs", WAIT_MS, async () => agentsOn(machines, "a").length === 1);
    let a: Station | undefined;
    await until("the node uses it", WAIT_MS, async () => {
      await a?.stop();
      a = start(machines, "a", "left");
      return (await a.started()).status.includes("by the agent at 127.0.0.1:7373");
    });
    theirs.kill("SIGKILL");
    await theirs.exited;
    await a?.says(({ status }) =>
      /^no Serf agent answers at 127\.0\.0\.1:7373 \(connection refused\): start it again$/.test(
        status,
      ),
    );
    expect(agentsOn(machines, "a")).toEqual([]);
    machines.spawn("a", [SERF ?? "serf", "agent", "-node=a"]);
    await a?.says(({ status }) => status.includes("by the agent at 127.0.0.1:7373"));
  });
});
