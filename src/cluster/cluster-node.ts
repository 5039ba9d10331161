import { isLoopback } from "../discovery/addresses.ts";
import type { Address } from "../discovery/backend.ts";
import { DiscoveryManager } from "../discovery/manager.ts";
import { Problem } from "../platform/errors.ts";
import { CloneDetection } from "./clones/clone-detection.ts";
import type { ClusterView } from "./cluster.ts";
import type { ClusterDeps } from "./deps.ts";
import { Dialer, MEMORY } from "./handshake/dialer.ts";
import { Encounters } from "./handshake/encounters.ts";
import { GivenHubs } from "./handshake/given-hubs.ts";
import { Handshake, type Meeting } from "./handshake/handshake.ts";
import { entryOf } from "./handshake/meeting-entry.ts";
import { Health } from "./membership/health.ts";
import { HubLink } from "./membership/hub-link.ts";
import { Membership } from "./membership/membership.ts";
import { answerPing } from "./membership/ping-answer.ts";
import { Acquaintances } from "./peers/acquaintances.ts";
import { type DialPolicy, dialable } from "./peers/dial-policy.ts";
import { PeerClient } from "./peers/peer-client.ts";
import { PeerTable } from "./peers/peer-table.ts";
import { Directory } from "./registry/directory.ts";
import { Envelopes } from "./registry/forwarding.ts";
import { Registrar } from "./registry/registrar.ts";
import { Registry } from "./registry/registry.ts";
import { RegistryKeeper } from "./registry/registry-keeper.ts";
import { Self } from "./registry/self.ts";
import { SelfDescription } from "./registry/self-description.ts";
import type { Ping, PingReply } from "./wire.ts";

/** The parts of a node's cluster, wired to each other: what one of them notices, the others do. */
export class ClusterNode {
  readonly self: Self;
  readonly client: PeerClient;
  readonly watch: CloneDetection;
  readonly peers: PeerTable;
  readonly registry: Registry;
  readonly keeper: RegistryKeeper;
  readonly handshake: Handshake;
  readonly dialer: Dialer;
  readonly membership: Membership;
  readonly link: HubLink;
  readonly encounters: Encounters;
  readonly registrar: Registrar;
  readonly envelopes: Envelopes;
  readonly directory: Directory;
  readonly discovery: DiscoveryManager;
  readonly health: Health;
  stopped = false;

  readonly #deps: ClusterDeps;
  readonly #portrait: SelfDescription;
  readonly #given: GivenHubs;
  readonly #acquaintances = new Acquaintances();
  readonly #notify: () => void;
  #announced = "";
  #told = "";

  constructor(deps: ClusterDeps, notify: () => void) {
    this.#deps = deps;
    this.#notify = notify;
    const held = () => this.watch.lineage.held;
    this.self = new Self(deps, held);
    this.client = new PeerClient(deps);
    this.#portrait = new SelfDescription(
      deps,
      this.self,
      this.client,
      () => this.membership.state,
      () => held() !== undefined,
    );
    this.watch = new CloneDetection({
      deps,
      client: this.client,
      ageMs: () => this.self.ageMs(),
      document: () => this.#portrait.document(),
      policy: () => this.#policy(),
      onHold: (problem) => this.#hold(problem),
    });
    this.keeper = new RegistryKeeper({
      ...deps,
      nodeId: deps.identity.nodeId,
      onBroken: (reason) => deps.log.warn("the registry cannot be kept", { reason }),
    });
    this.peers = new PeerTable({
      isEngaged: (nodeId) => deps.isEngagedWith?.(nodeId) === true,
      hasExchanged: () => false,
      onForgotten: (peer) => this.registry.noteForgotten(peer),
    });
    this.registry = new Registry({
      peers: this.peers,
      clock: deps.clock,
      bootId: deps.bootId,
      nodeId: deps.identity.nodeId,
      onChange: (key, entry) => {
        this.keeper.keep(key, entry);
        notify();
      },
    });
    this.#given = new GivenHubs(deps);
    this.handshake = new Handshake({
      deps,
      client: this.client,
      given: this.#given,
      ...this.watch,
      ageMs: () => this.self.ageMs(),
      document: () => this.#portrait.document(),
      isLeaving: () => this.stopped,
      policy: () => this.#policy(),
      onMeeting: (meeting) => {
        this.#noteMeeting(meeting);
        this.encounters.meet(meeting);
      },
      onStranger: (nodeId, addresses) => this.encounters.dial(nodeId, addresses),
    });
    this.dialer = new Dialer(deps, this.handshake, this.#given, (one) => this.#isOwn(one));
    this.membership = new Membership(deps, {
      onLead: (predecessor) => this.#lead(predecessor),
      onFollow: (hub, previous) => this.#follow(hub, previous),
      onDiscover: () => this.#discover(),
      onDial: (nodeId) => this.encounters.dial(nodeId, this.#acquaintances.addressesOf(nodeId)),
      onChange: () => {
        this.#announce();
        notify();
      },
    });
    this.link = new HubLink({
      deps,
      client: this.client,
      lineage: this.watch.lineage,
      registry: this.registry,
      membership: this.membership,
      acquaintances: this.#acquaintances,
      describe: () => this.#portrait.registration(),
      dial: (nodeId, addresses) => this.encounters.dial(nodeId, addresses),
      reach: (nodeId) => this.reach(nodeId),
    });
    this.encounters = this.#createEncounters();
    this.registrar = new Registrar({
      nodeId: deps.identity.nodeId,
      registry: this.registry,
      peers: this.peers,
      nominate: (nodeId, addresses) => this.encounters.dial(nodeId, addresses),
      policy: () => this.#policy(),
      discoveredBy: (nodeId) => this.encounters.discoveredBy(nodeId),
      heard: (nodeId, bootId) => this.watch.rivals.heard(nodeId, bootId),
      isMember: (nodeId) => this.isMember(nodeId),
      nowMs: () => deps.clock.monotonicMs(),
    });
    this.envelopes = new Envelopes({
      peers: this.peers,
      clock: deps.clock,
      ownHost: () => this.ownHost,
    });
    this.directory = new Directory(this.registry, () => this.#viewpoint());
    this.discovery = new DiscoveryManager(deps);
    this.health = this.#createHealth();
  }

  get isHub(): boolean {
    return this.membership.state.role === "hub";
  }

  get hub(): string | undefined {
    return this.membership.state.hub;
  }

  /** Where others dial this node. */
  get ownHost(): string {
    return this.self.addresses()[0]?.host ?? "127.0.0.1";
  }

  /** Whether a node belongs to the cluster: without a secret all do. */
  isMember(nodeId: string): boolean {
    const { settings, identity } = this.#deps;
    if (settings.secret === undefined || nodeId === identity.nodeId) return true;
    return this.peers.get(nodeId)?.isMember === true;
  }

  view(): ClusterView {
    const { role, hub, term } = this.membership.state;
    return {
      cluster: this.#deps.settings.cluster,
      role,
      hub: hub === undefined ? undefined : this.directory.server(hub),
      term,
      backends: this.discovery.statuses().map((status) => this.#given.explain(status)),
    };
  }

  async start(): Promise<void> {
    await this.watch.lineage.start();
    await this.keeper.load(this.registry);
    this.#listSelf();
    const announcement = this.#portrait.announcement();
    this.#announced = JSON.stringify(announcement);
    this.discovery.start(announcement, (nomination) => this.encounters.nominate(nomination));
    await this.membership.start();
    this.health.start();
  }

  /** Whether the node can be sent to; shakes hands first where that has not happened yet. */
  async reach(nodeId: string): Promise<boolean> {
    if (this.client.pinned(nodeId)) return true;
    const entry = this.registry.get(nodeId);
    const addresses = dialable(entry?.addresses ?? [], this.#policy());
    if (addresses.length === 0) return false;
    return (await this.dialer.dial(nodeId, addresses)).kind === "met";
  }

  /** @throws Problem `foreign_cluster`, `directory_copied`, or `not_ready` once this node leaves. */
  answerPing(ping: Ping, signer: string): PingReply {
    if (this.stopped) throw new Problem("not_ready", "This node leaves.");
    const { registry, membership, link, watch } = this;
    const deps = this.#deps;
    const parts = { deps, registry, membership, link, portrait: this.#portrait, ...watch };
    const reply = answerPing(ping, signer, parts);
    if (reply.listed && ping.rtt_ms !== undefined) {
      this.#acquaintances.noteRtt(signer, ping.rtt_ms);
    }
    for (const { node_id, addresses } of ping.other_hubs) {
      this.encounters.nominate({ backend: "peer", nodeId: node_id, addresses });
    }
    return reply;
  }

  /** It stays here, for people to ask, and never leads. */
  #hold(problem: Problem): void {
    this.#deps.onHold?.(problem);
    this.membership.bar();
    this.#refreshSelf(true);
    this.#notify();
  }

  #announce(): void {
    const announcement = this.#portrait.announcement();
    const text = JSON.stringify(announcement);
    if (text === this.#announced) return;
    this.#announced = text;
    this.discovery.update(announcement);
  }

  #lead(predecessor: string | undefined): void {
    const { nodeId } = this.#deps.identity;
    this.link.release();
    if (predecessor !== undefined && predecessor !== nodeId) {
      this.registry.markOffline(predecessor);
    }
    this.#listSelf();
    // Everybody is told at once; they dial back before they follow.
    const peers = [...this.membership.state.peers.keys()];
    const listed = this.registry.entries().filter(({ key, status }) => {
      return key !== nodeId && status !== "offline";
    });
    for (const { key, addresses, record } of listed) {
      if (record.node_id !== null)
        this.encounters.nominate({ backend: MEMORY, nodeId: key, addresses });
    }
    for (const key of peers) this.encounters.dial(key, this.#acquaintances.addressesOf(key));
  }

  #follow(hub: string, previous: string | undefined): void {
    const { nodeId } = this.#deps.identity;
    const meeting = this.#acquaintances.meeting(hub);
    if (meeting) this.registry.put(entryOf(meeting));
    if (previous !== undefined && previous !== nodeId && previous !== hub) {
      this.registry.markOffline(previous);
    }
    this.link.follow(hub);
  }

  #discover(): void {
    this.link.release();
    for (const { key, addresses, record } of this.registry.entries()) {
      if (record.node_id === null) continue;
      this.encounters.nominate({ backend: MEMORY, nodeId: key, addresses });
    }
    this.discovery.refresh();
  }

  #listSelf(): void {
    this.#told = this.#portrait.outline();
    this.registry.put(this.#portrait.entry());
  }

  /** Looks whether what we told others still holds. */
  #refreshSelf(due: boolean): void {
    const changed = this.#portrait.outline() !== this.#told;
    if (changed || due) this.#listSelf();
    if (changed && this.membership.state.role === "worker") this.link.registerAgain();
    this.#announce();
    if (changed) this.#notify();
  }

  #policy(): DialPolicy {
    const announced = this.self.addresses().map(({ host }) => host);
    const own = this.#deps.machine.addresses().map(({ address }) => address);
    return { own: [...own, ...announced], onLoopback: announced.every(isLoopback) };
  }

  #isOwn({ host, port }: Address): boolean {
    return this.self.addresses().some((own) => own.host === host && own.port === port);
  }

  #noteMeeting({ document, publicKey, address }: Meeting): void {
    const { node_id: nodeId } = document;
    if (!this.peers.ensure(nodeId)) return;
    if (publicKey !== undefined) {
      const { clockOffsetMs = 0 } = this.client.pinned(nodeId) ?? {};
      this.peers.update(nodeId, { key: { publicKey, clockOffsetMs } });
    }
    if (!address) return;
    const nowMs = this.#deps.clock.monotonicMs();
    this.peers.noteWorked(nodeId, address, nowMs);
    const dialled = { outcome: "ok", startedMs: nowMs } as const;
    this.peers.update(nodeId, { dialled, confirmedMs: nowMs });
  }

  #viewpoint() {
    const { identity } = this.#deps;
    return {
      selfId: identity.nodeId,
      self: () => this.self.record(this.membership.state.role),
      ownTanks: () => this.self.tanks(),
      hub: this.hub,
      discoveredBy: (nodeId: string) => this.encounters.discoveredBy(nodeId),
      rttMs: (nodeId: string) => this.#acquaintances.rttMs(nodeId),
      reachable: (nodeId: string) => this.handshake.hasReached(nodeId),
      isMember: this.#deps.settings.secret ? (nodeId: string) => this.isMember(nodeId) : undefined,
    };
  }

  #createEncounters(): Encounters {
    return new Encounters({
      deps: this.#deps,
      registry: this.registry,
      membership: this.membership,
      link: this.link,
      dialer: this.dialer,
      acquaintances: this.#acquaintances,
      given: this.#given,
      policy: () => this.#policy(),
      isLeaving: () => this.stopped,
    });
  }

  #createHealth(): Health {
    return new Health({
      deps: this.#deps,
      registry: this.registry,
      isHub: () => this.isHub,
      isSettled: () => this.hub !== undefined,
      vouching: () => this.link.vouching,
      dial: (nodeId, addresses) => this.encounters.dial(nodeId, addresses),
      dialRivals: () => this.encounters.dialRivals(),
      refreshSelf: (due) => this.#refreshSelf(due),
      refreshDiscovery: () => this.discovery.refresh(),
    });
  }
}
