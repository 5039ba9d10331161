import { shareKey } from "../../discovery/addresses.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import { SharedRoom } from "../../platform/room.ts";
import type { MessageSocket, SocketListener } from "../../platform/sockets.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { sourceOf } from "../registry/claimant.ts";
import { type Relay, type RelayedReply, timeoutOf } from "./messages.ts";
import { RelayEnd, type TunnelViewer } from "./relay-end.ts";

export interface IncomingTunnelsDeps {
  readonly deps: Pick<ClusterDeps, "timers" | "log">;
  readonly table: PeerTable;
  readonly isMember: (nodeId: string) => boolean;
  readonly ownHost: () => string;
}

/** A tunnel that another node opens to this one. */
export interface IncomingTunnel {
  readonly listener: SocketListener;
  open(socket: MessageSocket): void;
}

/** The sender of a request for another node, or of one that was relayed. */
export interface Bearer {
  readonly signer: string | undefined;
  readonly remoteAddress: string;
  /** Received from another node. */
  readonly isPassedOn?: boolean;
}

interface Held {
  readonly end: RelayEnd;
  /** The share key of the address that it came from. */
  readonly share: string | undefined;
}

/** The tunnels that end at this node, by the node that holds each. */
export class IncomingTunnels {
  readonly #with: IncomingTunnelsDeps;
  readonly #tunnels = new Map<string, Held>();
  readonly #room = new SharedRoom(
    LIMITS.tunnelsUnfinishedBytesMax,
    LIMITS.tunnelsUnfinishedBytesPerSourceMax,
  );

  constructor(withDeps: IncomingTunnelsDeps) {
    this.#with = withDeps;
  }

  /** Whether the node holds a tunnel to this one. */
  holds(nodeId: string): boolean {
    return this.#tunnels.has(nodeId);
  }

  /**
   * A node opens a tunnel. Its previous one is closed: it would not open another if that one still
   * worked.
   * @throws Problem `bad_signature` unless it is signed, `not_trusted` for a node that has not
   * shaken hands or is not a member, `too_many`.
   */
  accept({ signer, remoteAddress }: Bearer): IncomingTunnel {
    const { deps, table, isMember } = this.#with;
    if (signer === undefined)
      throw new Problem("bad_signature", "This request must be signed by a node.");
    if (table.get(signer)?.described === undefined || !isMember(signer)) {
      throw new Problem(
        "not_trusted",
        "Only a node that has completed a handshake may open a tunnel here.",
      );
    }
    const share = shareKey(remoteAddress);
    this.#refuseCrowd(signer, share);
    const end = new RelayEnd(deps.timers, this.#room.of(share), (reason) => {
      if (this.#tunnels.get(signer)?.end !== end) return;
      this.#tunnels.delete(signer);
      deps.log.info("tunnel closed", { node_id: signer, reason });
    });
    return {
      listener: end.listener,
      open: (socket) => {
        const before = this.#tunnels.get(signer);
        this.#tunnels.set(signer, { end, share });
        before?.end.close("replaced");
        end.open(socket);
        deps.log.info("tunnel open", { node_id: signer, from: remoteAddress });
      },
    };
  }

  /**
   * Asks the node behind a tunnel; rejects with NetworkError.
   * @param remoteAddress the requester's IP; this node itself unless given
   */
  async ask(nodeId: string, relay: Relay, remoteAddress?: string): Promise<RelayedReply> {
    const [source, share] = this.#askerAt(remoteAddress);
    const held = this.#tunnels.get(nodeId);
    if (!held) {
      throw new NetworkError("unreachable", `${nodeId} holds no tunnel to this node`);
    }
    return held.end.ask({ request: relay.request, source }, timeoutOf(relay), share);
  }

  /** Connects a viewer to the node behind a tunnel; undefined if it holds none. */
  watch(
    nodeId: string,
    path: string,
    remoteAddress: string,
    viewer: TunnelViewer,
  ): (() => void) | undefined {
    const [source, share] = this.#askerAt(remoteAddress);
    return this.#tunnels.get(nodeId)?.end.watch({ path, source }, viewer, share);
  }

  closeAll(): void {
    const tunnels = [...this.#tunnels.values()];
    this.#tunnels.clear();
    for (const { end } of tunnels) end.close("the node leaves");
  }

  /**
   * The origin that is reported to the node behind a tunnel, and the share that the request takes.
   */
  #askerAt(remoteAddress: string | undefined): readonly [source: string, share?: string] {
    const ownHost = this.#with.ownHost();
    if (remoteAddress === undefined) return [ownHost];
    const share = shareKey(remoteAddress);
    const source = sourceOf(remoteAddress, ownHost);
    return share === undefined ? [source] : [source, share];
  }

  #refuseCrowd(signer: string, share: string | undefined): void {
    const others = [...this.#tunnels].filter(([nodeId]) => nodeId !== signer);
    const near = share === undefined ? [] : others.filter(([, held]) => held.share === share);
    if (others.length < LIMITS.tunnelsMax && near.length < LIMITS.tunnelsPerSourceMax) return;
    throw new Problem("too_many", "Too many tunnels end here.");
  }
}
