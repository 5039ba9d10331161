import type { Role } from "../server-record.ts";
import { bestOf, type Candidate, outranks } from "./rank.ts";

/**
 * The decision of a node that has no hub, as a pure function of what it knows: whom to follow, whom
 * to dial next, or to lead itself. Nodes that start together dial only the best one they have seen,
 * so a node's cost does not grow with their number.
 */
export interface Sighting extends Candidate {
  /** As a backend or its own handshake has said. */
  readonly role: Role;
  /** Whom it follows, if it is a worker. */
  readonly hub: string | undefined;
  /** It does not hear that hub itself. */
  readonly isDeaf: boolean;
  /** Its key has answered lately where we dialled. A hub that we cannot dial is no hub for us. */
  readonly reached: boolean;
  /** Nobody has seen it of late: it is remembered. */
  readonly isHearsay: boolean;
  /** We have dialled it lately in vain. */
  readonly failed: boolean;
  /** It had the time to claim since we first saw it: it may have started long after us. */
  readonly isOverdue: boolean;
  /** It was given our URL as its hub's, or we were given its. */
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
}

export interface GatheringView {
  readonly self: Candidate;
  /** Others had the time to show themselves. */
  readonly windowOver: boolean;
  /** Those that were there when we started had the time to claim. */
  readonly patienceOver: boolean;
  /** A hub that was given by URL has neither answered nor had its time. */
  readonly awaitsGivenHub: boolean;
  readonly sightings: readonly Sighting[];
  /** Hubs that others name and nobody reaches had their time: anybody may have invented them. */
  readonly hubsOver: boolean;
}

export type GatheringDecision =
  | { readonly kind: "wait" }
  | { readonly kind: "claim" }
  | { readonly kind: "dial"; readonly nodeIds: readonly string[] }
  /** `via`: a worker that reaches the hub, which we do not. */
  | { readonly kind: "follow"; readonly nodeId: string; readonly via?: string };

const WAIT: GatheringDecision = { kind: "wait" };
const CLAIM: GatheringDecision = { kind: "claim" };
/** Of those that are only remembered some are gone: so many are dialled at once. */
const HEARSAY_DIALS = 3;

export function decideGathering(view: GatheringView): GatheringDecision {
  const { self, sightings, windowOver, patienceOver } = view;
  const defersToUs = ({ defersToUs: theirs, weDefer }: Sighting) =>
    self.mayClaim && theirs && !weDefer;
  // Whoever was told to follow us waits for it, or has led only while we were away.
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
    // It shows itself as hub any moment: only who would lead in its place finds out if it is there.
    const isExpected = !windowOver && !better.isHearsay && !better.weDefer;
    return better.reached || isExpected ? WAIT : dialOf(unreached(timely));
  }
  if (elsewhere && !patienceOver) return dialOf(unreached(sightings));
  // It is one hop: two that are deaf would follow a dead hub through each other.
  const guide = sightings.find((one) => one.reached && !one.isDeaf && one.hub !== undefined);
  if (guide?.hub !== undefined && guide.hub !== self.nodeId) {
    return { kind: "follow", nodeId: guide.hub, via: guide.nodeId };
  }
  return windowOver ? CLAIM : WAIT;
}

function unreached(sightings: readonly Sighting[]): readonly Sighting[] {
  return sightings.filter(({ reached, failed }) => !reached && !failed);
}

/** The best one; a few where it is not known who of them is there. */
function dialOf(sightings: readonly Sighting[]): GatheringDecision {
  const sorted = sightings.toSorted((a, b) => (outranks(a, b) ? -1 : 1));
  const count = sorted[0]?.isHearsay ? HEARSAY_DIALS : 1;
  const nodeIds = sorted.slice(0, count).map(({ nodeId }) => nodeId);
  return nodeIds.length > 0 ? { kind: "dial", nodeIds } : WAIT;
}
