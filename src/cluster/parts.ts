import { isLoopback } from "../discovery/addresses.ts";
import type { Address } from "../discovery/backend.ts";
import { DiscoveryManager } from "../discovery/manager.ts";
import { CloneDetection } from "./clones/clone-detection.ts";
import type { ClusterDeps } from "./deps.ts";
import { ClusterEvents } from "./events.ts";
import { Dialer } from "./handshake/dialer.ts";
import { GivenHubs } from "./handshake/given-hubs.ts";
import { Handshake } from "./handshake/handshake.ts";
import { Nominations } from "./handshake/nominations.ts";
import { Contests } from "./membership/contest.ts";
import { Gatherer } from "./membership/gatherer.ts";
import { HubSeat } from "./membership/hub-seat.ts";
import { Pinger } from "./membership/pinger.ts";
import { RoleKeeper } from "./membership/role.ts";
import { Succession } from "./membership/succession.ts";
import { Upkeep } from "./membership/upkeep.ts";
import { Uplink } from "./membership/uplink.ts";
import { Witnesses } from "./membership/witnesses.ts";
import type { DialPolicy } from "./peers/dial-policy.ts";
import { PeerClient } from "./peers/peer-client.ts";
import { PeerTable } from "./peers/peer-table.ts";
import { Aliases } from "./registry/aliases.ts";
import { Directory } from "./registry/directory.ts";
import { Envelopes } from "./registry/forwarding.ts";
import { Registrar } from "./registry/registrar.ts";
import { HubRegistration } from "./registry/registration.ts";
import { Registry } from "./registry/registry.ts";
import { RegistryKeeper } from "./registry/registry-keeper.ts";
import { Self } from "./registry/self.ts";
import { SelfDescription } from "./registry/self-description.ts";
import { SelfWatch } from "./registry/self-watch.ts";

/** Whether this node takes part. */
export interface ClusterState {
  /** For good. */
  isStopped: boolean;
  /** Until it joins a hub. */
  hasLeft: boolean;
}

/** The parts of a node's cluster, in the order in which they stand on each other. */
export type ClusterParts = ReturnType<typeof createParts>;

/** Makes the parts and gives each what it uses. What they notice they tell by `events`. */
export function createParts(deps: ClusterDeps, state: ClusterState, notify: () => void) {
  const { identity } = deps;
  const isLeaving = () => state.isStopped || state.hasLeft;
  const events = new ClusterEvents();

  // What is known of others, and who we are.
  const table = new PeerTable({
    isEngaged: (nodeId) => deps.isEngagedWith?.(nodeId) ?? false,
    hasExchanged: (nodeId) => clones.positions.hasExchanged(nodeId),
    onForgotten: (peer) => registry.noteForgotten(peer),
  });
  const role = new RoleKeeper(deps, events);
  const self = new Self(deps, () => clones.positions.fenced);
  const description = new SelfDescription(
    deps,
    self,
    table,
    () => role.state,
    () => role.isFresh,
    () => clones.positions.fenced !== undefined,
  );
  const addresses = () => self.addresses();
  const policy = (): DialPolicy => {
    const announced = addresses().map(({ host }) => host);
    const own = deps.machine.addresses().map(({ address }) => address);
    return { own: [...own, ...announced], onLoopback: announced.every(isLoopback) };
  };
  const isOwn = ({ host, port }: Address) =>
    addresses().some((own) => own.host === host && own.port === port);

  // How others are spoken to, and recognised.
  const client = new PeerClient({
    ...deps,
    table,
    onCloneProof: (proof) => clones.own.judge(proof, "elsewhere"),
  });
  const clones: CloneDetection = new CloneDetection({
    deps,
    client,
    table,
    ageMs: () => self.ageMs(),
    document: () => description.document(),
    policy,
    onFenced: (problem) => events.emit({ kind: "fenced", problem }),
  });
  const { probe, positions, peers: peerClones, own: ownClones } = clones;
  const given = new GivenHubs(deps);
  const handshake = new Handshake({
    deps,
    events,
    table,
    client,
    given,
    probe,
    positions,
    ownClones,
    peerClones,
    ageMs: () => self.ageMs(),
    document: () => description.document(),
    isLeaving,
    policy,
  });
  const dialer = new Dialer(deps, { table, handshake });
  client.renew = async (nodeId) => (await dialer.dial(nodeId)).kind === "met";
  const nominations = new Nominations({
    deps,
    events,
    table,
    dialer,
    given,
    policy,
    isOwn,
    isLeaving,
    position: () => ({ role: role.state.role, isSettled: role.isSettled }),
  });

  // Who is listed, and as what.
  const ownHost = () => addresses()[0]?.host ?? "127.0.0.1";
  const isMember = (nodeId: string) =>
    deps.settings.secret === undefined ||
    nodeId === identity.nodeId ||
    table.get(nodeId)?.isMember === true;
  const keeper = new RegistryKeeper({
    ...deps,
    nodeId: identity.nodeId,
    onBroken: (reason) => deps.log.warn("the registry cannot be kept", { reason }),
  });
  const registry: Registry = new Registry({
    peers: table,
    clock: deps.clock,
    bootId: deps.bootId,
    nodeId: identity.nodeId,
    onChange: (key, entry) => {
      keeper.keep(key, entry);
      notify();
    },
  });
  const registrar = new Registrar({
    nodeId: identity.nodeId,
    registry,
    peers: table,
    nominate: (nodeId, named, source) => nominations.confirm(nodeId, named, source),
    policy,
    discoveredBy: (nodeId) => nominations.discoveredBy(nodeId),
    heard: (nodeId, bootId) => peerClones.heard(nodeId, bootId),
    isMember,
    nowMs: () => deps.clock.monotonicMs(),
  });
  const envelopes = new Envelopes({ peers: table, clock: deps.clock, ownHost });
  const rule = deps.settings.nameConflict ?? "qualified";
  const aliases: Aliases = new Aliases({
    journal: deps.journal,
    rule,
    locate: (text) => directory.locate(text),
    called: (name) => directory.called(name),
  });
  const viewpoint = () => ({
    selfId: identity.nodeId,
    self: () => self.record(role.state.role),
    ownTanks: () => self.tanks(),
    hub: role.state.hub,
    discoveredBy: (nodeId: string) => nominations.discoveredBy(nodeId),
    table,
    isMember: deps.settings.secret === undefined ? undefined : isMember,
  });
  const directory: Directory = new Directory(registry, viewpoint, {
    alias: (name) => aliases.get(name),
    rule,
  });

  // Who leads.
  const pinger = new Pinger({ deps, table, client, positions });
  const registration = new HubRegistration({
    deps,
    client,
    table,
    describe: () => description.registration(),
    onRegistered: (serverId) => registry.showAs(identity.nodeId, serverId),
  });
  const uplink = new Uplink({
    deps,
    events,
    table,
    role,
    pinger,
    dialer,
    registry,
    registration,
    nominations,
    addresses,
    policy,
    lagMs: () => upkeep.lagMs,
  });
  const succession = new Succession({
    deps,
    events,
    table,
    role,
    registry,
    pinger,
    dialer,
    uplink,
  });
  const seat = new HubSeat({ deps, events, table, client, dialer, role, registry, addresses });
  const witnesses = new Witnesses({
    deps,
    table,
    client,
    probe,
    role,
    policy,
    addresses,
    lagMs: () => upkeep.lagMs,
  });
  const contests = new Contests({
    deps,
    events,
    table,
    client,
    dialer,
    role,
    seat,
    given,
    probe,
    witnesses,
    policy,
  });
  const gatherer = new Gatherer({ deps, events, table, role, dialer, given });
  const discovery = new DiscoveryManager(deps);
  const selfWatch = new SelfWatch({ events, self, description, registry, discovery });
  const upkeep: Upkeep = new Upkeep({
    deps,
    events,
    table,
    registry,
    role,
    dialer,
    vouching: () => uplink.vouching,
    refreshSelf: (due) => selfWatch.refresh(due),
    refreshDiscovery: () => discovery.refresh(),
  });
  return {
    deps,
    state,
    notify,
    policy,
    events,
    table,
    role,
    self,
    description,
    client,
    clones,
    given,
    handshake,
    dialer,
    nominations,
    keeper,
    registry,
    registrar,
    envelopes,
    ownHost,
    isLeaving,
    aliases,
    directory,
    registration,
    uplink,
    succession,
    seat,
    witnesses,
    contests,
    gatherer,
    discovery,
    selfWatch,
    upkeep,
  };
}
