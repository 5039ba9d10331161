import type { SocketListener } from "../platform/sockets.ts";

/** A WebSocket connection of the server. */
export interface ServedSocket {
  send(message: string | Uint8Array): void;
  /** Bytes that were sent and are still buffered in the process. */
  readonly waitingBytes: number;
  /** Subscribes it to the topic. */
  subscribe(topic: string): void;
  close(code: number, reason: string): void;
}

/** Handles WebSockets: accepts their requests and serves them until they close. */
export interface SocketService extends SocketListener {
  /** Whoever sends more, pings and pongs included, is disconnected. */
  readonly messagesPerSecond: number;
  onOpen(socket: ServedSocket): void;
}
