import { describe, expect } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../support/commands.ts";
import type { Machines, Station } from "../mdns/machines.ts";
import { SERF, WAIT_MS } from "./agents.ts";
import {
  agentsOn,
  isEmpty,
  OWN,
  STATION,
  start,
  statusesOn,
  ownAgentTest as test,
  twoMachines,
} from "./own-agents.ts";

/** A program of this text, in the place of serf. */
function programOf(machines: Machines, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "tankd-serf-"));
  machines.atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, "serf");
  writeFileSync(program, text);
  chmodSync(program, 0o755);
  return program;
}

/** Runs something else at the port of gossip. */
async function takePort(machines: Machines, machine: string, script: string): Promise<void> {
  const other = machines.spawn(machine, [process.execPath, "-e", `${script}; console.log(1)`]);
  await other.stdout.getReader().read();
}

describe("where another program has the port of gossip", () => {
  const others = [
    ["UDP", 'await Bun.udpSocket({ hostname: "0.0.0.0", port: 7946 })'],
    ["TCP", "Bun.serve({ port: 7946, fetch: () => new Response() })"],
  ] as const;
  for (const [transport, script] of others) {
    test(`by ${transport}, the agent has another, and what to do is said`, async (machines) => {
      twoMachines(machines);
      await takePort(machines, "a", script);
      const a = start(machines, "a", "left");
      const { status } = await a.started();
      expect(status).toMatch(OWN);
      const [, place = ""] = /join at 10\.78\.0\.1:(\d+)/.exec(status) ?? [];
      expect(place).not.toBe("7946");
      await a.says((said) =>
        said.status.includes(
          "; another program has port 7946: end it, or name this place to the others; cannot join",
        ),
      );
      machines.spawn("b", [SERF ?? "serf", "agent", "-node=b", `-join=10.78.0.1:${place}`]);
      await until("they know each other", WAIT_MS, async () => {
        return (await statusesOn(machines, "b", "tankd-left-")).includes("alive");
      });
      // Somebody is there, and the word stays.
      await a.says((said) => said.working && said.status.includes("another program has port"));
    });
  }
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
    const says = "#!/bin/sh\necho '==> Failed to start the Serf agent: no luck'; exit 1\n";
    const a = machines.start("a", "left", 8000, [STATION, programOf(machines, says)]);
    expect((await a.started()).status).toBe(
      "Error: serf agent does not start: Failed to start the Serf agent: no luck; " +
        'run "serf agent" to see why, or start one for this node to use',
    );
    await isEmpty(machines, "a");
  });

  test("for good that hangs; that is said, and it is ended", async (machines) => {
    machines.addMachine("a");
    const listens = `#!${process.execPath}
      const at = process.argv.find((word) => word.startsWith("-rpc-addr="))?.split(":").at(-1);
      Bun.listen({ hostname: "127.0.0.1", port: Number(at), socket: { data() {} } });
    `;
    const sinceMs = performance.now();
    const a = machines.start("a", "left", 8000, [STATION, programOf(machines, listens)]);
    expect((await a.started()).status).toBe(
      "Error: serf agent does not start: it hangs; " +
        'run "serf agent" to see why, or start one for this node to use',
    );
    // Ten seconds, the last try, and the end of a program that does not leave.
    expect(performance.now() - sinceMs).toBeLessThan(22_000);
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
