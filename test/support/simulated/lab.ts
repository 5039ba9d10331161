import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import type { HttpRequest } from "../../../src/platform/network.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import { SimulatedWorld, type WorldOptions } from "../../../src/platform/simulated/world.ts";
import { Ether } from "./ether.ts";
import { DEFAULTS, LabNode, type NodeSettings, PORT } from "./lab-node.ts";

const REQUEST_MS = 5_000;
/**
 * Conditions read every node's list: after each event they would cost more than everything else.
 */
const LOOK_EVERY_MS = 10;

/** Simulated machines, by default all on one network. */
export class Lab {
  readonly world: SimulatedWorld;
  readonly ether: Ether;
  readonly nodes: LabNode[] = [];
  /** Whether nodes find each other by themselves. */
  multicast = true;

  constructor(seed: number, options: Omit<WorldOptions, "seed"> = {}) {
    this.world = new SimulatedWorld({ ...options, seed });
    this.ether = new Ether(this.world);
  }

  add(
    name: string,
    settings: Partial<NodeSettings> = {},
    identity = identityFromSeed(this.world.stream(`key ${name}`).bytes(32)),
  ): LabNode {
    return this.addOn(this.world.addHost({ name }), name, settings, identity);
  }

  /** A node on a machine that is there (its networks and cores are its own); one runs at a time. */
  addOn(
    host: SimulatedHost,
    name: string,
    settings: Partial<NodeSettings> = {},
    identity = identityFromSeed(this.world.stream(`key ${name}`).bytes(32)),
  ): LabNode {
    const node = new LabNode(this, host, identity, { ...DEFAULTS, serverId: name, ...settings });
    this.nodes.push(node);
    return node;
  }

  /** Nodes in the order of their rank, the best first. */
  addMany(count: number): readonly LabNode[] {
    const nodes = Array.from({ length: count }, (_, index) => this.add(`n${index + 1}`));
    return nodes.toSorted((a, b) => (a.identity.nodeId > b.identity.nodeId ? -1 : 1));
  }

  async run(durationMs: number): Promise<void> {
    await this.world.run(this.world.nowMs + durationMs);
  }

  /** Milliseconds until the condition held; throws when it never did. */
  async until(what: string, withinMs: number, condition: () => boolean): Promise<number> {
    const startMs = this.world.nowMs;
    let nextLookMs = startMs;
    const looked = await this.world.runUntil(startMs + withinMs, () => {
      if (this.world.nowMs < nextLookMs) return false;
      nextLookMs = this.world.nowMs + LOOK_EVERY_MS;
      return condition();
    });
    if (looked || condition()) return this.world.nowMs - startMs;
    throw new Error(
      `not ${what} within ${withinMs} ms (seed ${this.world.seed}):\n${this.describe()}`,
    );
  }

  /** All of them agree on one hub, which knows them all. */
  agree(nodes: readonly LabNode[]): boolean {
    const up = nodes.filter((node) => node.isUp);
    const hubs = new Set(up.map((node) => node.cluster.view().hub?.node_id));
    if (hubs.size !== 1 || !up.some((node) => hubs.has(node.identity.nodeId))) return false;
    return up.every((node) => {
      const online = node.cluster.servers({ status: "online" });
      return (
        up.every((other) => online.some((one) => one.node_id === other.identity.nodeId)) &&
        online.filter((one) => one.role === "hub").length === 1
      );
    });
  }

  hubOf(nodes: readonly LabNode[]): LabNode {
    const hubs = nodes.filter((node) => node.isUp && node.cluster.view().role === "hub");
    if (hubs.length !== 1 || !hubs[0]) throw new Error(`${hubs.length} hubs:\n${this.describe()}`);
    return hubs[0];
  }

  describe(): string {
    return this.nodes
      .map((node) => {
        if (!node.isUp) return `${node.host.name} down`;
        const { role, hub, term } = node.cluster.view();
        const known = node.cluster
          .servers()
          .map((one) => `${one.server_id}:${one.role}:${one.status}`);
        return (
          `${node.host.name} ${node.identity.nodeId} ${role} hub=${hub?.server_id} ` +
          `term=${term.counter} [${known}]`
        );
      })
      .join("\n");
  }

  /** A request of some program that is no node. Time passes until it is answered. */
  request(
    from: SimulatedHost,
    to: LabNode,
    method: HttpRequest["method"],
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PeerReply> {
    return this.exchange(from, {
      method,
      origin: `http://${to.host.address}:${PORT}`,
      path,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Sends and waits for the answer. Throws the NetworkError where there is none. */
  async exchange(
    from: SimulatedHost,
    request: Omit<HttpRequest, "timeoutMs" | "responseBytesMax">,
  ): Promise<PeerReply> {
    const bounds = { timeoutMs: REQUEST_MS, responseBytesMax: 1 << 20 };
    const sent = this.world.network.exchange(from, { ...request, ...bounds });
    let ended = false;
    const end = () => {
      ended = true;
    };
    sent.then(end, end);
    await this.until("answered", REQUEST_MS + 1_000, () => ended);
    const { status, body } = await sent;
    return { status, body: JSON.parse(body) };
  }
}

/** Short in the message of a failure. */
export function nameOf(node: LabNode | undefined): string {
  return node?.host.name ?? "nobody";
}
