import type { Role } from "../server-record.ts";
import { bestOf, type Candidate, outranks } from "./rank.ts";

/**
 * The decision of a node without a hub, as a pure function of what it knows: whom to follow, whom
 * to dial next, or whether to lead. Nodes that start together dial only the best one they have
 * seen, so a node's cost does not grow with their number.
 */
export interface Sighting extends Candidate {
  /** As reported by a backend or its own handshake. */
  readonly role: Role;
  /** The hub that it follows, if it is a worker. */
  readonly hub: string | undefined;
  /** Its hub does not answer it. */
  readonly isDeaf: boolean;
  /** Its key has recently answered a dial. A hub that cannot be dialled cannot be followed. */
  readonly reached: boolean;
  /** Nobody has seen it recently: it is remembered. */
  readonly isHearsay: boolean;
  /** Recent dials of it have failed. */
  readonly failed: boolean;
  /** It has had time to claim since it was first seen: it may have started long after this node. */
  readonly isOverdue: boolean;
  /** It was given this node's URL as its hub's, or the other way round. */
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
}

export interface GatheringView {
  readonly self: Candidate;
  /** Other nodes have had time to appear. */
  readonly windowOver: boolean;
  /** Nodes that were present at the start have had time to claim. */
  readonly patienceOver: boolean;
  /** A hub that was given by URL has neither answered nor had its time. */
  readonly awaitsGivenHub: boolean;
  readonly sightings: readonly Sighting[];
  /**
   * Hubs that others name and that are not reached have had their time: anybody may have invented
   * them.
   */
  readonly hubsOver: boolean;
}

export type GatheringDecision =
  | { readonly kind: "wait" }
  | { readonly kind: "claim" }
  | { readonly kind: "dial"; readonly nodeIds: readonly string[] }
  /** `via`: a worker that reaches the hub, which this node does not. */
  | { readonly kind: "follow"; readonly nodeId: string; readonly via?: string };

const WAIT: GatheringDecision = { kind: "wait" };
const CLAIM: GatheringDecision = { kind: "claim" };
/** Some of the remembered nodes are gone: this many are dialled at once. */
const HEARSAY_DIALS = 3;

export function decideGathering(view: GatheringView): GatheringDecision {
  const { self, sightings, windowOver, patienceOver } = view;
  const defersToUs = ({ defersToUs: theirs, weDefer }: Sighting) =>
    self.mayClaim && theirs && !weDefer;
  // A node that was given this node's URL waits for it, or has led only during its absence.
  if (sightings.some((one) => defersToUs(one) && (one.role !== "worker" || !one.hub))) return CLAIM;
  const hubs = sightings.filter(({ role }) => role === "hub");
  const reached = bestOf(hubs.filter((hub) => hub.reached)) ?? hubs.find((hub) => hub.reached);
  if (reached) return { kind: "follow", nodeId: reached.nodeId };
  const hub = hubs.find(({ failed }) => !failed);
  if (hub && !view.hubsOver) return { kind: "dial", nodeIds: [hub.nodeId] };
  if (!self.mayClaim || view.awaitsGivenHub) return dialOf(unreached(sightings));
  const able = sightings.filter(
    (one) => one.role === "discovering" && !one.failed && (one.weDefer || outranks(one, self)),
  );
  const timely = able.filter(({ isOverdue }) => !isOverdue);
  const better = bestOf(timely);
  const elsewhere =
    !view.hubsOver && sightings.some((one) => one.role !== "discovering" && !one.failed);
  if (better) {
    // It may appear as a hub at any moment: only a node that would lead in its place checks whether
    // it exists.
    const isExpected = !windowOver && !better.isHearsay && !better.weDefer;
    return better.reached || isExpected ? WAIT : dialOf(unreached(timely));
  }
  if (elsewhere && !patienceOver) return dialOf(unreached(sightings));
  // A detour has one hop: two workers without contact would follow a dead hub through each other.
  const guide = sightings.find((one) => one.reached && !one.isDeaf && one.hub !== undefined);
  if (guide?.hub !== undefined && guide.hub !== self.nodeId) {
    return { kind: "follow", nodeId: guide.hub, via: guide.nodeId };
  }
  return windowOver ? CLAIM : WAIT;
}

function unreached(sightings: readonly Sighting[]): readonly Sighting[] {
  return sightings.filter(({ reached, failed }) => !reached && !failed);
}

/** The best one; several if it is unknown which of them exist. */
function dialOf(sightings: readonly Sighting[]): GatheringDecision {
  const sorted = sightings.toSorted((a, b) => (outranks(a, b) ? -1 : 1));
  const count = sorted[0]?.isHearsay ? HEARSAY_DIALS : 1;
  const nodeIds = sorted.slice(0, count).map(({ nodeId }) => nodeId);
  return nodeIds.length > 0 ? { kind: "dial", nodeIds } : WAIT;
}
