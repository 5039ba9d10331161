import { z } from "zod";
import type { Address } from "../discovery/backend.ts";
import { PROBLEMS, Problem } from "../platform/errors.ts";
import { NetworkError } from "../platform/network.ts";
import { sleep } from "../platform/timers.ts";
import { cloneRoutes } from "./clones/clone-routes.ts";
import { tellingClones } from "./clones/presence.ts";
import type { Cluster, JoinResult } from "./cluster.ts";
import { ClusterNode } from "./cluster-node.ts";
import type { ClusterDeps } from "./deps.ts";
import { keepJoinedHub } from "./membership/joined-hub.ts";
import type { PeerReply } from "./peer-route.ts";
import { discoveryRoutes } from "./routes/discovery.ts";
import { peerRoutes } from "./routes/peer.ts";
import { serverRoutes } from "./routes/servers.ts";

/** A cluster that still has to learn where its node's API listens, where that is not set before. */
export interface StartableCluster extends Cluster {
  /** Tells where the API really listens; before {@link Cluster.start}. */
  setListening(port: number, host?: string): void;
  /** The tanks of this node must not run, for a reason that it has found by itself. */
  fence(problem: Problem): void;
}

/** To say goodbye, all together: a node that stops must not wait for the dead. */
const GOODBYE_MS = 1_000;

/** A node's part in a cluster. */
export function createCluster(deps: ClusterDeps): StartableCluster {
  const listeners = new Set<() => void>();
  const notify = coalesce(() => {
    for (const listener of [...listeners]) listener();
  });
  const node = new ClusterNode(deps, notify);
  const { nodeId } = deps.identity;
  const { directory } = node;
  const self = () => directory.server(nodeId) ?? node.self.record(node.membership.state.role);
  const routes = [
    ...peerRoutes({
      probe: node.clones.probe,
      handshake: node.handshake,
      answerPing: (ping, signer) => node.answerPing(ping, signer),
    }),
    ...cloneRoutes(node.clones),
    ...discoveryRoutes({
      registrar: node.registrar,
      client: node.client,
      isHub: () => node.isHub,
      hub: () => (node.membership.state.role === "worker" ? node.hub : undefined),
      timeoutMs: deps.settings.timing.discoveryTimeoutMs,
      onHubLeft: (hub) => node.link.dismiss(hub),
    }),
    ...serverRoutes({
      view: () => node.view(),
      self,
      servers: (filter) => directory.servers(filter),
      server: (id) => directory.server(id),
      ownTanks: () => node.self.tanks(),
      heartbeatMs: deps.settings.timing.heartbeatMs,
    }),
  ].map(tellingClones);
  return {
    nodeId,
    get serverId() {
      return node.registry.get(nodeId)?.record.server_id ?? node.self.label;
    },
    get role() {
      return node.membership.state.role;
    },
    positions: node.clones.positions,
    decided: node.membership.decided,
    aliases: node.aliases,
    recall: async () => {
      await node.aliases.load();
      await node.clones.positions.start();
    },
    start: () => node.start(),
    stop: () => stop(node, deps),
    join: (hub) => join(node, deps, hub),
    leave: () => leave(node, deps),
    view: () => node.view(),
    self,
    servers: (filter) => directory.servers(filter),
    server: (id) => directory.server(id),
    tanksOf: (id) => directory.tanksOf(id),
    locate: (tank) => directory.locate(tank),
    call: (to, method, path, body) => call(node, deps, to, method, path, body),
    routes: () => routes,
    fence: (problem) => node.clones.positions.fence(problem),
    setListening: (port, host) => node.self.listenAt(port, host),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function call(
  node: ClusterNode,
  deps: ClusterDeps,
  to: string,
  method: "GET" | "POST",
  path: string,
  body: unknown,
): Promise<PeerReply> {
  const known = node.client.pinned(to) ?? node.registry.get(to);
  if (!known) throw new Problem("unknown_server", `No node "${to}" is known here.`);
  if (!(await node.reach(to))) {
    throw new NetworkError("unreachable", `${to} does not answer at any address that is known`);
  }
  const { peerTimeoutMs } = deps.settings.timing;
  try {
    const reply = await node.client.send(to, method, path, body, { timeoutMs: peerTimeoutMs });
    // It is fenced, or we may be behind what it remembers: the handshake tells.
    if (isCopyRefusal(reply)) node.client.unpin(to);
    return reply;
  } catch (error) {
    const moved = error instanceof NetworkError && error.failure !== "timeout";
    // It may have restarted somewhere else: the next call begins with a handshake.
    if (moved) node.client.unpin(to);
    throw error;
  }
}

function isCopyRefusal({ status, body }: PeerReply): boolean {
  if (status !== PROBLEMS.directory_copied.status) return false;
  const { type } = z.object({ type: z.string() }).safeParse(body).data ?? {};
  return type === "urn:tankd:problem:directory_copied";
}

async function join(node: ClusterNode, deps: ClusterDeps, hub: Address): Promise<JoinResult> {
  if (node.stopped) throw new Problem("not_ready", "This node stops.");
  const result = await node.join(hub);
  switch (result.kind) {
    case "self":
      return { met: false, detail: "That is this node itself; it goes on as before" };
    case "foreign":
      return { met: false, detail: `That node belongs to the cluster "${result.cluster}"` };
    case "failed":
      await keepJoinedHub(deps.journal, hub);
      return { met: false, detail: `${result.reason}; it is tried again until it answers` };
    case "met":
      await keepJoinedHub(deps.journal, hub);
      return { met: true, detail: `Met ${result.meeting.document.record.server_id}` };
  }
}

async function leave(node: ClusterNode, deps: ClusterDeps): Promise<void> {
  if (node.isAway) return;
  await keepJoinedHub(deps.journal, undefined);
  await Promise.race([sayGoodbye(node, deps), sleep(deps.timers, 2 * GOODBYE_MS)]);
  await node.withdraw();
}

/** A hub tells its workers that it goes, a worker its hub. */
function sayGoodbye(node: ClusterNode, deps: ClusterDeps): Promise<void> {
  return node.isHub ? dismissWorkers(node, deps) : node.link.unregister(GOODBYE_MS);
}

/** Withdraws from the cluster, and the network is told. */
async function stop(node: ClusterNode, deps: ClusterDeps): Promise<void> {
  if (node.stopped) return;
  const unregistered = node.left ? Promise.resolve() : sayGoodbye(node, deps);
  node.stopped = true;
  node.health.stop();
  node.dialer.stop();
  node.clones.positions.stop();
  const goodbyes = Promise.all([unregistered, node.discovery.stop()]);
  await Promise.race([goodbyes, sleep(deps.timers, 2 * GOODBYE_MS)]);
  node.link.release();
  node.membership.stop();
}

async function dismissWorkers(node: ClusterNode, deps: ClusterDeps): Promise<void> {
  const { nodeId } = deps.identity;
  const path = `/api/discovery/unregister/${encodeURIComponent(nodeId)}`;
  const workers = node.registry
    .entries()
    .filter(({ key, status }) => key !== nodeId && status === "online" && node.client.pinned(key));
  await Promise.all(
    workers.map(async ({ key }) => {
      try {
        await node.client.send(key, "DELETE", path, undefined, { timeoutMs: GOODBYE_MS });
      } catch {
        // It finds out by itself.
      }
    }),
  );
}

/** Runs `task` once for any number of calls that come before the next turn. */
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
