import { authorityOf, formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { type HttpResponse, type Network, NetworkError } from "../../platform/network.ts";
import type { Random } from "../../platform/random.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { type PresenceProof, proofIn } from "../clones/presence.ts";
import type { Identity } from "../identity/identity.ts";
import { signRequest } from "../identity/signature.ts";
import type { PeerReply } from "../peer-route.ts";
import { problemCodeOf } from "../problem-code.ts";
import type { DialTarget } from "./dial-policy.ts";
import { isReady } from "./peer.ts";
import type { PeerTable } from "./peer-table.ts";

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
}

export interface AskOptions extends SendOptions {
  /** Told when there is a connection. */
  readonly onConnected?: () => void;
}

export type PeerMethod = "GET" | "POST" | "DELETE";

/** The one way out to other nodes: everything is signed, bounded, timed and counted. */
export class PeerClient {
  readonly #deps: PeerClientDeps;
  /** Shakes hands anew; the handshake stands on this client and is connected to it afterwards. */
  renew: (nodeId: string) => Promise<boolean> = async () => false;

  constructor(deps: PeerClientDeps) {
    this.#deps = deps;
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
    if (problemCodeOf(reply) !== "bad_signature") return reply;
    if (!(await this.renew(nodeId))) return reply;
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
    const { clockOffsetMs } = peer.key;
    let failure = new NetworkError("unreachable", `${nodeId} has no address`);
    for (const address of peer.addresses) {
      // A name that others have given is judged by what it resolves to, which the handshake does.
      if (address.connectTo === undefined && !isIpLiteral(address.host)) continue;
      try {
        const reply = await this.sendTo(address, method, path, body, {
          ...options,
          audience: nodeId,
          clockOffsetMs,
        });
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

  /** A signed request to an address. Only the handshake speaks to nodes that are not pinned. */
  async sendTo(
    address: DialTarget,
    method: PeerMethod,
    path: string,
    body: unknown,
    options: SendOptions & { readonly audience?: string; readonly clockOffsetMs?: number },
  ): Promise<PeerAnswer> {
    const { identity, clock, random } = this.#deps;
    const text = body === undefined ? "" : JSON.stringify(body);
    const authority = authorityOf(address);
    const signed = signRequest(
      identity,
      { method, authority, path, body: text },
      clock,
      random,
      options,
    );
    return this.#exchange(address, method, path, text, options, signed);
  }

  /** An unsigned GET: the first question of a handshake, to somebody that nothing is known of. */
  async ask(address: DialTarget, path: string, options: AskOptions): Promise<PeerAnswer> {
    return this.#exchange(address, "GET", path, "", options, {});
  }

  async #exchange(
    address: DialTarget,
    method: PeerMethod,
    path: string,
    body: string,
    { timeoutMs, onConnected }: AskOptions,
    headers: Readonly<Record<string, string>>,
  ): Promise<PeerAnswer> {
    const { network, metrics, clock } = this.#deps;
    const sentMs = clock.monotonicMs();
    try {
      const response = await network.send({
        method,
        origin: `http://${authorityOf(address)}`,
        ...connectionOf(address),
        path,
        headers: { accept: "application/json", ...jsonType(body), ...headers },
        ...(body === "" ? {} : { body }),
        timeoutMs,
        ...(onConnected === undefined ? {} : { onConnected }),
        responseBytesMax: LIMITS.peerResponseBytesMax,
      });
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
}

/** Without repetitions, the first ones first, bounded. */
export function mergeAddresses(
  first: readonly Address[],
  then: readonly Address[],
): readonly Address[] {
  const byText = new Map<string, Address>();
  for (const address of [...first, ...then]) {
    const text = formatHostPort(address);
    if (!byText.has(text)) byText.set(text, address);
  }
  return [...byText.values()].slice(0, LIMITS.addressesPerServerMax);
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
