/**
 * A connection for messages in both directions, in order: a WebSocket (RFC 6455). Text and bytes
 * are distinguished.
 */
export interface MessageSocket {
  /** No effect once it is closed. */
  send(message: string | Uint8Array): void;
  /** Bytes that were sent and are still buffered in the process. */
  readonly waitingBytes: number;
  /** @param code of RFC 6455 section 7.4; 1000 is the normal end. */
  close(code: number, reason: string): void;
}

/** Callbacks of a connection. None is called after `onClose`, which is called once. */
export interface SocketListener {
  onMessage(message: string | Uint8Array): void;
  onClose(code: number, reason: string): void;
}

export interface SocketRequest {
  /** Scheme, host and port of the other node's API: `http://192.168.1.10:8000`. */
  readonly origin: string;
  /** IP literal to connect to instead of the origin's host, which the Host header keeps. */
  readonly connectTo?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** A longer message closes the connection before the rest of it is received. */
  readonly messageBytesMax: number;
  /**
   * Whether the headers of an answer, names in lower case, are those of who is meant. Nothing that
   * comes from anybody else is heard.
   */
  readonly isTaken?: (headers: Readonly<Record<string, string>>) => boolean;
}

/** The status of an answer that takes a WebSocket (RFC 6455 section 4.2.2). */
export const SWITCHING_PROTOCOLS = 101;

/** Opens connections to other nodes. Rejects with NetworkError only. */
export interface Sockets {
  connect(request: SocketRequest, listener: SocketListener): Promise<MessageSocket>;
}

/** Maximum length of a close reason (RFC 6455 section 5.5), in UTF-8. */
const CLOSE_REASON_BYTES_MAX = 123;

/** Truncates a close reason at a character boundary. */
export function closeReason(text: string): string {
  const bytes = new Uint8Array(CLOSE_REASON_BYTES_MAX);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
