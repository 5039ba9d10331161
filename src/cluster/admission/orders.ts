import { z } from "zod";
import { messageOf, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { NetworkError, type NetworkFailure } from "../../platform/network.ts";
import type { Identity } from "../identity/identity.ts";
import { replyProof } from "../identity/proof.ts";
import type { PeerReply, PeerRequest } from "../peer-route.ts";
import { problemReply } from "../problem-reply.ts";
import { readBody } from "../read-body.ts";
import type { RelayedReply } from "../tunnel/messages.ts";
import { isMember, membershipTag } from "./membership-tag.ts";

/** Where a node takes orders of other nodes. */
export const ORDERS_PATH = "/api/cluster/orders";

/** What one node may tell another to do: changes of tanks and connections, nothing of the node. */
const ALLOWED: readonly RegExp[] = [
  /^POST \/api\/tanks$/,
  /^POST \/api\/tanks\/[^/?]+\/(feed|spawn|pause|resume|speed|fast-forward|move)$/,
  /^DELETE \/api\/tanks\/[^/?]+$/,
  /^POST \/gateway\/transfer$/,
  /^POST \/api\/(connections|topologies)$/,
  /^DELETE \/api\/topologies\/[^/?]+$/,
];

/** A request to the API of another node, in the name of its sender's operator. */
export const orderSchema = z.strictObject({
  method: z.enum(["POST", "DELETE"]),
  path: z.string().startsWith("/").max(LIMITS.forwardedPathCharactersMax),
  body: z.record(z.string(), z.unknown()).optional(),
  idempotency_key: z.string().min(1).max(LIMITS.idempotencyKeyCharactersMax).optional(),
});
export type Order = z.infer<typeof orderSchema>;

/** An order with the proof that its sender knows the cluster's secret; see `membershipTag`. */
export const sentOrderSchema = orderSchema.extend({ member: z.string().max(64).optional() });

/** Executes an order on this node's own API, with all its rights. */
export type Obey = (order: Order, signer: string) => Promise<RelayedReply>;

export interface OrderPorts {
  readonly identity: Identity;
  /** As it is now: its file may be read anew. */
  readonly secret: () => Uint8Array | undefined;
  /** A signed request whose answer bears the proof of the node. */
  readonly call: (nodeId: string, path: string, body: unknown) => Promise<PeerReply>;
  /** Of a node, for people: its label, and where its API is. */
  readonly describe: (nodeId: string) => { readonly label: string; readonly url: string };
}

/**
 * Orders of nodes to each other. A node obeys another one only if both know the same cluster
 * secret, which each order proves anew: nothing depends on who is listed as what at the moment.
 */
export class Orders {
  readonly #ports: OrderPorts;
  #obey: Obey | undefined;

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  obeyWith(obey: Obey): void {
    this.#obey = obey;
  }

  /** Whether this node has a secret, without which no other node obeys it. */
  get mayGive(): boolean {
    return this.#ports.secret() !== undefined;
  }

  /** Why a server at `url` does not obey this node, which has no secret. */
  refusal(label: string, url: string): Problem {
    return notTrusted(label, "this node has none", url);
  }

  /**
   * The answer of the other node's API; its status may be a refusal.
   * @throws Problem `not_trusted` without a secret, `unreachable` with whether it may have arrived
   */
  async give(nodeId: string, order: Order): Promise<PeerReply> {
    const { identity, secret, call, describe } = this.#ports;
    const known = secret();
    const { label, url } = describe(nodeId);
    if (known === undefined) throw this.refusal(label, url);
    const member = membershipTag(known, identity.nodeId);
    try {
      return await call(nodeId, ORDERS_PATH, { ...order, member });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new OrderLost(label, error);
    }
  }

  /** Refusals too bear the proof of this node. @throws Problem `bad_signature` */
  async receive(request: PeerRequest): Promise<PeerReply> {
    const { signer, wire } = request;
    if (signer === undefined) throw new Problem("bad_signature", "Orders must be signed.");
    const { status, body, headers } = await this.#answer(signer, request.body);
    const sent = { status, body: JSON.stringify(body) };
    const proof = wire === undefined ? {} : replyProof(this.#ports.identity, wire, sent);
    return { status, body, headers: { ...headers, ...proof } };
  }

  async #answer(signer: string, sent: unknown): Promise<PeerReply> {
    try {
      const { member, ...order } = readBody(sentOrderSchema, sent);
      this.#requireMember(signer, member);
      if (!ALLOWED.some((pattern) => pattern.test(`${order.method} ${order.path}`))) {
        const what = `${order.method} ${order.path}`;
        throw new Problem("bad_request", `No node may order another ${what}.`);
      }
      if (!this.#obey) throw new Problem("not_ready", "The node is starting.");
      const { status, headers, body } = await this.#obey(order, signer);
      return { status, headers, body: body === "" ? null : JSON.parse(body) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return problemReply(error.code, error.message);
    }
  }

  #requireMember(signer: string, member: string | undefined): void {
    const { secret, identity, describe } = this.#ports;
    const known = secret();
    if (known !== undefined && isMember(known, signer, member)) return;
    const { label, url } = describe(identity.nodeId);
    const why = known === undefined ? "it has none" : "it has another one";
    throw notTrusted(label, why, url);
  }
}

/** Names the way to be obeyed, and the one to do without. */
function notTrusted(label: string, why: string, url: string): Problem {
  return new Problem(
    "not_trusted",
    `The server ${label} takes orders of another node only under a common cluster secret, and ` +
      `${why}: give both the same --secret-file, or ask ${url} with its own control token`,
  );
}

/** Failures of a request that was not sent, or that nobody with the node's key has answered. */
const NOT_SENT: ReadonlySet<NetworkFailure> = new Set([
  "refused",
  "unconnected",
  "unreachable",
  "busy",
]);

/** An order without an answer. */
export class OrderLost extends Problem {
  /** Whether it may have been executed nevertheless. */
  readonly mayHaveArrived: boolean;

  constructor(label: string, cause: NetworkError) {
    const mayHaveArrived = !NOT_SENT.has(cause.failure);
    const then = mayHaveArrived
      ? "; it may have done it nevertheless"
      : "; a node of an earlier version takes no orders";
    super("unreachable", `The server ${label} did not answer: ${messageOf(cause)}${then}`);
    this.mayHaveArrived = mayHaveArrived;
  }
}
