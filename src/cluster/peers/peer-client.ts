import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { PROBLEMS, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { type HttpResponse, type Network, NetworkError } from "../../platform/network.ts";
import type { Random } from "../../platform/random.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { type PresenceProof, proofIn } from "../clones/presence.ts";
import type { Identity } from "../identity/identity.ts";
import { signRequest } from "../identity/signature.ts";
import type { PeerReply } from "../peer-route.ts";

export interface PeerClientDeps {
  readonly identity: Identity;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
}

/** A node whose key has answered at these addresses. */
export interface Pinned {
  readonly nodeId: string;
  readonly publicKey: string;
  /** Best first: where it answered last. */
  readonly addresses: readonly Address[];
  /** Its wall clock minus ours; signatures are dated in it. */
  readonly clockOffsetMs: number;
}

/** An answer, with how long it took on the wire: neither our JSON and signatures nor a handshake count. */
export interface PeerAnswer extends PeerReply {
  readonly rttMs: number;
}

export interface SendOptions {
  readonly timeoutMs: number;
}

/** The one way out to other nodes: everything is signed, bounded, timed and counted. */
export class PeerClient {
  readonly #deps: PeerClientDeps;
  readonly #pinned = new Map<string, Pinned>();
  /** Shakes hands anew; set by the handshake, which stands on this client. */
  renew: (nodeId: string) => Promise<boolean> = async () => false;
  /** Somebody refuses us as the later of two nodes with one key, and shows why. */
  onCopyProof: (proof: PresenceProof) => void = () => {};

  constructor(deps: PeerClientDeps) {
    this.#deps = deps;
  }

  pin(pinned: Pinned): void {
    const known = this.#pinned.get(pinned.nodeId);
    const addresses = mergeAddresses(pinned.addresses, known?.addresses ?? []);
    this.#pinned.delete(pinned.nodeId);
    this.#pinned.set(pinned.nodeId, { ...pinned, addresses });
    const oldest = this.#pinned.keys().next().value;
    if (this.#pinned.size > LIMITS.serversMax && oldest !== undefined) this.#pinned.delete(oldest);
  }

  pinned(nodeId: string): Pinned | undefined {
    return this.#pinned.get(nodeId);
  }

  /** Nothing more is sent to this node before it has shaken hands again. */
  unpin(nodeId: string): void {
    this.#pinned.delete(nodeId);
  }

  /**
   * A signed request to a pinned node. One that is refused for its signature, as after a jump of a
   * clock, is tried once more after a new handshake. Where one address does not answer the next is tried, but only
   * if the request cannot have arrived; the one that answered is first from then on.
   * @throws NetworkError, or Problem `unknown_server` when the node has not shaken hands.
   */
  async send(
    nodeId: string,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body: unknown,
    options: SendOptions,
  ): Promise<PeerAnswer> {
    const reply = await this.#sendOnce(nodeId, method, path, body, options);
    if (reply.status !== PROBLEMS.bad_signature.status) return reply;
    if (!(await this.renew(nodeId))) return reply;
    return this.#sendOnce(nodeId, method, path, body, options);
  }

  async #sendOnce(
    nodeId: string,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body: unknown,
    options: SendOptions,
  ): Promise<PeerAnswer> {
    const pinned = this.#pinned.get(nodeId);
    if (!pinned) throw new Problem("unknown_server", `${nodeId} has not been met yet.`);
    let failure = new NetworkError("unreachable", `${nodeId} has no address`);
    for (const address of pinned.addresses) {
      try {
        const reply = await this.sendTo(address, method, path, body, {
          ...options,
          audience: nodeId,
          clockOffsetMs: pinned.clockOffsetMs,
        });
        if (address !== pinned.addresses[0]) this.#prefer(nodeId, address);
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
    address: Address,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body: unknown,
    options: SendOptions & { readonly audience?: string; readonly clockOffsetMs?: number },
  ): Promise<PeerAnswer> {
    const { identity, clock, random } = this.#deps;
    const text = body === undefined ? "" : JSON.stringify(body);
    const authority = formatHostPort(address);
    const signed = signRequest(
      identity,
      { method, authority, path, body: text },
      clock,
      random,
      options,
    );
    return this.#exchange(address, method, path, text, options.timeoutMs, signed);
  }

  /** An unsigned GET: the first question of a handshake, to somebody that nothing is known of. */
  async ask(address: Address, path: string, options: SendOptions): Promise<PeerAnswer> {
    return this.#exchange(address, "GET", path, "", options.timeoutMs, {});
  }

  async #exchange(
    address: Address,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body: string,
    timeoutMs: number,
    headers: Readonly<Record<string, string>>,
  ): Promise<PeerAnswer> {
    const { network, metrics, clock } = this.#deps;
    const sentMs = clock.monotonicMs();
    try {
      const response = await network.send({
        method,
        origin: `http://${formatHostPort(address)}`,
        path,
        headers: { accept: "application/json", ...jsonType(body), ...headers },
        ...(body === "" ? {} : { body }),
        timeoutMs,
        responseBytesMax: LIMITS.peerResponseBytesMax,
      });
      const rttMs = clock.monotonicMs() - sentMs;
      const { status, headers: received } = response;
      metrics.count("tankd_peer_requests_total", { outcome: outcomeOf(status) });
      const answer = { status, body: parseJson(response), headers: received, rttMs };
      const proof = proofIn(answer);
      if (proof) this.onCopyProof(proof);
      return answer;
    } catch (error) {
      const outcome = error instanceof NetworkError ? error.failure : "bug";
      metrics.count("tankd_peer_requests_total", { outcome });
      throw error;
    }
  }

  #prefer(nodeId: string, address: Address): void {
    const pinned = this.#pinned.get(nodeId);
    if (!pinned) return;
    const addresses = mergeAddresses([address], pinned.addresses);
    this.#pinned.set(nodeId, { ...pinned, addresses });
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
