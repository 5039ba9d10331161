import type { Address, BackendStatus } from "../discovery/backend.ts";
import type { Obey, Orders } from "./admission/orders.ts";
import type { CheckupReport } from "./checkup/checkup.ts";
import type { Positions } from "./clones/journal-positions.ts";
import type { Verifier } from "./identity/signature.ts";
import type { LeaseView } from "./membership/lease-keeper.ts";
import type { PeerReply, PeerRoute } from "./peer-route.ts";
import type { PeerSockets } from "./peers/peer-sockets.ts";
import type { Placement } from "./placement/placement.ts";
import type { AnnouncedTank, Role, ServerRecord, ServerStatus } from "./server-record.ts";
import type { SolitudeReport } from "./solitude/solitude.ts";
import type { IncomingTunnels } from "./tunnel/incoming-tunnels.ts";
import type { LocalService } from "./tunnel/node-end.ts";
import type { Passage } from "./tunnel/passage.ts";
import type { Relays } from "./tunnel/relays.ts";

/** A claim to be hub. Higher counters are newer; the node id makes equal counters comparable. */
export interface Term {
  readonly counter: number;
  readonly node_id: string;
}

/**
 * Conditions for a server to be listed. Of tags, capabilities and resources it must have all that
 * are named.
 */
export interface ServerFilter {
  readonly status?: ServerStatus;
  readonly role?: Role;
  readonly tags?: readonly string[];
  readonly capabilities?: readonly string[];
  /** Each as `KEY=VALUE`, compared as text. */
  readonly resources?: readonly string[];
  readonly region?: string;
  readonly zone?: string;
}

/** Who is hub, as this node sees it now. */
export interface ClusterView {
  readonly cluster: string;
  readonly role: Role;
  /** Why this node has its role, if the operator may not expect it; one line. */
  readonly roleReason: string | undefined;
  /** Undefined while discovering. This node's own record if it is the hub. */
  readonly hub: ServerRecord | undefined;
  readonly term: Term;
  readonly backends: readonly BackendStatus[];
  /** The lease that decides the hub; undefined if the nodes decide. */
  readonly lease: LeaseView | undefined;
  /** Since when no other node is there, and why that may be; undefined while there is one. */
  readonly alone: SolitudeReport | undefined;
}

export interface TankLocation {
  readonly node_id: string;
  readonly server_id: string;
  readonly tank: AnnouncedTank;
  readonly is_local: boolean;
}

/** A name that this node has for a tank of any node. */
export interface Alias {
  readonly alias: string;
  readonly node_id: string;
  /** The label of the tank's server when the alias was created. */
  readonly server_id: string;
  readonly tank_id: string;
}

/** The aliases of this node, kept across restarts. */
export interface AliasBook {
  list(): readonly Alias[];
  /**
   * Gives the tank that `tank` denotes an alias; the conflict rule decides if the name is taken.
   * @throws Problem `invalid`, `unknown_tank`, `conflict`, `too_many`
   */
  give(alias: string, tank: string): Promise<Alias>;
  /** @throws Problem `unknown_alias` */
  remove(alias: string): Promise<void>;
}

/** The result of an attempt to join a hub. */
export interface JoinResult {
  /**
   * Whether a node of this cluster has answered there: one with the same secret, if this node has
   * one.
   */
  readonly met: boolean;
  /** What was met, or why nothing was; a sentence without its full stop. */
  readonly detail: string;
}

/**
 * The cluster as this node sees it: registry, role, liveness, and the only client through which the
 * node talks to others. Soft state throughout; nothing durable depends on it.
 */
export interface Cluster {
  readonly nodeId: string;
  /** The label under which this node is listed. */
  readonly serverId: string;
  /** The role and hub of {@link Cluster.view}, without the parts that are expensive to compute. */
  readonly role: Role;
  /** Verifies signed requests to this node, and remembers their nonces. */
  readonly verifier: Verifier;
  /** Keeps a copied or restored data directory from doubling fish. */
  readonly positions: Positions;
  /**
   * Loads what other nodes have stated about their positions; before any of their transfers is
   * decided.
   */
  recall(): Promise<void>;
  /**
   * Whether a node is one of this cluster and not just a key, of which anybody can make any number:
   * it knows the secret, or without a secret has answered where it was dialled or through a relay;
   * or the hub says so of it; or fish were exchanged with it while it was known.
   */
  knows(nodeId: string): boolean;
  /** Starts discovery and the role decision; resolves at once, see {@link Cluster.decided}. */
  start(): Promise<void>;
  /** Tells the other nodes that this node leaves, and stops. */
  stop(): Promise<void>;
  /**
   * Uses this hub from now on, also after a restart, as if it had been given by `--hub`. Resolves
   * when it has answered or is known not to; one that does not answer is tried again.
   * @throws Problem `not_ready` while the node stops
   */
  join(hub: Address): Promise<JoinResult>;
  /**
   * Leaves the cluster as a stopping node does, and forgets the joined hub. The node continues
   * alone. It neither searches nor can be found until it joins a hub or is started again.
   */
  leave(): Promise<void>;
  /** Resolves when the first role decision has been made. */
  readonly decided: Promise<void>;
  view(): ClusterView;
  /** This node's own record: counts its tanks and reads the networks of the machine. */
  self(): ServerRecord;
  /**
   * The members, this node included, and the servers without a key, which are marked as such; hub
   * first, then by server_id. Never contains two online hubs.
   */
  servers(filter?: ServerFilter): readonly ServerRecord[];
  /** By server_id, else by node_id. */
  server(id: string): ServerRecord | undefined;
  tanksOf(nodeId: string): readonly AnnouncedTank[];
  readonly aliases: AliasBook;
  /** Tests the connections to the other members and back; takes up to twelve seconds. */
  examine(): Promise<CheckupReport>;
  /**
   * Where a tank lives, by an alias of this node, tank_id, `SERVER::TANK`, or a name that the
   * conflict rule gives to one tank. @throws Problem `conflict` for a name that several tanks share
   */
  locate(tank: string): TankLocation | undefined;
  /**
   * Where a tank of another node was found last, within a minute: for one that no list names now,
   * as while it moves.
   */
  lastPlace(tank: string): TankLocation | undefined;
  /**
   * A signed request to a node that a handshake has confirmed. Use of the reply must be limited to
   * what the caller's schema parses. Rejects with NetworkError, or Problem `unknown_server`.
   */
  call(nodeId: string, method: "GET" | "POST", path: string, body?: unknown): Promise<PeerReply>;
  /**
   * A node's answer to a GET, with its proof that the answer is its own: any other program that
   * answers at its address is not trusted. Rejects like {@link Cluster.call}.
   */
  read(nodeId: string, path: string): Promise<PeerReply>;
  /** From now on this handles requests that reach this node through others: its own API. */
  serveWith(service: LocalService): void;
  /** Where tanks are to be created or moved to. */
  readonly placement: Pick<Placement, "candidates" | "loads" | "placed" | "reserve">;
  /** Control of other nodes, which obey under a common secret only. */
  readonly orders: Pick<Orders, "mayGive" | "give" | "refusal">;
  /** From now on this executes orders of other nodes: its own API. */
  obeyWith(obey: Obey): void;
  /** Tunnels that end at this node. */
  readonly tunnels: Pick<IncomingTunnels, "accept" | "holds" | "watch">;
  /** Requests that this node passes on to other nodes. */
  readonly relays: Pick<Relays, "passOn" | "answer" | "proofOf" | "waysTo" | "noteUnreached">;
  /** WebSockets of other nodes. */
  readonly sockets: Pick<PeerSockets, "connect">;
  /** Counters of these. */
  readonly passage: Pick<Passage, "read" | "admit">;
  /** Routes of the handshake, of liveness, and of both families of discovery endpoints. */
  routes(): readonly PeerRoute[];
  /** Called after every change of role, hub, or any server's status. */
  onChange(listener: () => void): () => void;
}
