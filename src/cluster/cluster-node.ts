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
import { type DialResult, Handshake } from "./handshake/handshake.ts";
import { entryOf } from "./handshake/meeting-entry.ts";
import { Health } from "./membership/health.ts";
import { HubLink } from "./membership/hub-link.ts";
import { Membership } from "./membership/membership.ts";
import { answerPing } from "./membership/ping-answer.ts";
import { Acquaintances } from "./peers/acquaintances.ts";
import { type DialPolicy, dialable } from "./peers/dial-policy.ts";
import { PeerClient } from "./peers/peer-client.ts";
import { PeerTable } from "./peers/peer-table.ts";
import { Aliases } from "./registry/aliases.ts";
import { Directory } from "./registry/directory.ts";
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
  readonly clones: CloneDetection;
  readonly registry: Registry;
  readonly keeper: RegistryKeeper;
  readonly handshake: Handshake;
  readonly dialer: Dialer;
  readonly membership: Membership;
  readonly link: HubLink;
  readonly encounters: Encounters;
  readonly registrar: Registrar;
  readonly directory: Directory;
  readonly aliases: Aliases;
  discovery: DiscoveryManager;
  readonly health: Health;
  stopped = false;
  /** It has left the cluster and lives alone, until it joins a hub. */
  left = false;

  readonly #deps: ClusterDeps;
  readonly #portrait: SelfDescription;
  readonly #given: GivenHubs;
  readonly #table: PeerTable;
  readonly #acquaintances = new Acquaintances();
  readonly #notify: () => void;
  #announced = "";
  #told = "";

  constructor(deps: ClusterDeps, notify: () => void) {
    this.#deps = deps;
    this.#notify = notify;
    const fenced = () => this.clones.positions.fenced;
    this.self = new Self(deps, fenced);
    this.client = new PeerClient(deps);
    this.#portrait = new SelfDescription(
      deps,
      this.self,
      this.client,
      () => this.membership.state,
      () => fenced() !== undefined,
    );
    this.#table = new PeerTable({
      isEngaged: (nodeId) => deps.isEngagedWith?.(nodeId) ?? false,
      hasExchanged: (nodeId) => this.clones.positions.hasExchanged(nodeId),
    });
    this.clones = new CloneDetection({
      deps,
      client: this.client,
      table: this.#table,
      ageMs: () => this.self.ageMs(),
      document: () => this.#portrait.document(),
      policy: () => this.#policy(),
      onFenced: (problem) => this.#onFenced(problem),
    });
    this.keeper = new RegistryKeeper(deps);
    this.registry = new Registry(deps.clock, deps.bootId, (key, entry) => {
      this.keeper.keep(key, entry);
      notify();
    });
    this.#given = new GivenHubs(deps);
    this.handshake = new Handshake({
      deps,
      client: this.client,
      given: this.#given,
      probe: this.clones.probe,
      positions: this.clones.positions,
      ownClones: this.clones.own,
      peerClones: this.clones.peers,
      table: this.#table,
      ageMs: () => this.self.ageMs(),
      document: () => this.#portrait.document(),
      isLeaving: () => this.isAway,
      policy: () => this.#policy(),
      onMeeting: (meeting) => this.encounters.meet(meeting),
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
      positions: this.clones.positions,
      registry: this.registry,
      membership: this.membership,
      acquaintances: this.#acquaintances,
      describe: () => this.#portrait.registration(),
      dial: (nodeId, addresses) => this.encounters.dial(nodeId, addresses),
      reach: (nodeId) => this.reach(nodeId),
    });
    this.encounters = this.#createEncounters();
    this.registrar = new Registrar({
      deps,
      registry: this.registry,
      dial: (nodeId, addresses) => this.encounters.dial(nodeId, addresses),
      reachedAt: (nodeId) => this.#reachedAt(nodeId),
      policy: () => this.#policy(),
      discoveredBy: (nodeId) => this.encounters.discoveredBy(nodeId),
      heard: (nodeId, bootId) => this.clones.peers.heard(nodeId, bootId),
    });
    const rule = deps.settings.nameConflict ?? "qualified";
    this.aliases = new Aliases({
      journal: deps.journal,
      rule,
      locate: (text) => this.directory.locate(text),
      called: (name) => this.directory.called(name),
    });
    this.directory = new Directory(this.registry, () => this.#viewpoint(), {
      alias: (name) => this.aliases.get(name),
      rule,
    });
    this.discovery = new DiscoveryManager(deps);
    this.health = this.#createHealth();
  }

  get isHub(): boolean {
    return this.membership.state.role === "hub";
  }

  get hub(): string | undefined {
    return this.membership.state.hub;
  }

  /** Nobody is met, answered or followed: it has left, or it stops. */
  get isAway(): boolean {
    return this.stopped || this.left;
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
    await this.clones.positions.start();
    this.clones.positions.joining();
    await this.keeper.load(this.registry);
    this.#listSelf();
    this.#search();
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
    if (this.isAway) throw new Problem("not_ready", "This node leaves.");
    const { registry, membership, link, clones } = this;
    const deps = this.#deps;
    const parts = { deps, registry, membership, link, portrait: this.#portrait, ...clones };
    const reply = answerPing(ping, signer, parts);
    if (reply.listed && ping.rtt_ms !== undefined) {
      this.#acquaintances.noteRtt(signer, ping.rtt_ms);
    }
    for (const { node_id, addresses } of ping.other_hubs) {
      this.encounters.nominate({ backend: "peer", nodeId: node_id, addresses });
    }
    return reply;
  }

  /** Lives alone from now on: knows nobody, searches nobody, answers nobody. */
  async withdraw(): Promise<void> {
    this.left = true;
    const { nodeId } = this.#deps.identity;
    for (const { key } of this.registry.entries()) {
      if (key !== nodeId) this.registry.remove(key);
    }
    this.membership.discover();
    await this.discovery.stop();
  }

  /** Meets the hub at this address, and goes on trying where it does not answer. */
  async join(hub: Address): Promise<DialResult> {
    this.#given.add(hub);
    if (this.left) {
      this.left = false;
      this.discovery = new DiscoveryManager(this.#deps);
      this.#search();
    }
    const result = await this.handshake.dial([hub]);
    this.#given.note(hub, result);
    this.encounters.nominate({ backend: "hub", addresses: [hub] });
    return result;
  }

  #search(): void {
    const announcement = this.#portrait.announcement();
    this.#announced = JSON.stringify(announcement);
    this.discovery.start(announcement, (nomination) => this.encounters.nominate(nomination));
  }

  /** It stays here, for people to ask, and never leads. */
  #onFenced(problem: Problem): void {
    this.#deps.onFenced?.(problem);
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

  #reachedAt(nodeId: string): Address | undefined {
    if (this.handshake.hasReached(nodeId) !== true) return undefined;
    return this.client.pinned(nodeId)?.addresses[0];
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
      isLeaving: () => this.isAway,
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
