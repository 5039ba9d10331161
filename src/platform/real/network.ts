import { Agent, type IncomingMessage, request as openRequest } from "node:http";
import { messageOf } from "../errors.ts";
import {
  type HttpRequest,
  type HttpResponse,
  type Network,
  NetworkError,
  type NetworkFailure,
} from "../network.ts";

/** Below the idle timeout of our own server (10 s), so that we never write to a socket it is closing. */
const IDLE_SOCKET_MS = 4000;
/** Idle connections kept per node. */
const IDLE_SOCKETS_PER_HOST_MAX = 4;

/**
 * HTTP/1.1 to other nodes over kept-alive connections.
 *
 * `node:http` and not `fetch`: Bun's fetch sends requests through HTTP_PROXY (no option of a call
 * turns that off), follows redirects and unpacks compressed bodies. Here nothing of the kind exists.
 */
export class HttpNetwork implements Network {
  readonly #agent = new Agent({
    keepAlive: true,
    timeout: IDLE_SOCKET_MS,
    maxFreeSockets: IDLE_SOCKETS_PER_HOST_MAX,
  });

  send(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const url = targetOf(request);
      if (!url) return reject(new NetworkError("unreachable", `not an address: ${request.origin}`));
      const headers = { ...request.headers, "accept-encoding": "identity" };
      const { method, body } = request;
      const call = openRequest(url, { method, headers, agent: this.#agent });
      const fail = (error: NetworkError) => {
        clearTimeout(deadline);
        reject(error);
        call.destroy();
      };
      const deadline = setTimeout(
        () => fail(failureOf("timeout", request, `no answer in ${request.timeoutMs} ms`)),
        request.timeoutMs,
      );
      call.on("error", (error) => fail(failureOf(failureKind(error), request, messageOf(error))));
      call.on("response", (message) => {
        receive(message, request).then((response) => {
          clearTimeout(deadline);
          resolve(response);
        }, fail);
      });
      call.end(body);
    });
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agent.destroy();
  }
}

function targetOf(request: HttpRequest): URL | undefined {
  const url = URL.parse(request.path, request.origin);
  // A path like `//elsewhere` would otherwise choose another host.
  return url?.protocol === "http:" && url.origin === request.origin ? url : undefined;
}

/** Reads an answer to its end, or refuses it. Rejects with NetworkError only. */
async function receive(message: IncomingMessage, request: HttpRequest): Promise<HttpResponse> {
  const status = message.statusCode ?? 0;
  if (status >= 300 && status < 400) throw failureOf("redirected", request, `status ${status}`);
  const encoding = message.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw failureOf("unreachable", request, `body in ${encoding}`);
  const body = await readBody(message, request);
  return { status, headers: headersOf(message), body };
}

function readBody(message: IncomingMessage, request: HttpRequest): Promise<string> {
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
    message.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
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

function failureKind(error: Error): NetworkFailure {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED" || code === "ConnectionRefused") return "refused";
  return code === "ETIMEDOUT" ? "timeout" : "unreachable";
}

function failureOf(failure: NetworkFailure, request: HttpRequest, why: string): NetworkError {
  return new NetworkError(failure, `${request.method} ${request.origin}${request.path}: ${why}`);
}
