import { authorityOf } from "../../discovery/addresses.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { type HttpResponse, type Network, NetworkError } from "../../platform/network.ts";
import type { Random } from "../../platform/random.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { type PresenceProof, proofIn } from "../clones/presence.ts";
import type { Identity } from "../identity/identity.ts";
import { bearsProof } from "../identity/proof.ts";
import { signRequest } from "../identity/signature.ts";
import type { PeerReply } from "../peer-route.ts";
import { problemCodeOf } from "../problem-code.ts";
import { type DialTarget, throughRelay } from "./dial-policy.ts";
import { isDialable, isReady, type Peer, type PeerKey, placesOf, signingFor } from "./peer.ts";
import type { PeerTable } from "./peer-table.ts";
import {
  NO_TUNNELS,
  type PlainRequest,
  RelayedExchange,
  TOO_MANY,
  type Tunnels,
} from "./relayed-exchange.ts";

export interface PeerClientDeps {
  readonly identity: Identity;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly table: PeerTable;
  /** Another node refuses this one as the later of two with one key, with proof. */
  readonly onCloneProof: (proof: PresenceProof) => void;
}

/** An answer with its round-trip time, without the time for JSON, signatures and a handshake. */
export interface PeerAnswer extends PeerReply {
  readonly rttMs: number;
}

export interface SendOptions {
  readonly timeoutMs: number;
  /**
   * Through a third node if there is no other way. Not for questions whether the other is alive:
   * the answer would be about the third.
   */
  readonly mayBeRelayed?: boolean;
  /**
   * An answer over a direct connection also needs the node's proof: for routes that answer anybody,
   * for any node.
   */
  readonly mustBeProven?: boolean;
  /** Do not repeat after a new handshake. */
  readonly isOnce?: boolean;
  /** Called when a connection is established. */
  readonly onConnected?: () => void;
}

/** How a request is signed, as far as the other node is known. */
export interface Addressed extends SendOptions {
  readonly audience?: string;
  readonly key?: PeerKey;
}

/** The options of a request, and what is known about its receiver. */
type Asked = SendOptions & Pick<Addressed, "audience" | "key">;

/**
 * Connection timeout of requests that may be relayed: a firewall that drops packets does not
 * answer. Within this time Linux has tried twice, so one lost packet is not taken for a firewall
 * (RFC 6298: 1 s, then 2 s).
 */
export const CONNECT_TIMEOUT_MS = 2_000;

export type PeerMethod = "GET" | "POST" | "DELETE";

/**
 * The only client for requests to other nodes: everything is signed, bounded, timed and counted.
 */
export class PeerClient {
  readonly #deps: PeerClientDeps;
  /** Repeats the handshake; set later, since the handshake itself uses this client. */
  renew: (nodeId: string) => Promise<boolean> = async () => false;
  /** The tunnels that end here; set later, since they use this client as well. */
  tunnels: Tunnels = NO_TUNNELS;
  readonly #relayed: RelayedExchange;

  constructor(deps: PeerClientDeps) {
    this.#deps = deps;
    this.#relayed = new RelayedExchange({
      nodeId: deps.identity.nodeId,
      tunnels: () => this.tunnels,
      send: (relay, path, body, timeoutMs) => this.send(relay, "POST", path, body, { timeoutMs }),
    });
  }

  /**
   * A signed request to a node whose key is known. A request that is refused for its signature, as
   * after a jump of a clock, is repeated once after a new handshake. If an address does not answer
   * the next is tried, but only if the request cannot have arrived; the one that answered is tried
   * first from then on.
   * @throws NetworkError, or Problem `unknown_server` if the node has not shaken hands.
   */
  async send(
    nodeId: string,
    method: PeerMethod,
    path: string,
    body: unknown,
    options: SendOptions,
  ): Promise<PeerAnswer> {
    // A refused connection may have cleared its key.
    if (!isReady(this.#deps.table.get(nodeId))) await this.renew(nodeId);
    const reply = await this.#sendOnce(nodeId, method, path, body, options);
    if (options.isOnce || !isElsewhere(reply) || !(await this.renew(nodeId))) return reply;
    return this.#sendOnce(nodeId, method, path, body, options);
  }

  async #sendOnce(
    nodeId: string,
    method: PeerMethod,
    path: string,
    body: unknown,
    options: SendOptions,
  ): Promise<PeerAnswer> {
    const { table, clock } = this.#deps;
    const peer = table.get(nodeId);
    if (!isReady(peer)) throw new Problem("unknown_server", `${nodeId} has not been met yet.`);
    const { key } = peer;
    const relay = this.#ownRelay(peer) ?? (options.mayBeRelayed ? peer.relay : undefined);
    const addressed = { ...options, audience: nodeId, key };
    if (relay !== undefined) return this.#sendThrough(nodeId, relay, method, path, body, addressed);
    let failure = new NetworkError("unreachable", `${nodeId} has no address`);
    for (const address of placesOf(peer)) {
      try {
        const reply = await this.sendTo(address, method, path, body, addressed);
        if (address !== peer.addresses[0]) table.noteWorked(nodeId, address, clock.monotonicMs());
        return reply;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        failure = error;
        if (error.failure !== "refused" && error.failure !== "unreachable") break;
      }
    }
    throw failure;
  }

  /** This node relays itself to a node that holds a tunnel to it. */
  #ownRelay(peer: Peer): string | undefined {
    const isBehind = isDialable(peer) !== true && this.tunnels.holds(peer.id);
    return isBehind ? this.#deps.identity.nodeId : undefined;
  }

  /** To a node that is not dialled. After a failure the next request begins with a handshake. */
  async #sendThrough(
    nodeId: string,
    relay: string,
    method: PeerMethod,
    path: string,
    body: unknown,
    addressed: Addressed,
  ): Promise<PeerAnswer> {
    try {
      return await this.sendTo(throughRelay(nodeId, relay), method, path, body, addressed);
    } catch (error) {
      const isBusy = error instanceof NetworkError && error.failure === "busy";
      if (!isBusy) this.#deps.table.update(nodeId, { key: undefined, relay: undefined });
      throw error;
    }
  }

  /** A signed request to an address. Only the handshake sends to nodes that are not pinned. */
  async sendTo(
    address: DialTarget,
    method: PeerMethod,
    path: string,
    body: unknown,
    options: Addressed,
  ): Promise<PeerAnswer> {
    const { identity, clock, random } = this.#deps;
    const text = body === undefined ? "" : JSON.stringify(body);
    const authority = authorityOf(address);
    const { audience, key } = options;
    const signed = signRequest(identity, { method, authority, path, body: text }, clock, random, {
      ...(audience === undefined ? {} : { audience }),
      ...(key === undefined ? {} : signingFor(key)),
    });
    return this.#exchange(address, method, path, text, options, signed);
  }

  /** An unsigned GET: the first question of a handshake, to an unknown node. */
  async ask(address: DialTarget, path: string, options: SendOptions): Promise<PeerAnswer> {
    return this.#exchange(address, "GET", path, "", options, {});
  }

  async #exchange(
    address: DialTarget,
    method: PeerMethod,
    path: string,
    body: string,
    options: Asked,
    signed: Readonly<Record<string, string>>,
  ): Promise<PeerAnswer> {
    const { metrics, clock } = this.#deps;
    const headers = { accept: "application/json", ...jsonType(body), ...signed };
    const request = { method, path, headers, body };
    const sentMs = clock.monotonicMs();
    try {
      const response =
        address.relay === undefined
          ? await this.#askDirectly(address, request, options)
          : await this.#relayed.ask(address.host, address.relay, request, options);
      const rttMs = clock.monotonicMs() - sentMs;
      const { status, headers: received } = response;
      metrics.count("tankd_peer_requests_total", { outcome: outcomeOf(status) });
      const answer = { status, body: parseJson(response), headers: received, rttMs };
      const proof = proofIn(answer);
      if (proof) this.#deps.onCloneProof(proof);
      return answer;
    } catch (error) {
      const outcome = error instanceof NetworkError ? error.failure : "bug";
      metrics.count("tankd_peer_requests_total", { outcome });
      throw error;
    }
  }

  async #askDirectly(
    address: DialTarget,
    request: PlainRequest,
    options: Asked,
  ): Promise<HttpResponse> {
    const reply = await this.#dial(address, request, options);
    const { audience, key, mustBeProven } = options;
    if (!mustBeProven || audience === undefined || key === undefined) return reply;
    if (bearsProof(key.publicKey, audience, request, reply)) return reply;
    // A node that says it is another one need not prove its identity.
    if (isElsewhere({ status: reply.status, body: parseJson(reply) })) return reply;
    const failure = reply.status === TOO_MANY ? "busy" : "unreachable";
    throw new NetworkError(failure, `the answer of ${audience} is not proven: ${reply.status}`);
  }

  #dial(
    address: DialTarget,
    { method, path, headers, body }: PlainRequest,
    { timeoutMs, mayBeRelayed = false, onConnected }: SendOptions,
  ): Promise<HttpResponse> {
    return this.#deps.network.send({
      method,
      origin: `http://${authorityOf(address)}`,
      ...connectionOf(address),
      path,
      headers,
      ...(body === "" ? {} : { body }),
      timeoutMs,
      ...(mayBeRelayed ? { connectTimeoutMs: CONNECT_TIMEOUT_MS } : {}),
      ...(onConnected === undefined ? {} : { onConnected }),
      responseBytesMax: LIMITS.peerResponseBytesMax,
    });
  }
}

/**
 * Whether the node does not accept the request as its own: its clock has jumped, or it has moved.
 */
export function isElsewhere(reply: PeerReply): boolean {
  const code = problemCodeOf(reply);
  return code === "bad_signature" || code === "misdirected";
}

/** Where to connect: the IP of a name, or an address whose zone is not allowed in a URL. */
function connectionOf({ host, connectTo }: DialTarget): { readonly connectTo?: string } {
  if (connectTo !== undefined) return { connectTo };
  return host.includes("%") ? { connectTo: host } : {};
}

function jsonType(body: string): Readonly<Record<string, string>> {
  return body === "" ? {} : { "content-type": "application/json" };
}

function outcomeOf(status: number): string {
  if (status < 300) return "ok";
  return status < 500 ? "refused" : "failed";
}

/** A body that is not JSON stays text, which no schema accepts. */
function parseJson(response: HttpResponse): unknown {
  if (response.body === "") return null;
  try {
    return JSON.parse(response.body);
  } catch {
    return response.body;
  }
}
