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
  /** Somebody refuses us as the later of two nodes with one key, and shows why. */
  readonly onCloneProof: (proof: PresenceProof) => void;
}

/**
 * An answer, with how long it took on the wire: neither our JSON and signatures nor a handshake
 * count.
 */
export interface PeerAnswer extends PeerReply {
  readonly rttMs: number;
}

export interface SendOptions {
  readonly timeoutMs: number;
  /**
   * By way of a third node where that is the only one. Not for questions that ask whether the other
   * is there: the answer would be about the third.
   */
  readonly mayBeRelayed?: boolean;
  /**
   * Also an answer over one's own connection counts with the node's proof only: of routes that
   * would answer to anybody, for any node.
   */
  readonly mustBeProven?: boolean;
  /** Not once more after a new handshake. */
  readonly isOnce?: boolean;
  /** Told when there is a connection. */
  readonly onConnected?: () => void;
}

/** How a request is signed, as far as the other node is known. */
export interface Addressed extends SendOptions {
  readonly audience?: string;
  readonly key?: PeerKey;
}

/** A question, and what is known of whom it is for. */
type Asked = SendOptions & Pick<Addressed, "audience" | "key">;

/**
 * What may be relayed waits no longer for a connection: a firewall that drops says nothing. By then
 * Linux has asked twice, so that one lost packet is no firewall (RFC 6298: 1 s, then 2 s).
 */
export const CONNECT_TIMEOUT_MS = 2_000;

export type PeerMethod = "GET" | "POST" | "DELETE";

/** The one way out to other nodes: everything is signed, bounded, timed and counted. */
export class PeerClient {
  readonly #deps: PeerClientDeps;
  /** Shakes hands anew; the handshake stands on this client and is connected to it afterwards. */
  renew: (nodeId: string) => Promise<boolean> = async () => false;
  /** The tunnels that end here; they stand on this client as well. */
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
   * A signed request to a node whose key is known. One that is refused for its signature, as after
   * a jump of a clock, is tried once more after a new handshake. Where one address does not answer
   * the next is tried, but only if the request cannot have arrived; the one that answered is first
   * from then on.
   * @throws NetworkError, or Problem `unknown_server` when the node has not shaken hands.
   */
  async send(
    nodeId: string,
    method: PeerMethod,
    path: string,
    body: unknown,
    options: SendOptions,
  ): Promise<PeerAnswer> {
    // One refused connection may have cost it its key here.
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

  /** This node itself passes on what it would say to who holds a tunnel to it. */
  #ownRelay(peer: Peer): string | undefined {
    const isBehind = isDialable(peer) !== true && this.tunnels.holds(peer.id);
    return isBehind ? this.#deps.identity.nodeId : undefined;
  }

  /** To a node that is not dialled. What fails there begins with a handshake the next time. */
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

  /** A signed request to an address. Only the handshake speaks to nodes that are not pinned. */
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

  /** An unsigned GET: the first question of a handshake, to somebody that nothing is known of. */
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
    // Who says that it is somebody else needs not prove who.
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

/** Whether the node does not take the request as its own: its clock has jumped, or it has moved. */
export function isElsewhere(reply: PeerReply): boolean {
  const code = problemCodeOf(reply);
  return code === "bad_signature" || code === "misdirected";
}

/** Where to connect: the IP of a name, or an address whose zone means nothing in a URL. */
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

/** What is no JSON stays text: no schema of an answer will read it. */
function parseJson(response: HttpResponse): unknown {
  if (response.body === "") return null;
  try {
    return JSON.parse(response.body);
  } catch {
    return response.body;
  }
}
