import { isLoopback } from "../discovery/addresses.ts";
import type { Address, Nomination } from "../discovery/backend.ts";
import { DiscoveryManager } from "../discovery/manager.ts";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { Acquaintances } from "./acquaintances.ts";
import type { ClusterView } from "./cluster.ts";
import type { ClusterDeps } from "./deps.ts";
import { type DialPolicy, dialable } from "./dial-policy.ts";
import { Dialer, MEMORY } from "./dialer.ts";
import { Directory } from "./directory.ts";
import { Handshake, type Meeting } from "./handshake.ts";
import { Health } from "./health.ts";
import { HubLink } from "./hub-link.ts";
import { entryOf, peerOf, whereabouts } from "./meeting-entry.ts";
import { Membership } from "./membership.ts";
import { mergeAddresses, PeerClient } from "./peer-client.ts";
import { answerPing } from "./ping-answer.ts";
import { Portrait } from "./portrait.ts";
import { Registrar } from "./registrar.ts";
import { Registry } from "./registry.ts";
import { RegistryKeeper } from "./registry-keeper.ts";
import { Self } from "./self.ts";
import type { HubHint, Ping, PingReply } from "./wire.ts";

/** The parts of a node's cluster, wired to each other: what one of them notices, the others do. */
export class ClusterNode {
  readonly self: Self;
  readonly client: PeerClient;
  readonly registry: Registry;
  readonly keeper: RegistryKeeper;
  readonly handshake: Handshake;
  readonly dialer: Dialer;
  readonly membership: Membership;
  readonly link: HubLink;
  readonly registrar: Registrar;
  readonly directory: Directory;
  readonly discovery: DiscoveryManager;
  readonly health: Health;
  stopped = false;

  readonly #deps: ClusterDeps;
  readonly #portrait: Portrait;
  readonly #acquaintances = new Acquaintances();
  readonly #notify: () => void;
  #announced = "";
  #told = "";

  constructor(deps: ClusterDeps, notify: () => void) {
    this.#deps = deps;
    this.#notify = notify;
    this.self = new Self(deps);
    this.client = new PeerClient(deps);
    this.#portrait = new Portrait(deps, this.self, this.client, () => this.membership.state);
    this.keeper = new RegistryKeeper(deps);
    this.registry = new Registry(deps.clock, deps.bootId, (key, entry) => {
      this.keeper.keep(key, entry);
      notify();
    });
    this.handshake = new Handshake({
      deps,
      client: this.client,
      document: () => this.#portrait.document(),
      isLeaving: () => this.stopped,
      policy: () => this.#policy(),
      onMeeting: (meeting) => this.#meet(meeting),
      onStranger: (nodeId, addresses) => this.dial(nodeId, addresses),
    });
    this.dialer = new Dialer(deps, this.handshake, (address) => this.#isOwn(address));
    this.membership = new Membership(deps, {
      onLead: (predecessor) => this.#lead(predecessor),
      onFollow: (hub, previous) => this.#follow(hub, previous),
      onDiscover: () => this.#discover(),
      onDial: (nodeId) => this.dial(nodeId, this.#acquaintances.addressesOf(nodeId)),
      onChange: () => {
        this.#announce();
        notify();
      },
    });
    this.link = new HubLink({
      deps,
      client: this.client,
      registry: this.registry,
      membership: this.membership,
      acquaintances: this.#acquaintances,
      describe: () => this.#portrait.registration(),
      dial: (nodeId, addresses) => this.dial(nodeId, addresses),
      reach: (nodeId) => this.reach(nodeId),
    });
    this.registrar = new Registrar({
      deps,
      registry: this.registry,
      dial: (nodeId, addresses) => this.dial(nodeId, addresses),
      reachedAt: (nodeId) => this.#reachedAt(nodeId),
      policy: () => this.#policy(),
      discoveredBy: (nodeId) => this.dialer.discoveredBy(nodeId),
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

  view(): ClusterView {
    const { role, hub, term } = this.membership.state;
    return {
      cluster: this.#deps.settings.cluster,
      role,
      hub: hub === undefined ? undefined : this.directory.server(hub),
      term,
      backends: this.discovery.statuses(),
    };
  }

  async start(): Promise<void> {
    await this.keeper.load(this.registry);
    this.#listSelf();
    const announcement = this.#portrait.announcement();
    this.#announced = JSON.stringify(announcement);
    this.discovery.start(announcement, (nomination) => this.#nominated(nomination));
    await this.membership.start();
    this.health.start();
  }

  /** Finds out whether a node is where somebody has said. */
  dial(nodeId: string, addresses: readonly Address[]): void {
    const allowed = dialable(addresses, this.#policy());
    if (!this.stopped && allowed.length > 0) void this.dialer.dial(nodeId, allowed);
  }

  /** Whether the node can be sent to; shakes hands first where that has not happened yet. */
  async reach(nodeId: string): Promise<boolean> {
    if (this.client.pinned(nodeId)) return true;
    const entry = this.registry.get(nodeId);
    const addresses = dialable(entry?.addresses ?? [], this.#policy());
    if (addresses.length === 0) return false;
    return (await this.dialer.dial(nodeId, addresses)).kind === "met";
  }

  /** @throws Problem `foreign_cluster`, or `not_ready` once this node leaves. */
  answerPing(ping: Ping, signer: string): PingReply {
    if (this.stopped) throw new Problem("not_ready", "This node leaves.");
    const { registry, membership, link } = this;
    const parts = { deps: this.#deps, registry, membership, link, portrait: this.#portrait };
    const reply = answerPing(ping, signer, parts);
    for (const { node_id, addresses } of ping.other_hubs) {
      this.#nominated({ backend: "peer", nodeId: node_id, addresses });
    }
    return reply;
  }

  #announce(): void {
    const announcement = this.#portrait.announcement();
    const text = JSON.stringify(announcement);
    if (text === this.#announced) return;
    this.#announced = text;
    this.discovery.update(announcement);
  }

  #nominated(nomination: Nomination): void {
    if (this.stopped) return;
    if (nomination.nodeId !== undefined && this.#isSettledWith(nomination.nodeId)) return;
    // Hubs are named by the operator, who may name what he likes.
    const allowed =
      nomination.backend === "hub"
        ? nomination.addresses
        : dialable(nomination.addresses, this.#policy());
    const addresses = allowed.slice(0, LIMITS.addressesPerServerMax);
    this.dialer.nominate({ ...nomination, addresses });
  }

  /** It is here with us and there is nothing to find out. */
  #isSettledWith(nodeId: string): boolean {
    const entry = this.registry.get(nodeId);
    if (entry?.status !== "online") return false;
    const { role, suspect } = this.membership.state;
    if (role === "worker") return !suspect && this.link.vouching !== undefined;
    const silentMs = this.#deps.clock.monotonicMs() - entry.lastSeenMs;
    return role === "hub" && silentMs < RECENT_MS;
  }

  #meet(meeting: Meeting): void {
    if (this.stopped) return;
    const { document } = meeting;
    const { node_id: nodeId, standing } = document;
    this.#acquaintances.note(meeting);
    if (meeting.address) this.#confirm(nodeId, meeting.address, standing.hub?.node_id);
    const nowMs = this.#deps.clock.monotonicMs();
    this.membership.dispatch({ kind: "met", nowMs, peer: peerOf(meeting, nowMs) });
    if (standing.role === "worker" && standing.hub) this.#hearOfHub(standing.hub);
  }

  /** Its key has answered where we dialled: what was only said about it is known now. */
  #confirm(nodeId: string, address: Address, followed: string | undefined): void {
    const entry = this.registry.get(nodeId);
    if (!entry) return;
    const { reachable, signed, host, port } = entry.record;
    if (!reachable || !signed || host !== address.host || port !== address.port) {
      const record = { ...entry.record, ...whereabouts(address), signed: true };
      const addresses = mergeAddresses([address], entry.addresses);
      this.registry.amend(nodeId, { record, addresses });
    }
    const ours = followed === this.#deps.identity.nodeId || nodeId === this.hub;
    if (ours) this.registry.see(nodeId);
  }

  /** A worker that we have met follows a hub that is not ours: the two hubs should meet. */
  #hearOfHub({ node_id, addresses }: HubHint): void {
    const { role, suspect, hub } = this.membership.state;
    const known = node_id === this.#deps.identity.nodeId || node_id === hub;
    if (!known && (role !== "worker" || suspect)) this.dial(node_id, addresses);
  }

  /** Hubs that neither lead us nor follow us yet. One that is gone is found again by discovery. */
  #dialRivals(selfId: string): void {
    for (const { node_id, addresses } of this.#acquaintances.hubs([selfId])) {
      const allowed = dialable(addresses, this.#policy());
      void this.dialer.dial(node_id, allowed).then(({ kind }) => {
        if (kind !== "met") this.#acquaintances.strike(node_id);
      });
    }
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
      if (record.node_id !== null) this.#nominated({ backend: MEMORY, nodeId: key, addresses });
    }
    for (const key of peers) this.dial(key, this.#acquaintances.addressesOf(key));
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
      this.#nominated({ backend: MEMORY, nodeId: key, addresses });
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
      discoveredBy: (nodeId: string) => this.dialer.discoveredBy(nodeId),
      rttMs: (nodeId: string) => this.#acquaintances.rttMs(nodeId),
      reachable: (nodeId: string) => this.handshake.hasReached(nodeId),
    };
  }

  #createHealth(): Health {
    const { identity } = this.#deps;
    return new Health({
      deps: this.#deps,
      registry: this.registry,
      isHub: () => this.isHub,
      isSettled: () => this.hub !== undefined,
      vouching: () => this.link.vouching,
      dial: (nodeId, addresses) => this.dial(nodeId, addresses),
      dialRivals: () => this.#dialRivals(identity.nodeId),
      refreshSelf: (due) => this.#refreshSelf(due),
      refreshDiscovery: () => this.discovery.refresh(),
    });
  }
}

/** A worker pings every 400 ms: one that was heard this recently does not lead another cluster. */
const RECENT_MS = 3_000;
