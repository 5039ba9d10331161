import { sourceKey } from "../../discovery/addresses.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { isDialable } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Claimant } from "./claimant.ts";
import type { Registry } from "./registry.ts";
import { type Entry, offlineAfter } from "./registry-entry.ts";

export interface AdmissionDeps {
  readonly registry: Registry;
  readonly peers: PeerTable;
  readonly isMember: (nodeId: string) => boolean;
  /** Whether an IP is one of this machine's. */
  readonly isOwn: (ip: string) => boolean;
  readonly nowMs: () => number;
}

/** Refuses servers without a confirmed forwarder, a free name, or room in the list. */
export class Admission {
  readonly #with: AdmissionDeps;

  constructor(withDeps: AdmissionDeps) {
    this.#with = withDeps;
  }

  /**
   * An unsigned request is trusted as much as the node that passed it on. @throws Problem
   * `not_trusted`.
   */
  refuseUnknownForwarder({ signer, via }: Claimant): void {
    if (signer !== undefined || via === undefined) return;
    const peer = this.#with.peers.get(via);
    const isConfirmed = peer?.registration?.status === "online" && isDialable(peer) === true;
    if (isConfirmed && this.#with.isMember(via)) return;
    throw new Problem("not_trusted", "Unsigned requests are accepted from confirmed members only.");
  }

  /**
   * A name belongs to its node, or to the address that has registered it. @throws Problem
   * `conflict`.
   */
  refuseTakenName(serverId: string, key: string, source: string, known: Entry | undefined): void {
    const { registry, nowMs } = this.#with;
    const namesake = registry.find(serverId);
    if (!known && namesake && namesake.key !== key && namesake.record.signed) {
      throw new Problem("conflict", `A node has the name "${serverId}"; choose another.`);
    }
    // The operator may have named a server whose sending address is not known yet.
    if (!known || known.source === undefined || owns(source, known)) return;
    // After a restart all are offline for a moment; a name is free once its owner has had time to
    // send a heartbeat.
    const isAway = known.status === "offline";
    if (isAway && nowMs() - known.lastSeenMs >= offlineAfter(known.intervalMs)) return;
    throw new Problem("conflict", `"${serverId}" is registered from another address.`);
  }

  /**
   * Limits the servers without an answer at their address, per sending address and per forwarder:
   * what a forwarder says about addresses is unverified. @throws Problem `too_many`.
   */
  admit(key: string, { source, via }: Claimant): void {
    const { registry, isOwn } = this.#with;
    if (registry.isConfirmed(key)) return;
    if (via === undefined && isOwn(source)) return;
    const isSame = (entry: Entry) =>
      entry.via === via && (via !== undefined || owns(source, entry));
    const brought = registry
      .entries()
      .filter((entry) => isSame(entry) && !registry.isConfirmed(entry.key)).length;
    if (brought < LIMITS.serversPerAddressMax) return;
    const whose = via === undefined ? `The address ${source}` : `The node ${via}`;
    throw new Problem("too_many", `${whose} has ${brought} servers on the list already.`);
  }
}

/** Whether an entry belongs to the sender at `source`. */
export function owns(source: string, entry: Entry): boolean {
  return entry.source !== undefined && sourceKey(entry.source) === sourceKey(source);
}
