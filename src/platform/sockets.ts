/**
 * A connection that carries whole messages in order, both ways: a WebSocket (RFC 6455). Text is
 * text and bytes are bytes on the other side, too.
 */
export interface MessageSocket {
  /** Does nothing once it is closed. */
  send(message: string | Uint8Array): void;
  /** Bytes that were sent and have not left the process yet. */
  readonly waitingBytes: number;
  /** @param code of RFC 6455 section 7.4; 1000 is the normal end. */
  close(code: number, reason: string): void;
}

/** What comes in on a connection. Nothing comes after `onClose`, which is called once. */
export interface SocketListener {
  onMessage(message: string | Uint8Array): void;
  onClose(code: number, reason: string): void;
}

export interface SocketRequest {
  /** Scheme, host and port of the other node's API: `http://192.168.1.10:8000`. */
  readonly origin: string;
  /** IP literal to connect to in the place of the origin's host, which the Host header keeps. */
  readonly connectTo?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Opens connections to other nodes. Rejects with NetworkError only. */
export interface Sockets {
  connect(request: SocketRequest, listener: SocketListener): Promise<MessageSocket>;
}
