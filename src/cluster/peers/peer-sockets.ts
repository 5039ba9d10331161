import { authorityOf } from "../../discovery/addresses.ts";
import { NetworkError } from "../../platform/network.ts";
import {
  type MessageSocket,
  type SocketListener,
  type SocketRequest,
  SWITCHING_PROTOCOLS,
} from "../../platform/sockets.ts";
import { ANSWERED_BY } from "../answered-by.ts";
import type { ClusterDeps } from "../deps.ts";
import { bearsProof } from "../identity/proof.ts";
import { signRequest } from "../identity/signature.ts";
import type { DialTarget } from "./dial-policy.ts";
import { signingFor } from "./peer.ts";
import type { PeerTable } from "./peer-table.ts";

/** The node to connect to, and where. */
export interface Place {
  readonly nodeId: string;
  readonly address: DialTarget;
}

/** The path to open. */
export interface Wish extends Pick<SocketRequest, "path" | "timeoutMs" | "messageBytesMax"> {
  /** Not signed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the answer must say about the node that serves the path; nothing unless given. */
  readonly answeredBy?: string;
}

/**
 * WebSockets to other nodes: signed for the receiver, and open only after its proof that it has
 * accepted the connection.
 */
export class PeerSockets {
  readonly #deps: Pick<ClusterDeps, "identity" | "clock" | "random" | "sockets">;
  readonly #table: PeerTable;

  constructor(
    deps: Pick<ClusterDeps, "identity" | "clock" | "random" | "sockets">,
    table: PeerTable,
  ) {
    this.#deps = deps;
    this.#table = table;
  }

  /** Rejects with NetworkError. */
  async connect(
    { nodeId, address }: Place,
    { headers = {}, answeredBy = "", ...wish }: Wish,
    listener: SocketListener,
  ): Promise<MessageSocket> {
    const key = this.#table.get(nodeId)?.key;
    if (!key) throw new NetworkError("unreachable", `${nodeId} is not known`);
    const { identity, clock, random, sockets } = this.#deps;
    const authority = authorityOf(address);
    const parts = { method: "GET", authority, path: wish.path, body: "" };
    const { publicKey } = key;
    const options = { audience: nodeId, ...signingFor(key) };
    const signed = signRequest(identity, parts, clock, random, options);
    const { connectTo } = address;
    return sockets.connect(
      {
        ...wish,
        origin: `http://${authority}`,
        ...(connectTo === undefined ? {} : { connectTo }),
        headers: { ...headers, ...signed },
        isTaken: (told) => {
          const answer = { status: SWITCHING_PROTOCOLS, headers: told, body: answeredBy };
          const isSaid = (told[ANSWERED_BY] ?? "") === answeredBy;
          return isSaid && bearsProof(publicKey, nodeId, { ...parts, headers: signed }, answer);
        },
      },
      listener,
    );
  }
}
