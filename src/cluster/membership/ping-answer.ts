import { Problem } from "../../platform/errors.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { PeerClones } from "../clones/peer-clones.ts";
import type { ClusterDeps } from "../deps.ts";
import { HINT, type Nominations } from "../handshake/nominations.ts";
import { prove } from "../identity/proof.ts";
import { isDialable } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Registry } from "../registry/registry.ts";
import type { SelfDescription } from "../registry/self-description.ts";
import type { Ping, PingReply } from "../wire.ts";
import type { HubSeat } from "./hub-seat.ts";
import type { RoleKeeper } from "./role.ts";
import type { Uplink } from "./uplink.ts";

export interface PingAnswerParts {
  readonly deps: ClusterDeps;
  readonly table: PeerTable;
  readonly registry: Registry;
  readonly role: RoleKeeper;
  readonly uplink: Uplink;
  readonly seat: HubSeat;
  readonly nominations: Nominations;
  readonly description: SelfDescription;
  readonly positions: JournalPositions;
  readonly peerClones: PeerClones;
  readonly isLeaving: () => boolean;
  readonly lagMs: () => number;
}

/**
 * The answer of this node to a ping: its standing, and the changes in its list, which is the
 * cluster's if it is hub. @throws Problem `foreign_cluster`, `directory_copied` for the later of
 * two starts with one key, `not_ready` once it leaves.
 */
export function answerPing(ping: Ping, signer: string, parts: PingAnswerParts): PingReply {
  const { registry, uplink, seat, role, table } = parts;
  const { identity, settings, bootId } = parts.deps;
  if (parts.isLeaving()) throw new Problem("not_ready", "This node is leaving.");
  if (ping.cluster !== settings.cluster) {
    throw new Problem("foreign_cluster", `This node belongs to cluster "${settings.cluster}".`);
  }
  parts.peerClones.heard(signer, ping.boot_id);
  parts.positions.hear(signer, ping, true);
  const isListed = registry.get(signer)?.bootId === ping.boot_id;
  if (isListed && role.isHub) {
    registry.see(signer);
    if (ping.rtt_ms !== undefined) table.noteRtt(signer, ping.rtt_ms);
    if (ping.follow) seat.noteFollow(signer, ping.follow);
    const { isMember = false, source } = table.get(signer) ?? {};
    for (const { node_id, addresses } of isMember ? ping.other_hubs : []) {
      const hint = { backend: HINT, nodeId: node_id, addresses, role: "hub" } as const;
      parts.nominations.nominate({ ...hint, ...(source === undefined ? {} : { source }) });
    }
  }
  if (ping.lost_hub !== null) uplink.noteReport(signer, ping.lost_hub);
  return prove(identity, ping.challenge, {
    node_id: identity.nodeId,
    boot_id: bootId,
    standing: parts.description.standing(),
    listed: isListed,
    dialable: isDialable(table.get(signer)) ?? null,
    hears_hub: role.isHub || uplink.hearsHub,
    lag_ms: parts.lagMs(),
    successors: [...(role.isHub ? seat.successors : uplink.successors)],
    lost: ping.lost_hub === null ? null : uplink.hasLost(ping.lost_hub),
    registry: ping.registry ? registry.delta(ping.registry) : null,
    ...parts.positions.tellBriefly(signer),
  });
}
