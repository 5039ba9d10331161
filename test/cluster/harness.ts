import { test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { until } from "./commands.ts";
import { Namespaces, whyNoNamespaces } from "./namespaces.ts";
import { Node, PROMPTLY_MS } from "./node.ts";

/** A network of machines on one switch, torn down whatever happens. */
export class Lab {
  readonly #namespaces: Namespaces;
  readonly #directory: string;
  readonly #window: Subprocess;
  readonly #nodes: Node[] = [];

  private constructor(namespaces: Namespaces, directory: string, window: Subprocess) {
    this.#namespaces = namespaces;
    this.#directory = directory;
    this.#window = window;
  }

  static async open(): Promise<Lab> {
    const namespaces = await Namespaces.open();
    const directory = mkdtempSync(join(tmpdir(), "tankd-lab-"));
    const script = join(import.meta.dir, "window.ts");
    const command = [process.execPath, script, join(directory, "window")];
    const window = Bun.spawn(["ip", "netns", "exec", namespaces.switch, ...command], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    });
    return new Lab(namespaces, directory, window);
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** A further machine; its tankd is not started. */
  async machine(): Promise<Node> {
    const number = this.#nodes.length + 1;
    await this.#namespaces.add(number);
    const node = new Node({
      number,
      namespace: this.#namespaces.nameOf(number),
      address: this.#namespaces.addressOf(number),
      window: join(this.#directory, "window"),
      directory: this.#directory,
    });
    this.#nodes.push(node);
    return node;
  }

  setCable(node: Node, state: "up" | "down"): Promise<void> {
    return this.#namespaces.setCable(node.number, state);
  }

  /** Two machines that cannot talk to each other any more, but to everybody else. */
  part(one: Node, other: Node): Promise<void> {
    return this.#namespaces.part(one.number, other.number);
  }

  /** Until every one of `nodes` sees exactly these online, with the same one as their only hub. */
  async agree(nodes: readonly Node[] = this.#nodes, deadlineMs = PROMPTLY_MS): Promise<Node> {
    const expected = nodes.map(({ nodeId }) => nodeId).sort();
    const hubId = await until(`${nodes.length} nodes agree on one hub`, deadlineMs, async () => {
      const hubs = new Set<string>();
      for (const node of nodes) {
        const online = (await node.servers()).filter(({ status }) => status === "online");
        const ids = online.map(({ node_id }) => node_id).sort();
        if (!Bun.deepEquals(ids, expected)) throw new Error(`node ${node.number} sees ${ids}`);
        for (const { role, node_id } of online) if (role === "hub") hubs.add(node_id);
        if (online.filter(({ role }) => role === "hub").length !== 1) {
          throw new Error(`node ${node.number} sees ${online.map(({ role }) => role)}`);
        }
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
      .map((node) => `--- node ${node.number} (10.77.0.${node.number})\n${node.logTail()}`)
      .join("\n");
  }

  async close(): Promise<void> {
    for (const node of this.#nodes) await node.crash();
    this.#window.kill("SIGKILL");
    await this.#window.exited;
    await this.#namespaces.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const unavailable = await whyNoNamespaces();
/** More than it takes to end the processes and remove the namespaces. */
const TEAR_DOWN_MS = 30_000;
const isCi = process.env["CI"] === "true";

/**
 * A test on real machines. Where none can be made it is skipped and says why; in CI that is a failure.
 */
export function labTest(name: string, timeoutMs: number, body: (lab: Lab) => Promise<void>): void {
  if (unavailable !== undefined && !isCi) {
    test.skip(`${name} (skipped: ${unavailable})`, () => {});
    return;
  }
  test(
    name,
    async () => {
      if (unavailable !== undefined) throw new Error(`CI must run this test, but ${unavailable}`);
      const lab = await Lab.open();
      try {
        await within(timeoutMs, body(lab));
      } catch (error) {
        process.stderr.write(`${lab.logs()}\n`);
        throw error;
      } finally {
        await lab.close();
      }
    },
    timeoutMs + TEAR_DOWN_MS,
  );
}

/** Rejects before the test runner gives up, which would not wait for the tear-down. */
function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Error(`the test took longer than ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
