import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { flawOf, hubIn } from "./agreement.ts";
import { BadLinks } from "./bad-links.ts";
import { until } from "./commands.ts";
import { type Family, Namespaces } from "./namespaces.ts";
import { Node, type NodeDisk } from "./node.ts";
import { PROMPTLY_MS } from "./tankd.ts";

export interface LabOptions {
  readonly family?: Family;
  /** The program on its machines, when it is not the one under test. */
  readonly binary?: string;
}

/** A network of machines on one switch, torn down whatever happens. */
export class Lab {
  readonly #namespaces: Namespaces;
  /** What makes links bad. */
  readonly links: BadLinks;
  readonly #directory: string;
  readonly #binary: string | undefined;
  readonly #window: Subprocess;
  readonly #nodes: Node[] = [];
  readonly #others: Subprocess[] = [];

  private constructor(namespaces: Namespaces, directory: string, binary: string | undefined) {
    this.#namespaces = namespaces;
    this.links = new BadLinks(namespaces);
    this.#directory = directory;
    this.#binary = binary;
    const script = join(import.meta.dir, "window.ts");
    this.#window = this.#spawn(namespaces.switch, [process.execPath, script, this.#socket]);
  }

  static async open({ family, binary }: LabOptions = {}): Promise<Lab> {
    const namespaces = await Namespaces.open(family);
    return new Lab(namespaces, mkdtempSync(join(tmpdir(), "tankd-lab-")), binary);
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The process that passes this one's requests on: what looking costs. */
  get windowPid(): number {
    return this.#window.pid;
  }

  /** The network itself, for what is done to it. */
  get network(): Namespaces {
    return this.#namespaces;
  }

  /** A further machine; its tankd is not started. */
  async machine(): Promise<Node> {
    const [node] = await this.machines(1);
    if (node === undefined) throw new Error("a machine was asked for");
    return node;
  }

  async machines(count: number): Promise<readonly Node[]> {
    const first = this.#nodes.length + 1;
    const numbers = Array.from({ length: count }, (_, index) => first + index);
    await this.#namespaces.add(numbers);
    return numbers.map((number) => this.#place(number, this.#namespaces.addressOf(number)));
  }

  /** A machine whose data directory lies on a disk of its own. */
  async machineOn(disk: NodeDisk): Promise<Node> {
    const number = this.#nodes.length + 1;
    await this.#namespaces.add([number]);
    return this.#place(number, this.#namespaces.addressOf(number), disk);
  }

  /** A machine that can dial everybody, and that none of the others can dial. */
  async machineBehindRouter(): Promise<Node> {
    const number = this.#nodes.length + 1;
    await this.#namespaces.addBehindRouter(number);
    return this.#place(number, this.#namespaces.addressBehindRouter(number));
  }

  /** Gives a machine another address, as DHCP does. */
  async changeAddress(node: Node, to: number): Promise<void> {
    await this.#namespaces.changeAddress(node.number, hostOf(node), to);
    node.address = this.#namespaces.addressOf(to);
  }

  /** Carries a machine that was silenced to the second network, which must be there. */
  async moveToSecond(node: Node): Promise<void> {
    await this.#namespaces.moveToSecond(node.number);
    node.address = this.#namespaces.secondAddressOf(node.number);
  }

  /** Another network card with the same address, at once. */
  replaceCard(node: Node): Promise<void> {
    return this.#namespaces.replaceCard(node.number, hostOf(node));
  }

  setCable(node: Node, state: "up" | "down"): Promise<void> {
    return this.#namespaces.setCable(node.number, state);
  }

  /** Two machines that cannot talk to each other any more, but to everybody else. */
  part(one: Node, other: Node): Promise<void> {
    return this.#namespaces.part(one.number, other.number);
  }

  /** A program of its own on a machine, ended with the lab. */
  run(
    node: Node,
    command: readonly string[],
    environment: Record<string, string> = {},
  ): Subprocess {
    const child = this.#spawn(this.#namespaces.nameOf(node.number), command, environment);
    this.#others.push(child);
    return child;
  }

  /** The same on the switch, which every machine reaches. */
  runOnSwitch(command: readonly string[]): Subprocess {
    const child = this.#spawn(this.#namespaces.switch, command);
    this.#others.push(child);
    return child;
  }

  /** Until every one of `nodes` sees exactly these online, with the same one as their only hub. */
  async agree(nodes: readonly Node[] = this.#nodes, deadlineMs = PROMPTLY_MS): Promise<Node> {
    const expected = nodes.map(({ nodeId }) => nodeId);
    const hubId = await until(`${nodes.length} nodes agree on one hub`, deadlineMs, async () => {
      const hubs = new Set<string | undefined>();
      for (const node of nodes) {
        const list = await node.servers();
        const flaw = flawOf(list, expected);
        if (flaw !== undefined) throw new Error(`node ${node.number} sees ${flaw}`);
        hubs.add(hubIn(list));
      }
      if (hubs.size !== 1) throw new Error(`hubs: ${[...hubs]}`);
      return [...hubs][0];
    });
    const hub = nodes.find(({ nodeId }) => nodeId === hubId);
    if (hub === undefined) throw new Error("the hub is none of the nodes");
    return hub;
  }

  logs(): string {
    return this.#nodes
      .map((node) => `--- node ${node.number} (${node.address})\n${node.logTail()}`)
      .join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.crash()));
    for (const child of [...this.#others, this.#window]) {
      child.kill("SIGKILL");
      await child.exited;
    }
    await this.links.close();
    await this.#namespaces.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.#directory, "window");
  }

  #place(number: number, address: string, disk?: NodeDisk): Node {
    const node = new Node({
      number,
      address,
      namespace: this.#namespaces.nameOf(number),
      window: this.#socket,
      directory: this.#directory,
      ...(this.#binary === undefined ? {} : { binary: this.#binary }),
      ...(disk === undefined ? {} : { disk }),
    });
    this.#nodes.push(node);
    return node;
  }

  #spawn(
    namespace: string,
    command: readonly string[],
    environment: Record<string, string> = {},
  ): Subprocess {
    return Bun.spawn(["ip", "netns", "exec", namespace, ...command], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
      env: { ...process.env, ...environment },
    });
  }
}

/** The last part of a machine's address. */
function hostOf({ address }: Node): number {
  return Number(address.split(/[.:]/).at(-1));
}
