import { Problem } from "../../platform/errors.ts";
import type { JournalPositions } from "../clones/journal-positions.ts";
import type { PeerClones } from "../clones/peer-clones.ts";
import type { ClusterDeps } from "../deps.ts";
import { prove } from "../identity/proof.ts";
import type { Registry } from "../registry/registry.ts";
import type { SelfDescription } from "../registry/self-description.ts";
import type { Ping, PingReply } from "../wire.ts";
import { type HubLink, onlineWorkers } from "./hub-link.ts";
import type { Membership } from "./membership.ts";
import { successorOf } from "./takeover.ts";

export interface PingAnswerParts {
  readonly deps: ClusterDeps;
  readonly registry: Registry;
  readonly membership: Membership;
  readonly link: HubLink;
  readonly portrait: SelfDescription;
  readonly positions: JournalPositions;
  readonly peers: PeerClones;
}

/**
 * What a node tells another that pings it: where it stands, and as a hub what has changed in the
 * registry. @throws Problem `foreign_cluster`, `directory_copied` for the later of two with one key.
 */
export function answerPing(ping: Ping, signer: string, parts: PingAnswerParts): PingReply {
  const { registry, link } = parts;
  const { identity, settings, bootId } = parts.deps;
  if (ping.cluster !== settings.cluster) {
    throw new Problem("foreign_cluster", `This node belongs to cluster "${settings.cluster}".`);
  }
  parts.peers.heard(signer, ping.boot_id);
  parts.positions.hear(signer, ping, true);
  const { role, hub } = parts.membership.state;
  const isHub = role === "hub";
  const listed = isHub && registry.get(signer)?.bootId === ping.boot_id;
  if (listed) registry.see(signer);
  // Whoever asks about the hub should hear what is true now, not what was 400 ms ago.
  if (ping.lost_hub !== null) link.check();
  return prove(identity, ping.challenge, {
    node_id: identity.nodeId,
    boot_id: bootId,
    standing: parts.portrait.standing(),
    listed,
    lost: ping.lost_hub === null ? null : link.hasLost(ping.lost_hub),
    successor: successorOf(onlineWorkers(registry, hub ?? "")) ?? null,
    registry: ping.registry && isHub ? registry.delta(ping.registry) : null,
    ...parts.positions.tellBriefly(signer),
  });
}
