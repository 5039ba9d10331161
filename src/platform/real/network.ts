import {
  Agent,
  type AgentOptions,
  type ClientRequest,
  type IncomingMessage,
  request as openRequest,
} from "node:http";
import { lacksZone } from "../ip-literal.ts";
import type { Machine } from "../machine.ts";
import {
  type ByteNetwork,
  type ByteRequest,
  type ByteResponse,
  type HttpRequest,
  type HttpResponse,
  type Network,
  NetworkError,
  type NetworkFailure,
} from "../network.ts";
import { NameLookup } from "./name-lookup.ts";
import { isSaidToBeRefused, whyRefused } from "./refusal.ts";
import { networkErrorOf } from "./system-failure.ts";
import { notAnAddress, type Target, targetOf, zonesAmong } from "./target.ts";

/**
 * Above the longest interval of pings (5 s), so that they reuse connections; below the idle timeout
 * of tankd's server (10 s), so that no request is written to a socket that is being closed.
 */
const IDLE_SOCKET_MS = 7_000;
/** Idle connections kept per node. */
const IDLE_SOCKETS_PER_HOST_MAX = 4;

/** Options for an agent with custom connections. */
export const KEPT_ALIVE: AgentOptions = {
  keepAlive: true,
  timeout: IDLE_SOCKET_MS,
  maxFreeSockets: IDLE_SOCKETS_PER_HOST_MAX,
};

/**
 * HTTP/1.1 to other nodes over kept-alive connections.
 *
 * Uses `node:http` instead of `fetch`: Bun's fetch sends requests through HTTP_PROXY (which no
 * option disables), follows redirects and decompresses bodies. This client does none of that.
 */
export class HttpNetwork implements Network, ByteNetwork {
  readonly #addresses: Machine["addresses"];
  readonly #createAgent: () => Agent;
  readonly #names = new NameLookup();
  #agent: Agent;
  /** The machine's addresses at the last request. */
  #held: ReturnType<Machine["addresses"]> = [];

  /**
   * `addresses` are the machine's; a short-lived program need not provide them. A custom agent
   * reports failures as {@link NetworkError}.
   */
  constructor(
    addresses: Machine["addresses"] = () => [],
    createAgent: () => Agent = () => new Agent(KEPT_ALIVE),
  ) {
    this.#addresses = addresses;
    this.#createAgent = createAgent;
    this.#agent = createAgent();
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.#exchange(request);
    return { ...response, body: response.body.toString("utf8") };
  }

  sendBytes(request: ByteRequest): Promise<ByteResponse> {
    return this.#exchange(request);
  }

  resolve(host: string): Promise<readonly string[]> {
    if (!lacksZone(host)) return this.#names.resolve(host);
    return Promise.resolve(this.#zones().map((zone) => `${host}%${zone}`));
  }

  #exchange(request: AnyRequest): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      const target = targetOf(request, () => this.#zones());
      if (!target) return reject(new NetworkError("unreachable", notAnAddress(request)));
      const call = opened(target, this.#currentAgent(), request);
      const ended = new AbortController();
      const fail = (error: NetworkError) => {
        clearTimeout(deadline);
        ended.abort();
        reject(error);
        call.destroy();
      };
      const deadline = setTimeout(
        () => fail(failureOf("timeout", request, `no answer in ${request.timeoutMs} ms`)),
        request.timeoutMs,
      );
      if (request.onConnected) tellOfConnection(call, request.onConnected);
      call.on("error", (error) => {
        const failWith = (why: unknown) => fail(networkErrorOf(why, nameOf(request)));
        if (!isSaidToBeRefused(error)) return failWith(error);
        void whyRefused(target.place, ended.signal).then(failWith);
      });
      call.on("upgrade", () => fail(failureOf("unreachable", request, "another protocol")));
      call.on("response", (message) => {
        receive(message, request).then((response) => {
          clearTimeout(deadline);
          resolve(response);
        }, fail);
      });
      call.end(request.body);
    });
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  #zones(): readonly string[] {
    return zonesAmong(this.#addresses());
  }

  /**
   * A connection from an address that the machine has lost stays open, and requests over it neither
   * arrive nor fail. So after a loss old connections are not reused: pending requests on other
   * interfaces complete, and idle connections time out.
   */
  #currentAgent(): Agent {
    const addresses = this.#addresses();
    if (addresses === this.#held) return this.#agent;
    const present = new Set(addresses.map(({ address }) => address));
    if (this.#held.some(({ address }) => !present.has(address))) this.#agent = this.#createAgent();
    this.#held = addresses;
    return this.#agent;
  }
}

/** @throws NetworkError for invalid headers */
function opened({ url, place }: Target, agent: Agent, request: AnyRequest): ClientRequest {
  const { method } = request;
  const headers = { ...request.headers, "accept-encoding": "identity", host: url.host };
  try {
    return openRequest(url, { method, headers, hostname: place.host, port: place.port, agent });
  } catch (error) {
    throw networkErrorOf(error, nameOf(request));
  }
}

function tellOfConnection(call: ClientRequest, onConnected: () => void): void {
  call.on("socket", (socket) => {
    if (socket.connecting) socket.once("connect", onConnected);
    else onConnected();
  });
}

type AnyRequest = HttpRequest | ByteRequest;

interface RawResponse extends Omit<HttpResponse, "body"> {
  readonly body: Buffer;
}

/** Reads an answer completely, or rejects it. Rejects with NetworkError only. */
async function receive(message: IncomingMessage, request: AnyRequest): Promise<RawResponse> {
  const status = message.statusCode ?? 0;
  if (status >= 300 && status < 400) throw failureOf("redirected", request, `status ${status}`);
  if (status < 200 || status > 599) throw failureOf("unreachable", request, `status ${status}`);
  const encoding = message.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw failureOf("unreachable", request, `body in ${encoding}`);
  const body = await readBody(message, request);
  return { status, headers: headersOf(message), body };
}

function readBody(message: IncomingMessage, request: AnyRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    message.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > request.responseBytesMax) {
        reject(failureOf("too_large", request, `more than ${request.responseBytesMax} bytes`));
        message.destroy();
      } else {
        chunks.push(chunk);
      }
    });
    message.on("end", () => resolve(Buffer.concat(chunks)));
    const cutOff = () => reject(failureOf("unreachable", request, "the answer was cut off"));
    message.on("aborted", cutOff);
    message.on("error", cutOff);
    message.on("close", cutOff);
  });
}

function headersOf(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

function failureOf(failure: NetworkFailure, request: AnyRequest, why: string): NetworkError {
  return new NetworkError(failure, `${nameOf(request)}: ${why}`);
}

/** Messages omit the query, which is long and may be confidential. */
function nameOf({ method, origin, path }: AnyRequest): string {
  return `${method} ${origin}${path.split("?")[0]}`;
}
