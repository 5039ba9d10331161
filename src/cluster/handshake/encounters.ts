import type { Address, Nomination } from "../../discovery/backend.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ClusterDeps } from "../deps.ts";
import type { HubLink } from "../membership/hub-link.ts";
import type { Membership } from "../membership/membership.ts";
import type { Acquaintances } from "../peers/acquaintances.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import { mergeAddresses } from "../peers/peer-client.ts";
import type { Registry } from "../registry/registry.ts";
import type { HubHint } from "../wire.ts";
import type { Dialer } from "./dialer.ts";
import type { GivenHubs } from "./given-hubs.ts";
import type { Meeting } from "./handshake.ts";
import { peerOf, whereabouts } from "./meeting-entry.ts";

export interface EncountersDeps {
  readonly deps: ClusterDeps;
  readonly registry: Registry;
  readonly membership: Membership;
  readonly link: HubLink;
  readonly dialer: Dialer;
  readonly acquaintances: Acquaintances;
  readonly given: GivenHubs;
  readonly policy: () => DialPolicy;
  /** This node says goodbye. */
  readonly isLeaving: () => boolean;
}

/** A worker pings every 400 ms: one that was heard this recently does not lead another cluster. */
const RECENT_MS = 3_000;

/** Between "somebody may be there" and "we know each other": whom to dial, and what a meeting changes. */
export class Encounters {
  readonly #with: EncountersDeps;

  constructor(withDeps: EncountersDeps) {
    this.#with = withDeps;
  }

  /** A backend, a peer or our own memory says that somebody may be there. */
  nominate(nomination: Nomination): void {
    const { dialer, policy, isLeaving } = this.#with;
    if (isLeaving()) return;
    const { nodeId } = nomination;
    // Our own id elsewhere is always worth a look: it would be a copy of this node.
    const isOwn = nodeId === this.#with.deps.identity.nodeId;
    if (nodeId !== undefined && !isOwn && this.#isSettledWith(nodeId)) return;
    // Hubs are named by the operator, who may name what he likes.
    const allowed =
      nomination.backend === "hub"
        ? nomination.addresses
        : dialable(nomination.addresses, policy());
    const addresses = allowed.slice(0, LIMITS.addressesPerServerMax);
    dialer.nominate({ ...nomination, addresses });
  }

  /** Finds out whether a node is where somebody has said. */
  dial(nodeId: string, addresses: readonly Address[]): void {
    const allowed = dialable(addresses, this.#with.policy());
    if (!this.#with.isLeaving() && allowed.length > 0) {
      void this.#with.dialer.dial(nodeId, allowed);
    }
  }

  /** A key has proven itself to us. */
  meet(meeting: Meeting): void {
    const { acquaintances, membership, deps, isLeaving } = this.#with;
    if (isLeaving()) return;
    const { node_id: nodeId, standing } = meeting.document;
    acquaintances.note(meeting);
    if (meeting.address) this.#confirm(nodeId, meeting.address, standing.hub?.node_id);
    const nowMs = deps.clock.monotonicMs();
    membership.dispatch({ kind: "met", nowMs, peer: peerOf(meeting, nowMs) });
    if (standing.role === "worker" && standing.hub) this.#hearOfHub(standing.hub);
  }

  /** Hubs that neither lead us nor follow us yet. One that is gone is found again by discovery. */
  dialRivals(): void {
    const { acquaintances, dialer, policy, deps, isLeaving } = this.#with;
    if (isLeaving()) return;
    for (const { node_id, addresses } of acquaintances.hubs([deps.identity.nodeId])) {
      void dialer.dial(node_id, dialable(addresses, policy())).then(({ kind }) => {
        if (kind !== "met") acquaintances.strike(node_id);
      });
    }
  }

  /** Names of the backends through which a node and we have found each other. */
  discoveredBy(nodeId: string): readonly string[] {
    const { dialer, given, acquaintances } = this.#with;
    // One of us was given the other's URL.
    const byUrl = given.includes(nodeId) || acquaintances.meeting(nodeId)?.defersToUs === true;
    const names = dialer.discoveredBy(nodeId);
    return byUrl ? [...new Set([...names, "hub"])].sort() : names;
  }

  /** It is here with us and there is nothing to find out. */
  #isSettledWith(nodeId: string): boolean {
    const { registry, membership, link, deps } = this.#with;
    const entry = registry.get(nodeId);
    if (entry?.status !== "online") return false;
    const { role, suspect } = membership.state;
    if (role === "worker") return !suspect && link.vouching !== undefined;
    const silentMs = deps.clock.monotonicMs() - entry.lastSeenMs;
    return role === "hub" && silentMs < RECENT_MS;
  }

  /** Its key has answered where we dialled: what was only said about it is known now. */
  #confirm(nodeId: string, address: Address, followed: string | undefined): void {
    const { registry, membership, deps } = this.#with;
    const entry = registry.get(nodeId);
    if (!entry) return;
    const { reachable, signed, host, port, discovered_by: before } = entry.record;
    const found = this.discoveredBy(nodeId);
    const news = found.some((name) => !before.includes(name));
    if (!reachable || !signed || host !== address.host || port !== address.port || news) {
      const discovered_by = news ? [...found] : before;
      const record = { ...entry.record, ...whereabouts(address), signed: true, discovered_by };
      const addresses = mergeAddresses([address], entry.addresses);
      registry.amend(nodeId, { record, addresses });
    }
    const { nodeId: selfId } = deps.identity;
    if (followed === selfId || nodeId === membership.state.hub) registry.see(nodeId);
  }

  /** A worker that we have met follows a hub that is not ours: the two hubs should meet. */
  #hearOfHub({ node_id, addresses }: HubHint): void {
    const { role, suspect, hub } = this.#with.membership.state;
    const known = node_id === this.#with.deps.identity.nodeId || node_id === hub;
    if (!known && (role !== "worker" || suspect)) this.dial(node_id, addresses);
  }
}
