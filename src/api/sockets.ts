import type { SocketListener } from "../platform/sockets.ts";

/** A connection that the server holds, as it gives it to whoever serves it. */
export interface ServedSocket {
  send(message: string | Uint8Array): void;
  /** Bytes that were sent and have not left the process yet. */
  readonly waitingBytes: number;
  /** What is published on the topic is sent to it from now on. */
  subscribe(topic: string): void;
  close(code: number, reason: string): void;
}

/** What a WebSocket is for: asked to be opened by a request, served until it closes. */
export interface SocketService extends SocketListener {
  onOpen(socket: ServedSocket): void;
}
