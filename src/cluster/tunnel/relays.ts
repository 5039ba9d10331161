import { Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { SWITCHING_PROTOCOLS } from "../../platform/sockets.ts";
import type { ClusterDeps } from "../deps.ts";
import { replyProof } from "../identity/proof.ts";
import type { RoleKeeper } from "../membership/role.ts";
import type { WireRequest } from "../peer-route.ts";
import { type DialPolicy, passedOnSource } from "../peers/dial-policy.ts";
import { isDialable, isReady, placesOf } from "../peers/peer.ts";
import { isElsewhere, type PeerClient } from "../peers/peer-client.ts";
import type { Place } from "../peers/peer-sockets.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { sourceOf } from "../registry/claimant.ts";
import type { Registry } from "../registry/registry.ts";
import type { Bearer, IncomingTunnels } from "./incoming-tunnels.ts";
import {
  isPassedOn,
  RELAY_PATH,
  RELAY_TIMEOUT_MAX_MS,
  type Relay,
  type RelayedReply,
  type RelayedRequest,
  relayedReplySchema,
  relayedRequestSchema,
  timeoutOf,
} from "./messages.ts";
import type { LocalService } from "./node-end.ts";
import type { Passage } from "./passage.ts";

export interface RelaysDeps {
  readonly deps: Pick<ClusterDeps, "identity" | "clock" | "timers" | "log" | "settings">;
  readonly table: PeerTable;
  readonly client: PeerClient;
  readonly registry: Registry;
  readonly role: RoleKeeper;
  readonly tunnels: IncomingTunnels;
  readonly passage: Passage;
  /** Shakes hands with a listed node that was not met yet. False if that fails. */
  readonly meet: (nodeId: string) => Promise<boolean>;
  /** The same, but not through a third node: tests whether it can be dialled. */
  readonly meetDirectly: (nodeId: string) => Promise<boolean>;
  readonly ownHost: () => string;
  readonly policy: () => DialPolicy;
}

/**
 * Requests that this node passes on to others unchanged: through the tunnels that end here, or over
 * its own connection to a node that it can dial. One hop, and nothing that it could sign or forge.
 */
export class Relays {
  readonly #with: RelaysDeps;
  #service: LocalService | undefined;

  constructor(withDeps: RelaysDeps) {
    this.#with = withDeps;
  }

  serveWith(service: LocalService): void {
    this.#service = service;
  }

  /** The relay for a node that does not answer a dial. */
  relayTo(nodeId: string): string | undefined {
    const { deps, registry, role, table } = this.#with;
    if (this.#with.tunnels.holds(nodeId)) return deps.identity.nodeId;
    const { via, hub, role: own } = role.state;
    const entry = registry.get(nodeId);
    if (entry?.status === "offline") return undefined;
    const candidates = [entry?.relay, own === "worker" ? (via ?? hub) : undefined];
    return candidates.find(
      (one) =>
        one !== undefined &&
        one !== nodeId &&
        one !== deps.identity.nodeId &&
        isReady(table.get(one)),
    );
  }

  /**
   * Passes a request on to a node, or answers one that was passed on to this one.
   * @throws Problem `unknown_server`, `unreachable`, `too_many`, `misdirected` naming where its
   * tunnel ends.
   */
  async relay(nodeId: string, relay: Relay, bearer: Bearer): Promise<RelayedReply> {
    const { deps, role, passage, ownHost, policy } = this.#with;
    const source = sourceOf(bearer.remoteAddress, ownHost());
    if (nodeId === deps.identity.nodeId) {
      const { hub, via } = role.state;
      const isTrusted = bearer.signer !== undefined && [hub, via].includes(bearer.signer);
      const named = isTrusted ? relay.source : undefined;
      const believed = named ? passedOnSource(named, source, policy()) : source;
      return this.serve(relay.request, believed);
    }
    return passage.counted(() => this.#passDown(nodeId, relay, bearer.remoteAddress));
  }

  /**
   * Passes on a request that a balancer has sent here instead of to the node that it is signed for.
   * Undefined if that node is unknown.
   * @throws Problem `misdirected` if it is known but not reached from here, and for requests that
   * may not go further: those already passed on, and WebSockets. `too_many`
   */
  async passOn(
    nodeId: string,
    wire: WireRequest,
    bearer: Bearer,
  ): Promise<RelayedReply | undefined> {
    if (!this.#with.tunnels.holds(nodeId) && !this.#with.registry.get(nodeId)) return undefined;
    const { nodeId: here } = this.#with.deps.identity;
    const elsewhere = (why: string) =>
      new Problem("misdirected", `The request is meant for ${nodeId}, this is ${here}. ${why}`);
    if (bearer.isPassedOn || isLast(wire)) throw elsewhere("It may not be passed on again.");
    const request = relayable(wire);
    try {
      return await this.relay(nodeId, { request, timeout_ms: RELAY_TIMEOUT_MAX_MS }, bearer);
    } catch (error) {
      if (!(error instanceof Problem) || error.code === "too_many") throw error;
      throw elsewhere(error.message);
    }
  }

  /** Answers a request that another node has signed for this one, and proves the answer. */
  answer(wire: WireRequest, remoteAddress: string): Promise<RelayedReply> {
    return this.serve(relayable(wire), sourceOf(remoteAddress, this.#with.ownHost()));
  }

  /**
   * The header by which an answer that accepts a WebSocket proves who accepts it, and what that
   * node says about the one that serves the path.
   */
  proofOf(wire: WireRequest, answeredBy = ""): Readonly<Record<string, string>> {
    const answer = { status: SWITCHING_PROTOCOLS, body: answeredBy };
    return replyProof(this.#with.deps.identity, wire, answer);
  }

  /**
   * Where to connect to watch a path of a node: the node itself, or one that relays.
   * @param isLast only the node itself: others have passed it on already
   */
  async waysTo(nodeId: string, { isLast = false } = {}): Promise<readonly Place[]> {
    const { table, meet, meetDirectly } = this.#with;
    await (isLast ? meetDirectly(nodeId) : meet(nodeId));
    const relay = isLast ? undefined : this.relayTo(nodeId);
    const reached = isDialable(table.get(nodeId)) === false ? undefined : nodeId;
    return [reached, relay].flatMap((one) => {
      const [address] = one === undefined ? [] : placesOf(table.get(one));
      return one === undefined || address === undefined ? [] : [{ nodeId: one, address }];
    });
  }

  /** A connection to it has failed: its identity is checked again before the next one. */
  noteUnreached(nodeId: string): void {
    const startedMs = this.#with.deps.clock.monotonicMs();
    this.#with.table.update(nodeId, { dialled: { outcome: "failed", startedMs } });
  }

  /** This node's answer to a request that came through another one, with proof. */
  async serve(request: RelayedRequest, source: string): Promise<RelayedReply> {
    const service = this.#service;
    if (!service) throw new Problem("not_ready", "The node is starting.");
    const reply = await service.answer(request, source);
    const proof = replyProof(this.#with.deps.identity, request, reply);
    return { ...reply, headers: { ...reply.headers, ...proof } };
  }

  async #passDown(nodeId: string, relay: Relay, remoteAddress: string): Promise<RelayedReply> {
    const { tunnels, passage, ownHost } = this.#with;
    try {
      if (tunnels.holds(nodeId)) return await tunnels.ask(nodeId, relay, remoteAddress);
      // It has been passed on once; a second time it might go in a circle.
      if (relay.source !== undefined) throw this.#misdirected(nodeId);
      const source = sourceOf(remoteAddress, ownHost());
      return await passage.within(nodeId, remoteAddress, () =>
        this.#dial(nodeId, { ...relay, source }),
      );
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new Problem(error.failure === "busy" ? "too_many" : "unreachable", error.message);
    }
  }

  async #dial(nodeId: string, relay: Relay): Promise<RelayedReply> {
    const { client, registry, meetDirectly, table } = this.#with;
    const isOffline = registry.get(nodeId)?.status === "offline";
    if (isOffline || !(await meetDirectly(nodeId))) throw this.#misdirected(nodeId);
    // Not repeated: the requester itself shakes hands with that node and asks again.
    const options = { timeoutMs: timeoutOf(relay), isOnce: true };
    const answer = await client.send(nodeId, "POST", RELAY_PATH(nodeId), relay, options);
    const { status, body } = answer;
    const reply = status === 200 ? relayedReplySchema.safeParse(body).data : undefined;
    if (reply) return reply;
    if (isElsewhere(answer)) table.update(nodeId, { key: undefined });
    throw new Problem("unreachable", `${nodeId} answers ${status} to the forwarded request.`);
  }

  #misdirected(nodeId: string): Problem {
    const entry = this.#with.registry.get(nodeId);
    if (!entry) return new Problem("unknown_server", `No node "${nodeId}" is known here.`);
    const { relay } = entry;
    if (relay === undefined || relay === this.#with.deps.identity.nodeId) {
      return new Problem("unreachable", `${nodeId} holds no tunnel to this node.`);
    }
    return new Problem("misdirected", `The tunnel of ${nodeId} ends at ${relay}.`);
  }
}

/**
 * What a node has passed on, which goes one hop, or a WebSocket, which goes none: it is more than a
 * request.
 */
function isLast({ path, headers, body }: WireRequest): boolean {
  const isRelayed = path.startsWith(RELAY_PATH("")) && isPassedOn(body);
  return isRelayed || headers["upgrade"] !== undefined;
}

/** @throws Problem `bad_request` */
function relayable(wire: WireRequest): RelayedRequest {
  const request = relayedRequestSchema.safeParse(wire).data;
  if (request) return request;
  throw new Problem("bad_request", "The request is too long to be passed on.");
}
