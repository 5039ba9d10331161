import { readFileSync } from "node:fs";
import { z } from "zod";
import { until } from "../../support/commands.ts";
import { type Machines, machineTest, type Station } from "../mdns/machines.ts";
import { SERF, WAIT_MS, whyNoSerf } from "./agents.ts";

export const STATION = new URL("./station.ts", import.meta.url).pathname;
export const OWN = /by an agent of its own, which others join at /;

/** A node on a machine that has serf, and no agent. */
export function start(
  machines: Machines,
  machine: string,
  nodeId: string,
  ...hosts: string[]
): Station {
  return machines.start(machine, nodeId, 8000, [STATION, SERF ?? "", ...hosts]);
}

/** Machines `a` and `b` on one link, which are 10.78.0.1 and 10.78.0.2. */
export function twoMachines(machines: Machines): void {
  machines.addSwitch("left");
  for (const [at, name] of ["a", "b"].entries()) {
    machines.addMachine(name);
    machines.plug(name, "eth0", "left", `10.78.0.${at + 1}/24`);
  }
}

const membersSchema = z.object({
  members: z.array(z.object({ name: z.string(), status: z.string() })),
});

/** What the agent of a machine says of members of this name. */
export async function statusesOn(
  machines: Machines,
  machine: string,
  name: string,
): Promise<readonly string[]> {
  const { stdout } = machines.spawn(machine, [SERF ?? "serf", "members", "-format=json"]);
  const { members } = membersSchema.parse(await new Response(stdout).json());
  return members.filter((one) => one.name.startsWith(name)).map(({ status }) => status);
}

export function agentsOn(machines: Machines, machine: string): readonly number[] {
  return machines.pids(machine).filter((pid) => nameOf(pid) === "serf");
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    // It has ended in the meantime.
    return "";
  }
}

export function isEmpty(machines: Machines, machine: string): Promise<true> {
  return until(
    `nothing runs on ${machine}`,
    WAIT_MS,
    async () => machines.pids(machine).length === 0,
  );
}

/** Skipped where there is no serf; not in CI. */
export function ownAgentTest(name: string, body: (machines: Machines) => Promise<void>): void {
  machineTest(name, body, whyNoSerf());
}
