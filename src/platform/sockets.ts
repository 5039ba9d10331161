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
  /** Who begins a longer message is cut off before the rest of it has come. */
  readonly messageBytesMax: number;
}

/** Opens connections to other nodes. Rejects with NetworkError only. */
export interface Sockets {
  connect(request: SocketRequest, listener: SocketListener): Promise<MessageSocket>;
}

/** What fits a frame that closes a connection (RFC 6455 section 5.5), in UTF-8. */
const CLOSE_REASON_BYTES_MAX = 123;

/** As much of a reason as can be said, in whole characters. */
export function closeReason(text: string): string {
  const bytes = new Uint8Array(CLOSE_REASON_BYTES_MAX);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
