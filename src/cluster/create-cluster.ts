import { Problem } from "../platform/errors.ts";
import { NetworkError, type NetworkFailure } from "../platform/network.ts";
import { Orders } from "./admission/orders.ts";
import { cloneRoutes } from "./clones/clone-routes.ts";
import { tellingClones } from "./clones/presence.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterDeps } from "./deps.ts";
import { createVerifier } from "./identity/signature.ts";
import { join, leave, start, stop } from "./lifecycle.ts";
import { roleReason } from "./membership/role-reason.ts";
import { type ClusterParts, createParts } from "./parts/parts.ts";
import type { PeerReply } from "./peer-route.ts";
import { isReady } from "./peers/peer.ts";
import { isElsewhere, type PeerMethod } from "./peers/peer-client.ts";
import { Placement } from "./placement/placement.ts";
import { problemCodeOf } from "./problem-code.ts";
import { react } from "./reactions.ts";
import { RecentPlaces } from "./registry/recent-places.ts";
import { discoveryRoutes } from "./routes/discovery.ts";
import { caseEndpoint, hubRoutes } from "./routes/hub.ts";
import { orderRoute } from "./routes/orders.ts";
import { peerRoutes } from "./routes/peer.ts";
import { relayRoutes } from "./routes/relay.ts";
import { serverRoutes } from "./routes/servers.ts";

/** A cluster whose API address is set later, unless the settings contain it. */
export interface StartableCluster extends Cluster {
  /** Sets the address on which the API actually listens; before {@link Cluster.start}. */
  setListening(port: number, host?: string): void;
  /** The tanks of this node must not run, for a reason that the node has detected itself. */
  fence(problem: Problem): void;
}

/** A node's part of the cluster: creates the parts, connects them, and exposes them as one. */
export function createCluster(deps: ClusterDeps): StartableCluster {
  const listeners = new Set<() => void>();
  const notify = coalesce(() => {
    for (const listener of [...listeners]) listener();
  });
  const parts = createParts(deps, { isStopped: false, hasLeft: false }, notify);
  react(parts);
  const { directory, role, self, registry, clones } = parts;
  const { startOffsetMs } = deps;
  const { nodeId } = deps.identity;
  const { tunnel, tunnels, relays, passage } = parts;
  const places = new RecentPlaces(deps.clock, (tank) => directory.locate(tank));
  const orders = ordersOf(parts);
  const placement = new Placement({
    nodeId,
    clock: deps.clock,
    servers: () => directory.servers(),
    tanksOf: (id) => directory.tanksOf(id),
    mayOrder: () => orders.mayGive,
  });
  const routes = [...routesOf(parts), orderRoute(orders)].map(tellingClones);
  const ownRecord = () => directory.node(nodeId) ?? self.record(role.state.role);
  return {
    nodeId,
    get serverId() {
      return registry.get(nodeId)?.record.server_id ?? self.label;
    },
    get role() {
      return role.state.role;
    },
    verifier: createVerifier(nodeId, deps.clock, { startOffsetMs, isKnown: parts.isKnown }),
    positions: clones.positions,
    decided: role.decided,
    aliases: parts.aliases,
    recall: async () => {
      await parts.aliases.load();
      await clones.positions.start();
    },
    knows: (id) => knows(parts, id),
    start: () => start(parts),
    stop: () => stop(parts),
    join: (hub) => join(parts, hub),
    leave: () => leave(parts),
    view: () => viewOf(parts),
    self: ownRecord,
    servers: (filter) => directory.servers(filter),
    server: (id) => directory.server(id),
    tanksOf: (id) => directory.tanksOf(id),
    examine: () => parts.checkup.run(),
    locate: (tank) => places.locate(tank),
    lastPlace: (tank) => places.last(tank),
    call: (to, method, path, body) => call(parts, to, { method, path, body }),
    read: (to, path) =>
      call(parts, to, { method: "GET", path, body: undefined, mustBeProven: true }),
    routes: () => routes,
    serveWith: (service) => {
      relays.serveWith(service);
      tunnel.serveWith({
        ...service,
        answer: (request, source) => relays.serve(request, source),
      });
    },
    placement,
    orders,
    obeyWith: (obey) => orders.obeyWith(obey),
    tunnels,
    relays,
    sockets: parts.peerSockets,
    passage,
    fence: (problem) => clones.positions.fence(problem),
    setListening: (port, host) => self.listenAt(port, host),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function routesOf(parts: ClusterParts) {
  const { deps, directory, role, self, registrar, envelopes, forwarder, ownHost, uplink } = parts;
  const { nodeId } = deps.identity;
  return [
    ...peerRoutes(parts),
    ...hubRoutes(parts),
    ...cloneRoutes(parts.clones),
    ...discoveryRoutes({
      registrar,
      envelopes,
      forwarder,
      isHub: () => role.isHub && !parts.isLeaving(),
      mayChange: () => parts.lease?.refuseWithoutLease(),
      hub: () => uplinkOf(parts),
      ownHost,
      forwarded: [caseEndpoint(parts)],
      onHubLeft: (hub) => uplink.dismiss(hub),
    }),
    ...relayRoutes(parts),
    ...serverRoutes({
      view: () => viewOf(parts),
      self: () => directory.node(nodeId) ?? self.record(role.state.role),
      servers: (filter) => directory.servers(filter),
      strangers: (filter) => (deps.settings.secret ? directory.strangers(filter) : undefined),
      server: (id) => directory.server(id),
      ownTanks: () => self.tanks(),
      autoConnection: () => deps.autoConnection?.() ?? "off",
      audit: () => deps.auditNote?.(),
      heartbeatMs: deps.settings.timing.heartbeatMs,
      descriptors: () => deps.machine.descriptors?.(),
    }),
  ];
}

function ordersOf(parts: ClusterParts): Orders {
  const { deps, directory } = parts;
  const { identity, settings } = deps;
  return new Orders({
    identity,
    secret: () => settings.secret,
    call: (to, path, body) => call(parts, to, { method: "POST", path, body, mustBeProven: true }),
    describe: (nodeId) => {
      const record = directory.node(nodeId);
      return { label: record?.server_id ?? nodeId, url: record?.api_url ?? "its address" };
    },
  });
}

/**
 * The node to which a worker passes requests on: its hub, or the worker through which it reaches
 * the hub.
 */
function uplinkOf({ role, directory }: ClusterParts) {
  const { role: own, hub, via } = role.state;
  if (own !== "worker" || hub === undefined) return undefined;
  return { nodeId: via ?? hub, url: directory.node(hub)?.api_url };
}

function viewOf(parts: ClusterParts) {
  const { deps, state, role, directory, lease, solitude, memory } = parts;
  const { role: own, hub, term } = role.state;
  const { hasLeft } = state;
  return {
    cluster: deps.settings.cluster,
    role: own,
    roleReason: roleReason({
      role: own,
      wanted: deps.settings.role,
      hasLeft,
      lease: lease?.view,
    }),
    lease: lease?.view,
    hub: hub === undefined ? undefined : directory.node(hub),
    term,
    backends: memory.explain(parts.backends()),
    alone: solitude.report(),
  };
}

/**
 * Failures of a node's addresses after which others may still reach it, or another node may relay.
 */
const NO_WAY: ReadonlySet<NetworkFailure> = new Set(["refused", "unconnected", "unreachable"]);

interface Call {
  readonly method: PeerMethod;
  readonly path: string;
  readonly body: unknown;
  readonly mustBeProven?: boolean;
}

/**
 * If the node's addresses fail and another node may relay, the request is sent once more within the
 * remaining time. A handshake comes first, which tries all ways at once.
 * @throws NetworkError, or Problem `unknown_server`.
 */
async function call(parts: ClusterParts, to: string, request: Call): Promise<PeerReply> {
  const { table, registry, relays, deps } = parts;
  if (!isReady(table.get(to)) && !registry.get(to)) {
    throw new Problem("unknown_server", `No node "${to}" is known here.`);
  }
  if (!(await parts.meet(to))) throw unreachable(to);
  const { peerTimeoutMs } = deps.settings.timing;
  const isRelayed = table.get(to)?.relay !== undefined;
  const sentMs = deps.clock.monotonicMs();
  try {
    return await callOnce(parts, to, request, peerTimeoutMs);
  } catch (error) {
    const leftMs = Math.floor(peerTimeoutMs - (deps.clock.monotonicMs() - sentMs));
    const hasNoWay = error instanceof NetworkError && NO_WAY.has(error.failure);
    const mayBeRelayed = hasNoWay && !isRelayed && relays.relayTo(to) !== undefined;
    if (!mayBeRelayed || leftMs <= 0 || !(await parts.meet(to))) throw error;
    return callOnce(parts, to, request, leftMs);
  }
}

async function callOnce(
  { table, client }: ClusterParts,
  to: string,
  { method, path, body, mustBeProven = false }: Call,
  timeoutMs: number,
): Promise<PeerReply> {
  // It may have restarted elsewhere, or be fenced: the next call begins with a handshake.
  const forgetKey = () => table.update(to, { key: undefined });
  let isConnected = false;
  const onConnected = () => {
    isConnected = true;
  };
  try {
    const options = { timeoutMs, mayBeRelayed: true, mustBeProven, onConnected };
    const reply = await client.send(to, method, path, body, options);
    const isLost = isElsewhere(reply);
    if (isLost || problemCodeOf(reply) === "directory_copied") forgetKey();
    // After a new handshake this means that another node has this address now.
    if (isLost) throw unreachable(to);
    return reply;
  } catch (error) {
    if (error instanceof NetworkError && !isStillThere(error.failure, isConnected)) forgetKey();
    throw error;
  }
}

/**
 * Whether the node is asked again without a handshake: it answered too slowly. If no connection was
 * established, either node may have moved to another network, and a third may be the way.
 */
function isStillThere(failure: NetworkFailure, isConnected: boolean): boolean {
  return failure === "busy" || (failure === "timeout" && isConnected);
}

/** That a node is behind a relay, the list has from itself: from now on this node has looked. */
function knows(parts: ClusterParts, nodeId: string): boolean {
  if (parts.knows(nodeId)) return true;
  const { relay } = parts.registry.get(nodeId) ?? {};
  if (relay !== undefined && parts.looks.take(relay) === 0) void parts.meet(nodeId);
  return false;
}

function unreachable(nodeId: string): NetworkError {
  return new NetworkError("unreachable", `${nodeId} does not answer at any known address`);
}

/** Runs `task` once for any number of calls before the next turn of the event loop. */
function coalesce(task: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    void Promise.resolve().then(() => {
      due = false;
      task();
    });
  };
}
