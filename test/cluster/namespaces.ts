import { must, run } from "./commands.ts";

/** The prefix of all names, with the pid of the test run: two runs live side by side. */
const PREFIX = "tankdtest";
const SUBNET = "10.77.0";
let labs = 0;

/**
 * Machines as network namespaces on one switch, which is a bridge in a namespace of its own: what
 * runs in them sees real interfaces and real multicast, and nothing of the host, whose addresses,
 * firewall and own tankd stay out of it.
 */
export class Namespaces {
  readonly #name: string;
  readonly #machines = new Set<number>();

  private constructor(name: string) {
    this.#name = name;
  }

  static async open(): Promise<Namespaces> {
    const namespaces = new Namespaces(`${PREFIX}-${process.pid}-${labs++}`);
    const { switch: bridge } = namespaces;
    await must("ip", "netns", "add", bridge);
    await must("ip", "-n", bridge, "link", "add", "br0", "type", "bridge");
    await must("ip", "-n", bridge, "addr", "add", `${SUBNET}.254/24`, "dev", "br0");
    await must("ip", "-n", bridge, "link", "set", "lo", "up");
    await must("ip", "-n", bridge, "link", "set", "br0", "up");
    return namespaces;
  }

  /** The namespace of the switch: everybody's neighbour at .254, and a place to look from. */
  get switch(): string {
    return `${this.#name}-switch`;
  }

  /** A machine with loopback, `eth0` on the switch, and a default route. Numbers from 1 to 250. */
  async add(machine: number): Promise<void> {
    const name = this.nameOf(machine);
    const port = `port${machine}`;
    await must("ip", "netns", "add", name);
    this.#machines.add(machine);
    const peer = ["peer", "name", "eth0", "netns", name];
    await must("ip", "-n", this.switch, "link", "add", port, "type", "veth", ...peer);
    await must("ip", "-n", this.switch, "link", "set", port, "master", "br0", "up");
    await must("ip", "-n", name, "link", "set", "lo", "up");
    await must("ip", "-n", name, "addr", "add", `${this.addressOf(machine)}/24`, "dev", "eth0");
    await must("ip", "-n", name, "link", "set", "eth0", "up");
    await must("ip", "-n", name, "route", "add", "default", "via", `${SUBNET}.254`);
  }

  nameOf(machine: number): string {
    return `${this.#name}-${machine}`;
  }

  addressOf(machine: number): string {
    return `${SUBNET}.${machine}`;
  }

  /** Pulls a machine's cable, or plugs it in again. */
  async setCable(machine: number, state: "up" | "down"): Promise<void> {
    await must("ip", "-n", this.switch, "link", "set", `port${machine}`, state);
  }

  /** From now on two machines reach every other, but not each other, unless by multicast. */
  async part(one: number, other: number): Promise<void> {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const route = ["route", "add", "blackhole", this.addressOf(to)];
      await must("ip", "-n", this.nameOf(from), ...route);
    }
  }

  async close(): Promise<void> {
    for (const machine of this.#machines) await run(["ip", "netns", "del", this.nameOf(machine)]);
    await run(["ip", "netns", "del", this.switch]);
  }
}

/** Why namespaces cannot be made here; undefined when they can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== "linux") return "network namespaces need Linux";
  if (Bun.which("ip") === null) return "the ip command is missing (Debian: iproute2)";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  await removeLeftovers();
  const probe = `${PREFIX}-${process.pid}-probe`;
  const pair = ["type", "veth", "peer", "name", "probe1"];
  try {
    await must("ip", "netns", "add", probe);
    await must("ip", "-n", probe, "link", "add", "probe0", ...pair);
    await must("ip", "-n", probe, "link", "add", "probebr", "type", "bridge");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await run(["ip", "netns", "del", probe]);
  }
}

/** Ends what a run that was killed has left: processes in its namespaces, and these. */
async function removeLeftovers(): Promise<void> {
  const { stdout } = await run(["ip", "netns", "list"]);
  for (const line of stdout.split("\n")) {
    const name = line.split(" ")[0] ?? "";
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const pids = await run(["ip", "netns", "pids", name]);
    for (const pid of pids.stdout.split("\n").filter(Boolean)) kill(Number(pid));
    await run(["ip", "netns", "del", name]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself in the meantime.
  }
}
