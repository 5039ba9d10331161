import type { Address, Announcement } from "../../discovery/backend.ts";
import { membershipTag } from "../admission/membership-tag.ts";
import type { ClusterDeps } from "../deps.ts";
import type { RoleKeeper } from "../membership/role.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { type HubHint, type NodeDocument, PROTOCOL_VERSION, type StandingWire } from "../wire.ts";
import type { Registration } from "./registration-messages.ts";
import type { EntryInput } from "./registry-entry.ts";
import type { Self } from "./self.ts";

/** This node's description for others: in the handshake, at registration, in discovery. */
export class SelfDescription {
  readonly #deps: ClusterDeps;
  readonly #self: Self;
  readonly #table: PeerTable;
  readonly #role: RoleKeeper;
  readonly #isFenced: () => boolean;
  readonly #relay: () => string | undefined;

  constructor(
    deps: ClusterDeps,
    parts: {
      readonly self: Self;
      readonly table: PeerTable;
      readonly role: RoleKeeper;
      readonly isFenced: () => boolean;
      /** The node to which this one holds a tunnel, and through which it is reached. */
      readonly relay: () => string | undefined;
    },
  ) {
    this.#deps = deps;
    this.#self = parts.self;
    this.#table = parts.table;
    this.#role = parts.role;
    this.#isFenced = parts.isFenced;
    this.#relay = parts.relay;
  }

  standing(): StandingWire {
    const { role, term, hub, via, isSuspect, self } = this.#role.state;
    return {
      role,
      term,
      hub: hub === undefined ? null : this.#hintOf(hub),
      priority: self.priority,
      may_claim: self.mayClaim,
      fresh: this.#role.isFresh,
      deaf: role === "worker" && (isSuspect || via !== undefined),
    };
  }

  document(): NodeDocument {
    const { settings, identity, bootId } = this.#deps;
    return {
      protocol: PROTOCOL_VERSION,
      cluster: settings.cluster,
      node_id: identity.nodeId,
      boot_id: bootId,
      standing: this.standing(),
      record: this.#self.record(this.#role.state.role),
      addresses: [...this.#self.addresses()],
      tanks: [...this.#self.tanks()],
      heartbeat_interval: settings.timing.heartbeatMs / 1000,
      ...(settings.secret && { member: membershipTag(settings.secret, identity.nodeId) }),
      uptime_ms: Math.round(this.#self.ageMs()),
      fenced: this.#isFenced(),
      takes_unbound: true,
      relay: this.#relay() ?? null,
      lease: this.#deps.lease?.url ?? null,
    };
  }

  registration(): Registration {
    const { record, addresses, tanks, heartbeat_interval, boot_id, standing, relay } =
      this.document();
    return { ...record, addresses, tanks, heartbeat_interval, boot_id, standing, relay };
  }

  announcement(): Announcement {
    const { identity, settings, bootId } = this.#deps;
    const { role, self } = this.#role.state;
    // Without an address to dial there is nothing to announce.
    const addresses: readonly Address[] = settings.register === false ? [] : this.#self.addresses();
    const { nodeId } = identity;
    const { cluster, version } = settings;
    return { nodeId, cluster, version, role, priority: self.priority, bootId, addresses };
  }

  /** This node's entry in its own registry. */
  entry(): EntryInput {
    const { identity, bootId, settings } = this.#deps;
    const { role, self } = this.#role.state;
    return {
      key: identity.nodeId,
      record: this.#self.record(role),
      label: this.#self.label,
      addresses: this.#self.addresses(),
      tanks: this.#self.tanks(),
      priority: self.priority,
      mayClaim: self.mayClaim,
      bootId,
      intervalMs: settings.timing.heartbeatMs,
      source: undefined,
      via: undefined,
      relay: this.#relay(),
    };
  }

  /** The parts whose change causes a registration; figures wait for the heartbeat. */
  outline(): string {
    const accepts = this.#deps.acceptsTanks?.();
    return JSON.stringify([this.#self.addresses(), this.#self.tanks(), this.#isFenced(), accepts]);
  }

  #hintOf(nodeId: string): HubHint {
    const own = nodeId === this.#deps.identity.nodeId;
    const known = own ? this.#self.addresses() : (this.#table.get(nodeId)?.addresses ?? []);
    const addresses = known.map(({ host, port }) => ({ host, port }));
    return { node_id: nodeId, addresses };
  }
}
