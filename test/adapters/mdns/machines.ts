import { NodeProcess, type NodeStart } from "../../support/node-process.ts";
import { requiredTest } from "../../support/required-test.ts";

const BUN = process.execPath;
const STATION = new URL("./station.ts", import.meta.url).pathname;

const STATUS_POLL_MS = 50;

export interface Heard {
  readonly backend: string;
  readonly nodeId?: string;
  readonly cluster?: string;
  readonly role?: string;
  readonly bootId?: string;
  readonly source?: string;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
}

interface Status {
  readonly status: string;
  readonly working: boolean;
}

/** What one machine's station has printed so far. */
export class Station {
  readonly heard: Heard[] = [];
  readonly #statuses: Status[] = [];
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  #wake: () => void = () => {};

  /** `program`: a station and what it is told beside node id and port. */
  constructor(namespace: string, nodeId: string, port: number, program = [STATION]) {
    const [script = STATION, ...more] = program;
    const command = [BUN, "run", script, nodeId, `${port}`, ...more];
    this.#child = Bun.spawn(["ip", "netns", "exec", namespace, ...command], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.#read();
  }

  /** The newest nomination of a node that `accepts` it; waits for one. */
  hears(nodeId: string, accepts: (heard: Heard) => boolean = () => true): Promise<Heard> {
    const isIt = (one: Heard) => one.nodeId === nodeId && accepts(one);
    return this.#until(`${nodeId} to be heard`, () => this.heard.findLast(isIt));
  }

  /** Asks for its status until that is as it should be: a fresh IPv6 address takes a while. */
  async says(accepts: (status: Status) => boolean): Promise<void> {
    for (let said = await this.started(); !accepts(said); said = await this.started()) {
      this.#statuses.length = 0;
      await Bun.sleep(STATUS_POLL_MS);
      this.#say("status");
    }
  }

  started(): Promise<Status> {
    return this.#until("a status", () => this.#statuses.at(-1));
  }

  announce(role: "hub" | "worker"): void {
    this.#say(role);
  }

  refresh(): void {
    this.#say("refresh");
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async stop(): Promise<number> {
    this.#child.stdin.end();
    return this.#child.exited;
  }

  async #until<T>(what: string, look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) throw new Error(`the station ended: no ${what}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
    this.#child.stdin.flush();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const value: Heard | Status = JSON.parse(line);
        if ("status" in value) this.#statuses.push(value);
        else this.heard.push(value);
      }
      this.#wake();
    }
    await this.#child.exited;
    this.#wake();
  }
}

/** Network namespaces on any number of switches, for one backend. Needs root on Linux. */
export class Machines {
  readonly #prefix = `tankdmdns-${process.pid}`;
  readonly #namespaces: string[] = [];
  readonly #stations: Station[] = [];
  readonly #children: Bun.Subprocess[] = [];
  readonly #endings: (() => void)[] = [];

  /** Why there can be none here; undefined when there can. */
  static whyNot(): string | undefined {
    if (process.platform !== "linux") return "network namespaces need Linux";
    if (Bun.which("ip") === null) return "the ip command is missing (Debian: iproute2)";
    if (process.getuid?.() !== 0) return "network namespaces need root";
    const probe = `tankdmdns-${process.pid}-probe`;
    const made = Bun.spawnSync(["ip", "netns", "add", probe]);
    Bun.spawnSync(["ip", "netns", "del", probe]);
    return made.success ? undefined : made.stderr.toString().trim();
  }

  addSwitch(name: string): void {
    this.#addNamespace(name);
    this.ip(name, "link", "add", "br0", "type", "bridge");
    this.ip(name, "link", "set", "br0", "up");
  }

  addMachine(name: string): void {
    this.#addNamespace(name);
    this.ip(name, "link", "set", "lo", "up");
  }

  /** A network card of `machine` on a switch, with addresses like `10.0.0.1/24`; IPv6 at once. */
  plug(machine: string, card: string, into: string, ...addresses: readonly string[]): void {
    const port = `${machine}-${card}`;
    const peer = ["peer", "name", card, "netns", this.#nameOf(machine)];
    this.ip(into, "link", "add", port, "type", "veth", ...peer);
    this.ip(into, "link", "set", port, "master", "br0", "up");
    for (const address of addresses) {
      const isIpv6 = address.includes(":");
      this.ip(machine, "addr", "add", address, "dev", card, ...(isIpv6 ? ["nodad"] : []));
    }
    this.ip(machine, "link", "set", card, "up");
  }

  /** A program on a machine, ended with it. */
  spawn(machine: string, command: readonly string[]): Bun.Subprocess<"ignore", "pipe", "inherit"> {
    const child = Bun.spawn([...this.#inside(machine), ...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#children.push(child);
    return child;
  }

  /** A node on a machine, ended with it. */
  startNode(machine: string, start: Omit<NodeStart, "under">): NodeProcess {
    return new NodeProcess({ ...start, under: this.#inside(machine) });
  }

  ip(machine: string, ...command: readonly string[]): void {
    ip("-n", this.#nameOf(machine), ...command);
  }

  start(machine: string, nodeId = machine, port = 8000, program?: string[]): Station {
    const station = new Station(this.#nameOf(machine), nodeId, port, program);
    this.#stations.push(station);
    return station;
  }

  /** Machines `a` and `b`, with a card `eth0` each on the switch `left`, and a station on each. */
  pair(...addresses: readonly string[]): readonly [Station, Station] {
    this.addSwitch("left");
    for (const [at, name] of ["a", "b"].entries()) {
      this.addMachine(name);
      this.plug(name, "eth0", "left", ...addresses.slice(at, at + 1));
    }
    return [this.start("a"), this.start("b")];
  }

  /** Of all programs on a machine. */
  pids(machine: string): readonly number[] {
    return pidsIn(this.#nameOf(machine));
  }

  atEnd(task: () => void): void {
    this.#endings.push(task);
  }

  async close(): Promise<void> {
    await Promise.all(this.#stations.map((station) => station.stop()));
    for (const name of this.#namespaces) {
      // Programs start others; all of them are in the namespace.
      for (const pid of pidsIn(name)) kill(pid);
    }
    await Promise.all(this.#children.map((child) => child.exited));
    for (const name of this.#namespaces) ip("netns", "del", name);
    for (const end of this.#endings) end();
  }

  #addNamespace(name: string): void {
    ip("netns", "add", this.#nameOf(name));
    this.#namespaces.push(this.#nameOf(name));
  }

  #inside(machine: string): readonly string[] {
    return ["ip", "netns", "exec", this.#nameOf(machine)];
  }

  #nameOf(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}

function pidsIn(namespace: string): readonly number[] {
  const { stdout } = Bun.spawnSync(["ip", "netns", "pids", namespace]);
  return stdout.toString().split("\n").filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

function ip(...command: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync(["ip", ...command]);
  if (!success) throw new Error(`ip ${command.join(" ")}: ${stderr.toString().trim()}`);
}

const TIMEOUT_MS = 30_000;
const noMachines = Machines.whyNot();

/**
 * A test in namespaces of its own, torn down whatever happens. Where there can be none, or
 * `without` says what else is missing, it is skipped; in CI it must run.
 */
export function machineTest(
  name: string,
  run: (machines: Machines) => Promise<void>,
  without?: string,
): void {
  const body = async () => {
    const machines = new Machines();
    try {
      await Promise.race([run(machines), expiry()]);
    } finally {
      await machines.close();
    }
  };
  requiredTest(name, noMachines ?? without, body, { timeoutMs: 2 * TIMEOUT_MS });
}

/** Rejects before the test runner gives up, which would not wait for the tear-down. */
function expiry(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = () => reject(new Error(`the test took longer than ${TIMEOUT_MS / 1000} s`));
  setTimeout(late, TIMEOUT_MS).unref();
  return promise;
}
