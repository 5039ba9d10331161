import {
  Agent,
  type AgentOptions,
  type ClientRequest,
  type IncomingMessage,
  request as openRequest,
  type RequestOptions,
} from "node:http";
import { isIP } from "node:net";
import { messageOf } from "../errors.ts";
import { lacksZone, splitZone, withoutZone } from "../ip-literal.ts";
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
import { isSaidToBeRefused, type Place, whyRefused } from "./refusal.ts";
import { systemFailure } from "./system-failure.ts";

/**
 * Above the longest interval of pings (5 s), so that they need no new connection; below the idle
 * timeout of our own server (10 s), so that we never write to a socket it is closing.
 */
const IDLE_SOCKET_MS = 7_000;
/** Idle connections kept per node. */
const IDLE_SOCKETS_PER_HOST_MAX = 4;

/** For an agent that makes its connections in a way of its own. */
export const KEPT_ALIVE: AgentOptions = {
  keepAlive: true,
  timeout: IDLE_SOCKET_MS,
  maxFreeSockets: IDLE_SOCKETS_PER_HOST_MAX,
};

/**
 * HTTP/1.1 to other nodes over kept-alive connections.
 *
 * `node:http` and not `fetch`: Bun's fetch sends requests through HTTP_PROXY (no option of a call
 * turns that off), follows redirects and unpacks compressed bodies. Here nothing of the kind
 * exists.
 */
export class HttpNetwork implements Network, ByteNetwork {
  readonly #addresses: Machine["addresses"];
  readonly #createAgent: () => Agent;
  readonly #names = new NameLookup();
  #agent: Agent;
  /** The machine's addresses at the last request. */
  #held: ReturnType<Machine["addresses"]> = [];

  /**
   * `addresses` are the machine's; a program that ends soon need not follow them. An agent that
   * connects in its own way reports failures as {@link NetworkError}.
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
        if (!isSaidToBeRefused(error)) return fail(callFailure(error, request));
        void whyRefused(target.place, ended.signal).then((why) => fail(callFailure(why, request)));
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

  /** Names of the interfaces that have link-local IPv6. */
  #zones(): readonly string[] {
    const linked = this.#addresses().filter(
      ({ address, chosen }) => chosen !== false && lacksZone(withoutZone(address)),
    );
    return [...new Set(linked.map(({ interfaceName }) => interfaceName))];
  }

  /**
   * A connection from an address that the machine has lost stays open, and what is sent over it
   * never arrives and never fails. So nothing is sent over the old connections then: what is under
   * way on other interfaces ends as it would, and the idle ones are closed in time.
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

/** @throws NetworkError for headers that no request can have. */
function opened({ url, options }: Target, agent: Agent, request: AnyRequest): ClientRequest {
  try {
    return openRequest(url, { ...options, agent });
  } catch (error) {
    throw failureOf("unreachable", request, messageOf(error));
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

const HTTP_PORT = 80;
/** Scheme, host and port, and nothing behind them. */
const PLAIN_ORIGIN = /^http:\/\/[^/?#@\\]+$/i;

interface Target {
  readonly url: URL;
  readonly options: RequestOptions;
  /** What is connected to. */
  readonly place: Place;
}

/** Undefined where the request names no place. `zones`: of the links that this machine is on. */
function targetOf(request: AnyRequest, zones: () => readonly string[]): Target | undefined {
  const { method, path } = request;
  const { url: origin, zone } = splitZone(request.origin);
  // Compared as the URL standard spells it: without the default port, names in lower case, IPv6
  // short.
  const asked = PLAIN_ORIGIN.test(origin) && URL.parse(origin)?.origin;
  const url = URL.parse(path, origin);
  // A path like `//elsewhere` would otherwise choose another host.
  if (!url || url.origin !== asked) return undefined;
  const headers = { ...request.headers, "accept-encoding": "identity" };
  const port = Number(url.port || HTTP_PORT);
  const named = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const connectTo = request.connectTo ?? addressOn(named, zone, zones);
  if (connectTo === undefined) {
    return { url, options: { method, headers }, place: { host: named, port } };
  }
  // A name here would be resolved once more, and to anything.
  if (isIP(connectTo) === 0) return undefined;
  const addressed = { ...headers, host: url.host };
  const place = { host: connectTo, port };
  return { url, options: { method, headers: addressed, ...place, hostname: connectTo }, place };
}

/** The host with its zone: the one that it came with, or of the only link that it can be on. */
function addressOn(
  host: string,
  zone: string | undefined,
  zones: () => readonly string[],
): string | undefined {
  if (zone !== undefined) return `${host}%${zone}`;
  if (!lacksZone(host)) return undefined;
  const [only, ...others] = zones();
  return only === undefined || others.length > 0 ? undefined : `${host}%${only}`;
}

function notAnAddress({ origin, connectTo }: AnyRequest): string {
  return `not an address: ${origin}${connectTo === undefined ? "" : ` at ${connectTo}`}`;
}

/** Reads an answer to its end, or refuses it. Rejects with NetworkError only. */
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

function callFailure(error: unknown, request: AnyRequest): NetworkError {
  if (error instanceof NetworkError) {
    return failureOf(error.failure, request, error.message, error.reason);
  }
  const [failure, reason] = systemFailure(error);
  return failureOf(failure, request, messageOf(error), reason);
}

/** The query stays out of the message: it is long, and it may be nobody's business. */
function failureOf(
  failure: NetworkFailure,
  { method, origin, path }: AnyRequest,
  why: string,
  reason?: string,
): NetworkError {
  return new NetworkError(failure, `${method} ${origin}${path.split("?")[0]}: ${why}`, reason);
}
