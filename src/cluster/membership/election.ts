import type { Term } from "../cluster.ts";
import type { Role } from "../server-record.ts";

/**
 * The role decision (DESIGN §7) as a pure state machine: what has happened goes in, what to do comes
 * out. It knows no clock, no network and no store; times are monotonic milliseconds of this node.
 */
export interface Candidate {
  readonly nodeId: string;
  readonly priority: number;
  readonly mayClaim: boolean;
}

/** Another node as a handshake has shown it. */
export interface Peer extends Candidate {
  readonly role: Role;
  readonly term: Term;
  /** Whom it follows, if it is a worker. */
  readonly hub: string | undefined;
  /** We have reached it by dialling it. A hub that we cannot dial is no hub for us. */
  readonly dialled: boolean;
  /** It has tried to dial us and could not. */
  readonly cannotDialUs: boolean;
  /** It was given our URL as its hub's, or we were given its. */
  readonly defersToUs: boolean;
  readonly weDefer: boolean;
  readonly metMs: number;
}

export interface ElectionState {
  readonly self: Candidate;
  readonly role: Role;
  readonly term: Term;
  readonly hub: string | undefined;
  /** Set while a claim is being written down. */
  readonly claiming: Term | undefined;
  /** While discovering: when to decide, and until when to leave a better one the first word. */
  readonly decideAtMs: number;
  readonly patienceUntilMs: number;
  /** The hub has fallen silent. */
  readonly suspect: boolean;
  readonly peers: ReadonlyMap<string, Peer>;
}

export type ElectionEvent =
  | { readonly kind: "started"; readonly nowMs: number; readonly windowMs: number }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "met"; readonly nowMs: number; readonly peer: Peer }
  | { readonly kind: "gone"; readonly nodeId: string }
  | { readonly kind: "suspected"; readonly suspect: boolean }
  /** This node must not lead any more. */
  | { readonly kind: "barred" }
  /** The takeover's rules (takeover.ts) say that it is our turn. */
  | { readonly kind: "succeed"; readonly nowMs: number }
  | { readonly kind: "term_saved"; readonly nowMs: number; readonly term: Term };

export type ElectionAction =
  /** Write the term down, then answer with `term_saved`. */
  | { readonly kind: "save_term"; readonly term: Term }
  | { readonly kind: "lead"; readonly predecessor: string | undefined }
  | { readonly kind: "follow"; readonly nodeId: string }
  /** Find out whether we can reach this one. */
  | { readonly kind: "dial"; readonly nodeId: string };

export interface Step {
  readonly state: ElectionState;
  readonly actions: readonly ElectionAction[];
}

/** What a peer says while discovering is worth this long: a window and the longest mDNS delay. */
const PEER_FRESH_MS = 4_000;
/** After its own window a node leaves a better one this long to claim. */
const PATIENCE_MS = 1_500;

export function initialElection(self: Candidate, term: Term): ElectionState {
  return {
    self,
    role: "discovering",
    term,
    hub: undefined,
    claiming: undefined,
    decideAtMs: 0,
    patienceUntilMs: 0,
    suspect: false,
    peers: new Map(),
  };
}

/** Whether `a` is the better hub: by priority, then by node id; both never change. */
export function outranks(a: Candidate, b: Candidate): boolean {
  if (a.mayClaim !== b.mayClaim) return a.mayClaim;
  return a.priority === b.priority ? a.nodeId > b.nodeId : a.priority > b.priority;
}

/** The same between us and a peer, where a node that was given the other's URL gives way to it. */
export function peerOutranksUs(self: Candidate, peer: Peer): boolean {
  if (peer.weDefer !== peer.defersToUs) return peer.weDefer;
  return outranks(peer, self);
}

/** It was given our URL as its hub's, and we may lead. */
function peerIsOurs(self: Candidate, peer: Peer): boolean {
  return self.mayClaim && peer.defersToUs && !peer.weDefer;
}

export function newerTerm(a: Term, b: Term): Term {
  if (a.counter !== b.counter) return a.counter > b.counter ? a : b;
  return a.node_id > b.node_id ? a : b;
}

export function elect(state: ElectionState, event: ElectionEvent): Step {
  switch (event.kind) {
    case "started":
      return none({
        ...state,
        role: "discovering",
        hub: undefined,
        claiming: undefined,
        suspect: false,
        decideAtMs: event.nowMs + event.windowMs,
        patienceUntilMs: event.nowMs + event.windowMs + PATIENCE_MS,
      });
    case "tick":
      return decide(state, event.nowMs);
    case "met":
      return meet(remember(state, event.peer), event.peer);
    case "gone":
      return none({ ...state, peers: without(state.peers, event.nodeId) });
    case "suspected":
      return none({ ...state, suspect: event.suspect });
    case "barred":
      return none({ ...state, self: { ...state.self, mayClaim: false }, claiming: undefined });
    case "succeed":
      return state.role === "worker" ? claim(state) : none(state);
    case "term_saved":
      return lead(state, event.term);
  }
}

/** While discovering, once the window is over and no hub has shown itself. */
function decide(state: ElectionState, nowMs: number): Step {
  const waiting = state.role !== "discovering" || state.claiming !== undefined;
  if (waiting || nowMs < state.decideAtMs || !state.self.mayClaim) return none(state);
  const fresh = [...state.peers.values()].filter((peer) => peer.metMs > nowMs - PEER_FRESH_MS);
  const better = fresh.some(
    (peer) => peer.role === "discovering" && peer.mayClaim && peerOutranksUs(state.self, peer),
  );
  // A worker's hub, or a hub that has dialled us: we may be able to reach it yet.
  const elsewhere = fresh.some(
    (peer) => (peer.role === "hub" || peer.hub !== undefined) && !peerIsOurs(state.self, peer),
  );
  if ((better || elsewhere) && nowMs < state.patienceUntilMs) return none(state);
  return claim(state);
}

function claim(state: ElectionState): Step {
  if (state.claiming) return none(state);
  const term = { counter: state.term.counter + 1, node_id: state.self.nodeId };
  return { state: { ...state, claiming: term }, actions: [{ kind: "save_term", term }] };
}

function lead(state: ElectionState, term: Term): Step {
  // A hub has shown itself while the claim was being written: it stands, ours does not.
  if (state.claiming?.counter !== term.counter) return none(state);
  const led: ElectionState = {
    ...state,
    role: "hub",
    term: newerTerm(term, state.term),
    hub: state.self.nodeId,
    claiming: undefined,
    suspect: false,
  };
  if (state.role === "hub") return none(led);
  return { state: led, actions: [{ kind: "lead", predecessor: state.hub }] };
}

function meet(state: ElectionState, peer: Peer): Step {
  if (peer.role !== "hub") return none(state);
  switch (state.role) {
    case "discovering":
      // It was told to follow us, and led only while we were away.
      if (peerIsOurs(state.self, peer)) return claim(state);
      return peer.dialled ? follow(state, peer) : dial(state, peer);
    case "worker":
      // Whoever has a hub keeps it: where there are two, they settle it between them.
      if (peer.nodeId === state.hub || !state.suspect) return none(state);
      return peer.dialled ? follow(state, peer) : dial(state, peer);
    case "hub":
      return meetHub(state, peer);
  }
}

/** Two hubs: the lower yields, but only to one it has dialled itself. */
function meetHub(state: ElectionState, peer: Peer): Step {
  if (peerOutranksUs(state.self, peer)) {
    return peer.dialled ? follow(state, peer) : dial(state, peer);
  }
  // One that cannot be dialled back yields whatever its rank: the others could not reach it as a hub.
  if (peer.cannotDialUs && peer.dialled) return follow(state, peer);
  if (newerTerm(peer.term, state.term) !== peer.term || state.claiming) return none(state);
  return claim({ ...state, term: peer.term });
}

function follow(state: ElectionState, peer: Peer): Step {
  return {
    state: {
      ...state,
      role: "worker",
      hub: peer.nodeId,
      term: newerTerm(state.term, peer.term),
      claiming: undefined,
      suspect: false,
    },
    actions: [{ kind: "follow", nodeId: peer.nodeId }],
  };
}

function dial(state: ElectionState, peer: Peer): Step {
  return { state, actions: [{ kind: "dial", nodeId: peer.nodeId }] };
}

/** Keeps who takes part in the decision, and the highest counter that anybody has named. */
function remember(state: ElectionState, peer: Peer): ElectionState {
  const counter = Math.max(state.term.counter, peer.term.counter);
  // As a hub our term is our claim; it grows only when two hubs merge.
  const term =
    state.role === "hub" || counter === state.term.counter ? state.term : { ...peer.term, counter };
  if (state.role !== "discovering") return { ...state, term };
  const peers = new Map(without(state.peers, peer.nodeId));
  peers.set(peer.nodeId, peer);
  return { ...state, term, peers: new Map([...peers].slice(-PEERS_REMEMBERED_MAX)) };
}

/** Of a thousand that start at once, the best few dozen decide; the others only follow. */
const PEERS_REMEMBERED_MAX = 1024;

function without(peers: ReadonlyMap<string, Peer>, nodeId: string): ReadonlyMap<string, Peer> {
  return new Map([...peers].filter(([key]) => key !== nodeId));
}

function none(state: ElectionState): Step {
  return { state, actions: [] };
}
