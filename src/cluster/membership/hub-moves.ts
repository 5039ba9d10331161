import type { Address } from "../../discovery/backend.ts";
import type { ClusterDeps } from "../deps.ts";
import { Backoff, type Dialer } from "../handshake/dialer.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { HubHint, StandingWire } from "../wire.ts";

export interface HubMovesDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "clock">;
  readonly table: PeerTable;
  readonly dialer: Dialer;
  readonly policy: () => DialPolicy;
  /** The hub that is followed has answered at another address. */
  readonly onMoved: (hub: string) => void;
  /** The hub to which `from` has referred has answered. Returns whether that still matters. */
  readonly onReferred: (from: string, hub: string, standing: StandingWire) => boolean;
}

/** How often a hub is dialled where others say that it is, until it answers. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 15_000;

/** Dials the hub where others say that it is: at a new address, or another node in its place. */
export class HubMoves {
  readonly #with: HubMovesDeps;
  readonly #sightings = new Backoff(RETRY_MS, RETRY_MAX_MS);
  readonly #referrals = new Backoff(RETRY_MS, RETRY_MAX_MS);

  constructor(withDeps: HubMovesDeps) {
    this.#with = withDeps;
  }

  /** The hub is announced at these addresses. Dials them where none of them has ever answered. */
  noteSighted(hub: string, addresses: readonly Address[]): void {
    const { table, dialer } = this.#with;
    const worked = (table.get(hub)?.addresses ?? []).filter((one) => one.workedMs !== undefined);
    const isKnown = ({ host, port }: Address) =>
      worked.some((one) => one.host === host && one.port === port);
    const nowMs = this.#nowMs();
    if (addresses.some(isKnown) || !this.#sightings.isDue(hub, nowMs)) return;
    this.#sightings.note(hub, nowMs);
    void dialer.dialAt(addresses, { trusted: false }).then((result) => {
      if (result.kind !== "met" || result.meeting.document.node_id !== hub) return;
      this.#sightings.clear(hub);
      this.#with.onMoved(hub);
    });
  }

  /** `from` follows another hub and names it. */
  noteReferral(from: string, hub: HubHint | null): void {
    if (!hub) return;
    const { deps, table, dialer, policy } = this.#with;
    const { node_id: nodeId, addresses } = hub;
    if (nodeId === deps.identity.nodeId || nodeId === from) return;
    const nowMs = this.#nowMs();
    if (!this.#referrals.isDue(nodeId, nowMs) || !table.ensure(nodeId)) return;
    this.#referrals.note(nodeId, nowMs);
    table.addAddresses(nodeId, dialable(addresses, policy()), "hub");
    void dialer.dial(nodeId).then((result) => {
      if (result.kind !== "met") return;
      const isCurrent = this.#with.onReferred(from, nodeId, result.meeting.document.standing);
      if (isCurrent) this.#referrals.clear(nodeId);
    });
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}
