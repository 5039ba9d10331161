import type { Address, BackendStatus } from "../discovery/backend.ts";
import type { CheckupReport } from "./checkup/checkup.ts";
import type { Positions } from "./clones/journal-positions.ts";
import type { Verifier } from "./identity/signature.ts";
import type { LeaseView } from "./membership/lease-keeper.ts";
import type { PeerReply, PeerRoute } from "./peer-route.ts";
import type { PeerSockets } from "./peers/peer-sockets.ts";
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

/** What a server must have to be listed; of tags, capabilities and resources all that are named. */
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

/** Who leads, as this node sees it now. */
export interface ClusterView {
  readonly cluster: string;
  readonly role: Role;
  /** Why it is that, where the operator may not expect it; one line. */
  readonly roleReason: string | undefined;
  /** Undefined while discovering. Our own record when we are hub. */
  readonly hub: ServerRecord | undefined;
  readonly term: Term;
  readonly backends: readonly BackendStatus[];
  /** The lease by which the hub is decided; undefined where the nodes decide. */
  readonly lease: LeaseView | undefined;
  /** Since when nobody else is there, and why that may be; undefined while somebody is. */
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
  /** The label of the tank's server when the alias was given. */
  readonly server_id: string;
  readonly tank_id: string;
}

/** The aliases of this node, kept over restarts. */
export interface AliasBook {
  list(): readonly Alias[];
  /**
   * Gives the tank that `tank` means a name of its own; the conflict rule decides where the name is
   * taken. @throws Problem `invalid`, `unknown_tank`, `conflict`, `too_many`
   */
  give(alias: string, tank: string): Promise<Alias>;
  /** @throws Problem `unknown_alias` */
  remove(alias: string): Promise<void>;
}

/** What came of the wish to use a hub. */
export interface JoinResult {
  /** Whether a node of this cluster has answered there: one with our secret, if there is any. */
  readonly met: boolean;
  /** What was met, or why not; a sentence without its full stop. */
  readonly detail: string;
}

/**
 * Who we are together: registry, role, liveness, and the one client through which a node speaks to
 * others. Soft state throughout; nothing durable depends on it.
 */
export interface Cluster {
  readonly nodeId: string;
  /** The label under which this node is listed. */
  readonly serverId: string;
  /** What {@link Cluster.view} says, without the rest of it, which takes work. */
  readonly role: Role;
  /** Who this node is to those that sign what they ask, and what it has heard of them. */
  readonly verifier: Verifier;
  /** What keeps a copied or rewound data directory from doubling fish. */
  readonly positions: Positions;
  /** Reads what other nodes have said of their positions; before anything of theirs is decided. */
  recall(): Promise<void>;
  /** Starts discovery and the role decision; resolves at once, see {@link Cluster.decided}. */
  start(): Promise<void>;
  /** Tells the others that this node leaves, and stops. */
  stop(): Promise<void>;
  /**
   * Uses this hub from now on, also after a restart, as if it had been given by `--hub`. Resolves
   * when it has answered or is known not to; one that does not answer is tried again.
   * @throws Problem `not_ready` while the node stops
   */
  join(hub: Address): Promise<JoinResult>;
  /**
   * Leaves the cluster as a stopping node does, and forgets the hub that was joined. The node goes
   * on alone and neither searches nor lets itself be found, until it joins a hub or is started
   * again.
   */
  leave(): Promise<void>;
  /** Resolves when the first role decision has been made. */
  readonly decided: Promise<void>;
  view(): ClusterView;
  /** This node's own record: counts its tanks and reads the machine's networks. */
  self(): ServerRecord;
  /**
   * The members, this node included, and the servers without a key, which are marked so; hub first,
   * then by server_id. Never two online hubs.
   */
  servers(filter?: ServerFilter): readonly ServerRecord[];
  /** By server_id, else by node_id. */
  server(id: string): ServerRecord | undefined;
  tanksOf(nodeId: string): readonly AnnouncedTank[];
  readonly aliases: AliasBook;
  /** Tries the ways to the other members and back; takes up to twelve seconds. */
  examine(): Promise<CheckupReport>;
  /**
   * Where a tank lives, by an alias of this node, tank_id, `SERVER::TANK`, or a name that the
   * conflict rule gives to one tank. @throws Problem `conflict` for a name that several tanks share
   */
  locate(tank: string): TankLocation | undefined;
  /**
   * A signed request to a node that has been confirmed by a handshake. The reply is believed only
   * as far as the caller's schema reads it. Rejects with NetworkError, or Problem `unknown_server`.
   */
  call(nodeId: string, method: "GET" | "POST", path: string, body?: unknown): Promise<PeerReply>;
  /**
   * What a node answers to a GET, with its proof that it has said so: whoever else answers where it
   * is dialled is not believed. Rejects as {@link Cluster.call}.
   */
  read(nodeId: string, path: string): Promise<PeerReply>;
  /**
   * What comes to this node through others is answered by this from now on: its own API.
   */
  serveWith(service: LocalService): void;
  /** Tunnels that end here. */
  readonly tunnels: Pick<IncomingTunnels, "accept" | "holds" | "watch">;
  /** What is passed on to other nodes. */
  readonly relays: Pick<Relays, "passOn" | "answer" | "proofOf" | "waysTo">;
  /** WebSockets of other nodes. */
  readonly sockets: Pick<PeerSockets, "connect">;
  /** How much of that. */
  readonly passage: Pick<Passage, "read" | "admit">;
  /** Routes of the handshake, liveness and both families of discovery endpoints. */
  routes(): readonly PeerRoute[];
  /** After every change of role, hub, or any server's status. */
  onChange(listener: () => void): () => void;
}
