import { Endpoint, type EndpointReply, type EndpointRequest } from "../http/endpoint.ts";
import { type AgentAddress, nameOf } from "./address.ts";
import { ConsulError, refusalOf, silenceOf } from "./refusal.ts";

export type Asks = Pick<Endpoint, "ask">;

export interface AgentOptions {
  readonly address: AgentAddress;
  readonly token: string | undefined;
  /** Replaces the HTTP client, for tests. */
  readonly endpoint?: Asks;
}

export interface PutOptions {
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Statuses besides 200 that count as an answer. */
  readonly accept?: readonly number[];
}

export interface QueryOptions {
  /** Wait for a state newer than this index. Without it the answer is immediate. */
  readonly index?: bigint | undefined;
  /** The longest such wait. */
  readonly waitMs?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly accept?: readonly number[];
}

/** An answer and the state that it belongs to. */
export interface Indexed<T> {
  /** `X-Consul-Index`; undefined if the server does not send it. */
  readonly index: bigint | undefined;
  readonly value: T;
}

/** An agent answers within milliseconds, and within seconds while its servers elect a leader. */
const REQUEST_MS = 5_000;
/**
 * Default wait of a blocking query. Consul allows 10 minutes, but a connection that a router has
 * dropped is noticed only at the end of the wait.
 */
const WAIT_MS = 60_000;
/** An index is 64 bits (X-Consul-Index). */
const INDEX = /^\d{1,20}$/;

/** The HTTP API of one Consul agent. Rejects with {@link ConsulError} only. */
export class ConsulAgent {
  /** Its name in messages: `consul at http://127.0.0.1:8500`. */
  readonly name: string;
  readonly #endpoint: Asks;
  readonly #prefix: string;
  readonly #hasToken: boolean;

  constructor({ address, token, endpoint }: AgentOptions) {
    const headers = token === undefined ? {} : { "x-consul-token": token };
    const { origin, socketPath, pathPrefix } = address;
    const place = { origin, ...(socketPath === undefined ? {} : { socketPath }), headers };
    this.name = nameOf(address);
    this.#endpoint = endpoint ?? new Endpoint(place);
    this.#prefix = pathPrefix;
    this.#hasToken = token !== undefined;
  }

  /** @param path from `/v1` on, with its query */
  put(path: string, { body, timeoutMs, signal, accept }: PutOptions = {}): Promise<EndpointReply> {
    return this.#ask(
      {
        method: "PUT",
        path: this.#prefix + path,
        timeoutMs: timeoutMs ?? REQUEST_MS,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      },
      accept,
    );
  }

  /**
   * The content of `path` (developer.hashicorp.com/consul/api-docs/features/blocking).
   * @param path from `/v1` on, with its query
   */
  async query(path: string, options: QueryOptions = {}): Promise<Indexed<EndpointReply>> {
    const { index, waitMs = WAIT_MS, signal, accept } = options;
    // Consul adds up to a sixteenth to the wait, to spread the clients.
    const deadlineMs = index === undefined ? REQUEST_MS : waitMs + waitMs / 16 + REQUEST_MS;
    const blocking = index === undefined ? "" : `index=${index}&wait=${waitMs}ms`;
    const joint = blocking === "" ? "" : path.includes("?") ? "&" : "?";
    const reply = await this.#ask(
      {
        method: "GET",
        path: this.#prefix + path + joint + blocking,
        timeoutMs: options.timeoutMs ?? deadlineMs,
        ...(signal === undefined ? {} : { signal }),
      },
      accept,
    );
    const header = reply.headers["x-consul-index"];
    const isIndex = typeof header === "string" && INDEX.test(header);
    return { index: isIndex ? BigInt(header) : undefined, value: reply };
  }

  /** The answer does not have the form of the API: another program listens there. */
  misread(what: string): ConsulError {
    return new ConsulError(`${this.name} answers with no ${what}: is that a Consul agent?`);
  }

  async #ask(request: EndpointRequest, accept: readonly number[] = []): Promise<EndpointReply> {
    const reply = await this.#endpoint.ask(request).catch((error: unknown) => {
      throw silenceOf(this.name, error);
    });
    if (reply.status === 200 || accept.includes(reply.status)) return reply;
    throw refusalOf(this.name, this.#hasToken, reply);
  }
}

/** Whether a Consul agent listens there that accepts this node's requests. Never rejects. */
export async function isAgent(agent: ConsulAgent): Promise<boolean> {
  const self = await agent.query("/v1/agent/self").catch(() => undefined);
  const json = self?.value.json;
  return hasField(json, "Config") && hasField(json.Config, "NodeName");
}

export function hasField<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}
