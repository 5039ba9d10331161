import { type HttpResponse, NetworkError } from "../../platform/network.ts";
import { nonceIn } from "../identity/http-signature.ts";
import { bearsProof } from "../identity/proof.ts";
import type { PeerReply } from "../peer-route.ts";
import {
  RELAY_PATH,
  type Relay,
  type RelayedReply,
  type RelayedRequest,
  relayedReplySchema,
} from "../tunnel/messages.ts";
import type { PeerKey } from "./peer.ts";

/** Tunnels to nodes that cannot be dialled. */
export interface Tunnels {
  holds(nodeId: string): boolean;
  /** Rejects with NetworkError. */
  ask(nodeId: string, relay: Relay): Promise<RelayedReply>;
}

export const NO_TUNNELS: Tunnels = {
  holds: () => false,
  ask: async (nodeId) => {
    throw new NetworkError("unreachable", `${nodeId} holds no tunnel to this node`);
  },
};

/**
 * RFC 6585 section 4: the answering node has no room, which says nothing about the node behind it.
 */
export const TOO_MANY = 429;

/** A request, signed or not. */
export type PlainRequest = Pick<RelayedRequest, "method" | "path" | "body"> & {
  readonly headers: Readonly<Record<string, string>>;
};

export interface RelayedExchangeDeps {
  /** This node. */
  readonly nodeId: string;
  readonly tunnels: () => Tunnels;
  /** A signed POST to the relay. */
  readonly send: (
    relay: string,
    path: string,
    body: unknown,
    timeoutMs: number,
  ) => Promise<PeerReply>;
}

/**
 * Sends a request through the node that holds the other one's tunnel, which may be this node. The
 * relay is not trusted: an answer to a signed request counts only with the proof of the node behind
 * it.
 */
export class RelayedExchange {
  readonly #with: RelayedExchangeDeps;

  constructor(withDeps: RelayedExchangeDeps) {
    this.#with = withDeps;
  }

  /**
   * Rejects with NetworkError.
   * @param key the other node's; without it no answer can be verified
   */
  async ask(
    nodeId: string,
    relay: string,
    request: PlainRequest,
    { timeoutMs, key }: { readonly timeoutMs: number; readonly key?: PeerKey },
  ): Promise<HttpResponse> {
    const asked: Relay = { request, timeout_ms: timeoutMs };
    const reply =
      relay === this.#with.nodeId
        ? await this.#with.tunnels().ask(nodeId, asked)
        : await this.#askRelay(nodeId, relay, asked);
    if (nonceIn(request.headers) === undefined || key === undefined) return reply;
    if (bearsProof(key.publicKey, nodeId, request, reply)) return reply;
    throw new NetworkError("unreachable", `the answer of ${nodeId} through ${relay} is not proven`);
  }

  async #askRelay(nodeId: string, relay: string, asked: Relay): Promise<RelayedReply> {
    const path = RELAY_PATH(nodeId);
    const { status, body } = await this.#with.send(relay, path, asked, asked.timeout_ms);
    const reply = status === 200 ? relayedReplySchema.safeParse(body).data : undefined;
    if (reply) return reply;
    const failure = status === TOO_MANY ? "busy" : "unreachable";
    throw new NetworkError(failure, `${nodeId} is not reached through ${relay}: ${status}`);
  }
}
