/** One outgoing HTTP/1.1 request to another node. JSON text only; redirects are never followed. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /**
   * Scheme, host and port, e.g. `http://192.168.1.10:8000`; IPv6 hosts in brackets, where
   * link-local ones may have their zone.
   */
  readonly origin: string;
  /**
   * IP literal to connect to in the place of the host of `origin`, which the Host header keeps;
   * with a zone for link-local IPv6: `fe80::1%eth0`.
   */
  readonly connectTo?: string;
  /** Path with query, beginning with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Told once the other machine has taken the connection, which says nothing about its program. */
  readonly onConnected?: () => void;
  /** A longer response is cut off and reported as `too_large`. */
  readonly responseBytesMax: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The same with bodies that are no text: for a file on its way. */
export interface ByteRequest extends Omit<HttpRequest, "body"> {
  readonly body?: Uint8Array;
}

export interface ByteResponse extends Omit<HttpResponse, "body"> {
  readonly body: Uint8Array;
}

/** Moves files. Rejects with {@link NetworkError} only. */
export interface ByteNetwork {
  sendBytes(request: ByteRequest): Promise<ByteResponse>;
}

export type NetworkFailure =
  | "timeout"
  | "refused"
  | "unreachable"
  | "too_large"
  | "redirected"
  /** Not sent, or not passed on, for want of room: the other node is no worse than before. */
  | "busy";

const FAILURE_WORDS: Readonly<Record<NetworkFailure, string>> = {
  timeout: "no answer in time",
  refused: "connection refused",
  unreachable: "not reachable",
  too_large: "the answer is too long",
  redirected: "it redirects elsewhere",
  busy: "too much is asked of it",
};

/**
 * No answer, or none that may be believed. It says nothing about whether the request took effect.
 */
export class NetworkError extends Error {
  readonly failure: NetworkFailure;
  /** A few words for people, without what was asked: `connection refused`. */
  readonly reason: string;

  constructor(failure: NetworkFailure, message: string, reason = FAILURE_WORDS[failure]) {
    super(message);
    this.name = "NetworkError";
    this.failure = failure;
    this.reason = reason;
  }
}

/** The way out to other nodes. Rejects with {@link NetworkError} only. */
export interface Network {
  send(request: HttpRequest): Promise<HttpResponse>;
  /**
   * All addresses of a name, as IP literals without brackets; an IP literal is answered with
   * itself, but link-local IPv6 without a zone with each that it may have here. Ends within
   * seconds: `unreachable` for an unknown name, `timeout` where nobody answers.
   */
  resolve(host: string): Promise<readonly string[]>;
}
