const BUN = process.execPath;
const STATION = new URL("./station.ts", import.meta.url).pathname;

export interface Heard {
  readonly nodeId: string;
  readonly cluster: string;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
}

/** What one machine's station has printed so far. */
export class Station {
  readonly heard: Heard[] = [];
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  #wake: () => void = () => {};

  constructor(namespace: string, nodeId: string) {
    this.#child = Bun.spawn(["ip", "netns", "exec", namespace, BUN, "run", STATION, nodeId], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.#read();
  }

  /** The newest nomination of a node that `accepts` it; waits for one. */
  async hears(nodeId: string, accepts: (heard: Heard) => boolean = () => true): Promise<Heard> {
    for (;;) {
      const found = this.heard.findLast((one) => one.nodeId === nodeId && accepts(one));
      if (found) return found;
      if (this.#child.exitCode !== null) throw new Error(`the station ended: ${nodeId} not heard`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  announce(role: "hub" | "worker"): void {
    this.#child.stdin.write(`${role}\n`);
    this.#child.stdin.flush();
  }

  async stop(): Promise<number> {
    this.#child.stdin.end();
    return this.#child.exited;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const value: unknown = JSON.parse(line);
        if (typeof value === "object" && value !== null) this.heard.push(value as Heard);
      }
      this.#wake();
    }
    await this.#child.exited;
    this.#wake();
  }
}

/** Network namespaces on any number of switches, for mDNS alone. Needs root on Linux. */
export class Machines {
  readonly #prefix = `tankdmdns-${process.pid}`;
  readonly #namespaces: string[] = [];
  readonly #stations: Station[] = [];

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

  /** A network card of `machine` on a switch. */
  plug(machine: string, card: string, into: string, address: string): void {
    const port = `${machine}-${card}`;
    const peer = ["peer", "name", card, "netns", this.#nameOf(machine)];
    this.ip(into, "link", "add", port, "type", "veth", ...peer);
    this.ip(into, "link", "set", port, "master", "br0", "up");
    this.ip(machine, "addr", "add", `${address}/24`, "dev", card);
    this.ip(machine, "link", "set", card, "up");
  }

  ip(machine: string, ...command: readonly string[]): void {
    ip("-n", this.#nameOf(machine), ...command);
  }

  start(machine: string): Station {
    const station = new Station(this.#nameOf(machine), machine);
    this.#stations.push(station);
    return station;
  }

  async close(): Promise<void> {
    await Promise.all(this.#stations.map((station) => station.stop()));
    for (const name of this.#namespaces) ip("netns", "del", name);
  }

  #addNamespace(name: string): void {
    ip("netns", "add", this.#nameOf(name));
    this.#namespaces.push(this.#nameOf(name));
  }

  #nameOf(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}

function ip(...command: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync(["ip", ...command]);
  if (!success) throw new Error(`ip ${command.join(" ")}: ${stderr.toString().trim()}`);
}
