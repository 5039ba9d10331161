import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { messageOf } from "../../platform/errors.ts";
import { NetworkError, type NetworkFailure } from "../../platform/network.ts";
import { systemFailure } from "../../platform/real/system-failure.ts";

/** A server with a JSON API over HTTP: a store, an agent, a daemon of this machine. */
export interface EndpointAddress {
  /** `http://…` or `https://…` without a path; for a socket its host is only a name. */
  readonly origin: string;
  /** A Unix socket to connect to. */
  readonly socketPath?: string;
  /** Sent with every request, credentials among them. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * PEM texts, if the server's certificate is not from a public authority, or a client certificate
   * is required.
   */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export interface EndpointRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Path with query, beginning with `/`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Timeout of the whole answer; for a stream, of its head. */
  readonly timeoutMs: number;
  /** Aborts the request: it rejects with `unreachable`. */
  readonly signal?: AbortSignal;
}

export interface EndpointReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed; undefined if it is empty or not JSON. */
  readonly json: unknown;
  readonly text: string;
}

/** Longer answers are refused: a list of a thousand nodes takes a tenth. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** Longer lines of a stream are refused. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Requests to one such server. Uses `node:http`, since `fetch` sends requests to this machine
 * through HTTP_PROXY too. Redirects are not followed: credentials would be sent along.
 */
export class Endpoint {
  readonly #address: EndpointAddress;

  constructor(address: EndpointAddress) {
    this.#address = address;
  }

  /** Rejects with NetworkError if there is no whole answer in time. */
  async ask(request: EndpointRequest): Promise<EndpointReply> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), request.timeoutMs);
    try {
      const message = await this.#open(request, deadline.signal);
      const text = await this.#readAll(message, deadline.signal);
      const { statusCode: status = 0, headers } = message;
      return { status, headers, json: parse(text), text };
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * A stream of JSON values, one per line; the last line may lack its end. Resolves when the server
   * ends it. Rejects with NetworkError for any status but 200, a broken connection, or a line that
   * is not JSON.
   */
  async follow(request: EndpointRequest, onValue: (value: unknown) => void): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), request.timeoutMs);
    const message = await this.#open(request, deadline.signal).finally(() => clearTimeout(timer));
    if (message.statusCode !== 200) {
      message.destroy();
      throw this.#failure("unreachable", `status ${message.statusCode}`);
    }
    await this.#readLines(message, onValue);
  }

  #open(request: EndpointRequest, deadline: AbortSignal): Promise<IncomingMessage> {
    const { origin, socketPath, headers, tls } = this.#address;
    const { method, path, body, signal } = request;
    const url = new URL(path, origin);
    const content = body === undefined ? undefined : JSON.stringify(body);
    const options: RequestOptions = {
      method,
      headers: {
        accept: "application/json",
        "accept-encoding": "identity",
        ...(content === undefined ? {} : { "content-type": "application/json" }),
        ...(content === undefined ? {} : { "content-length": String(Buffer.byteLength(content)) }),
        ...headers,
        ...request.headers,
      },
      // A connection there costs nothing, and a kept one may lead to a daemon that has ended.
      ...(socketPath === undefined ? {} : { socketPath, agent: false }),
      ...tls,
    };
    return new Promise((resolve, reject) => {
      const call = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options);
      const end = (failure: NetworkError) => {
        reject(failure);
        call.destroy();
      };
      // First of all: a request that is aborted before it has a socket fails later.
      call.on("error", (error) => {
        const [failure, reason] = systemFailure(error);
        const isUnknown = failure === "unreachable" && reason === undefined;
        end(this.#failure(failure, isUnknown ? messageOf(error) : reason));
      });
      call.on("response", resolve);
      deadline.addEventListener("abort", () =>
        end(this.#failure("timeout", `no answer in ${request.timeoutMs} ms`)),
      );
      const giveUp = () => end(this.#failure("unreachable", "given up"));
      signal?.addEventListener("abort", giveUp);
      // A signal may outlive any number of requests.
      call.on("close", () => signal?.removeEventListener("abort", giveUp));
      if (signal?.aborted) return giveUp();
      call.end(content);
    });
  }

  #readAll(message: IncomingMessage, deadline: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      const refuse = (error: NetworkError) => {
        reject(error);
        message.destroy();
      };
      deadline.addEventListener("abort", () =>
        refuse(this.#failure("timeout", "the answer does not end")),
      );
      message.on("data", (chunk: Uint8Array) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > ANSWER_BYTES_MAX) refuse(this.#failure("too_large", "its answer is too long"));
      });
      message.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      message.on("close", () => refuse(this.#failure("unreachable", "its answer was cut off")));
    });
  }

  #readLines(message: IncomingMessage, onValue: (value: unknown) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let rest = "";
      const decoder = new TextDecoder();
      const refuse = (error: NetworkError) => {
        reject(error);
        message.destroy();
      };
      const take = (line: string): boolean => {
        const value = line.trim() === "" ? null : parse(line);
        if (value === undefined) refuse(this.#failure("unreachable", "its answer is not JSON"));
        else if (value !== null) onValue(value);
        return value !== undefined;
      };
      message.on("data", (chunk: Uint8Array) => {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        if (rest.length > LINE_BYTES_MAX) {
          return refuse(this.#failure("too_large", "its answer is too long"));
        }
        lines.every(take);
      });
      message.on("end", () => {
        take(rest);
        resolve();
      });
      message.on("close", () => refuse(this.#failure("unreachable", "the connection was lost")));
    });
  }

  /** @param words for people; the kind of failure has default words */
  #failure(failure: NetworkFailure, words?: string): NetworkError {
    const where = this.#address.socketPath ?? this.#address.origin;
    const { reason } = new NetworkError(failure, "", words);
    return new NetworkError(failure, `${where}: ${reason}`, reason);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
