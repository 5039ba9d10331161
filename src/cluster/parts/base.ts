import { isLinkLocal, isLoopback } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { withoutZone } from "../../platform/ip-literal.ts";
import { CloneDetection } from "../clones/clone-detection.ts";
import type { ClusterDeps } from "../deps.ts";
import { ClusterEvents } from "../events.ts";
import { RoleKeeper } from "../membership/role.ts";
import type { DialPolicy } from "../peers/dial-policy.ts";
import { PeerClient } from "../peers/peer-client.ts";
import { PeerMemory } from "../peers/peer-memory.ts";
import { PeerSockets } from "../peers/peer-sockets.ts";
import { PeerTable } from "../peers/peer-table.ts";
import { Self } from "../registry/self.ts";
import { SelfDescription } from "../registry/self-description.ts";
import { TunnelKeeper } from "../tunnel/keeper.ts";

/** Whether this node takes part in the cluster. */
export interface ClusterState {
  /** Permanent. */
  isStopped: boolean;
  /** Until it joins a hub. */
  hasLeft: boolean;
}

/** The table of other nodes, this node's description, and how messages are sent and verified. */
export function createBase(deps: ClusterDeps, state: ClusterState) {
  const events = new ClusterEvents();
  const table = new PeerTable({
    isEngaged: (nodeId) => deps.isEngagedWith?.(nodeId) ?? false,
    hasExchanged: (nodeId) => clones.positions.hasExchanged(nodeId),
    onForgotten: (peer) => events.emit({ kind: "forgotten", peer }),
  });
  const role = new RoleKeeper(deps, events);
  const peerSockets = new PeerSockets(deps, table);
  const tunnel = new TunnelKeeper({
    deps,
    events,
    table,
    role,
    peerSockets,
    policy: () => policy(),
  });
  const memory = new PeerMemory({ deps, table, hub: () => role.state.hub });
  const self = new Self(deps, () => clones.positions.fenced);
  const description = new SelfDescription(deps, {
    self,
    table,
    role,
    isFenced: () => isFenced(),
    relay: () => tunnel.relay,
  });
  const addresses = () => self.addresses();
  const policy = (): DialPolicy => {
    const announced = addresses().map(({ host }) => host);
    const own = deps.machine.addresses().map(({ address }) => address);
    return {
      own: [...own, ...announced],
      onLoopback: announced.every(isLoopback),
      onLinkLocal: announced.length > 0 && announced.every(isLinkLocal),
    };
  };
  const client = new PeerClient({
    ...deps,
    table,
    onCloneProof: (proof) => clones.own.judge(proof, "elsewhere"),
  });
  const ageMs = () => self.ageMs();
  const document = () => description.document();
  const clones: CloneDetection = new CloneDetection({
    deps,
    client,
    table,
    ageMs,
    document,
    policy,
    knows: (nodeId) => knows(nodeId),
    onFenced: (problem) => events.emit({ kind: "fenced", problem }),
  });
  const isFenced = () => clones.positions.fenced !== undefined;
  /** Whether a node belongs to the cluster: without a secret all do. */
  const isMember = (nodeId: string) =>
    deps.settings.secret === undefined ||
    nodeId === deps.identity.nodeId ||
    table.get(nodeId)?.isMember === true;
  /** See {@link Cluster.knows}. */
  const knows = (nodeId: string): boolean => {
    if (nodeId === deps.identity.nodeId || clones.positions.hasExchanged(nodeId)) return true;
    const peer = table.get(nodeId);
    if (peer === undefined) return false;
    const { registration, relay } = peer;
    const told = registration?.toldBy === undefined ? undefined : registration.record;
    if (deps.settings.secret !== undefined) return isMember(nodeId) || told?.member === true;
    const hasAnswered = table.isConfirmed(peer) || relay !== undefined;
    return hasAnswered || client.tunnels.holds(nodeId) || told?.reachable === true;
  };
  return {
    deps,
    state,
    events,
    table,
    memory,
    role,
    peerSockets,
    tunnel,
    self,
    description,
    client,
    clones,
    probe: clones.probe,
    positions: clones.positions,
    ownClones: clones.own,
    peerClones: clones.peers,
    addresses,
    policy,
    ageMs,
    document,
    isLeaving: () => state.isStopped || state.hasLeft,
    /** The host at which others dial this node. */
    ownHost: () => addresses()[0]?.host ?? "127.0.0.1",
    isOwn: ({ host, port }: Address) =>
      addresses().some((own) => own.host === withoutZone(host) && own.port === port),
    isMember,
    knows,
  };
}

export type BaseParts = ReturnType<typeof createBase>;
