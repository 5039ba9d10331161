/** One outgoing HTTP/1.1 request to another node. JSON text only; redirects are never followed. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /**
   * Scheme, host and port, e.g. `http://192.168.1.10:8000`; IPv6 hosts in brackets, link-local ones
   * optionally with a zone.
   */
  readonly origin: string;
  /**
   * IP literal to connect to instead of the host of `origin`, which the Host header keeps; with a
   * zone for link-local IPv6: `fe80::1%eth0`.
   */
  readonly connectTo?: string;
  /** Path with query, beginning with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Fails as `unconnected` where there is no connection by then. */
  readonly connectTimeoutMs?: number;
  /** Called when the other machine accepts the connection; its program may not answer yet. */
  readonly onConnected?: () => void;
  /** A longer response is aborted and reported as `too_large`. */
  readonly responseBytesMax: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The same with binary bodies, for files. */
export interface ByteRequest extends Omit<HttpRequest, "body"> {
  readonly body?: Uint8Array;
}

export interface ByteResponse extends Omit<HttpResponse, "body"> {
  readonly body: Uint8Array;
}

/** Uploads and downloads files. Rejects with {@link NetworkError} only. */
export interface ByteNetwork {
  sendBytes(request: ByteRequest): Promise<ByteResponse>;
}

export type NetworkFailure =
  | "timeout"
  /** No connection in time: a firewall drops, or nobody is there. The request was not sent. */
  | "unconnected"
  | "refused"
  | "unreachable"
  | "too_large"
  | "redirected"
  /** Not sent or not relayed because a limit is reached; says nothing about the other node. */
  | "busy";

const FAILURE_WORDS: Readonly<Record<NetworkFailure, string>> = {
  timeout: "no answer in time",
  unconnected: "no connection in time",
  refused: "connection refused",
  unreachable: "not reachable",
  too_large: "the answer is too long",
  redirected: "it redirects elsewhere",
  busy: "too many requests are pending",
};

/** There was no valid answer. The request may have taken effect nevertheless. */
export class NetworkError extends Error {
  readonly failure: NetworkFailure;
  /** A short description for users, without the request: `connection refused`. */
  readonly reason: string;

  constructor(failure: NetworkFailure, message: string, reason = FAILURE_WORDS[failure]) {
    super(message);
    this.name = "NetworkError";
    this.failure = failure;
    this.reason = reason;
  }
}

/** The port for requests to other nodes. Rejects with {@link NetworkError} only. */
export interface Network {
  send(request: HttpRequest): Promise<HttpResponse>;
  /**
   * All addresses of a name, as IP literals without brackets. An IP literal resolves to itself, but
   * link-local IPv6 without a zone to one for each possible zone. Settles within seconds:
   * `unreachable` for an unknown name, `timeout` without an answer.
   */
  resolve(host: string): Promise<readonly string[]>;
}
