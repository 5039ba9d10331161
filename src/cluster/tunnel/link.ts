import { LIMITS } from "../../platform/limits.ts";
import type { Room } from "../../platform/room.ts";
import type { MessageSocket, SocketListener } from "../../platform/sockets.ts";
import { repeat, type Timers } from "../../platform/timers.ts";
import { type Frame, type FrameKind, FrameReader, KIND, piecesOf } from "./frame.ts";

/** Home routers drop connections that are idle for 30 s or more. */
const PING_MS = 10_000;
/** After this many intervals without a frame the connection counts as lost. */
const SILENT_INTERVALS_MAX = 3;
/** Application-defined close codes (RFC 6455 section 7.4.2). */
const CLOSE_SILENT = 4408;
const CLOSE_BROKEN = 4400;
const CLOSE_SLOW = 4413;

export interface LinkEvents {
  onFrame(frame: Frame): void;
  /** Called once, whichever end closed it. */
  onClosed(reason: string): void;
}

/** One connection of a tunnel, at either end: frames, and the liveness of the other end. */
export class TunnelLink {
  readonly #timers: Timers;
  readonly #events: LinkEvents;
  readonly #reader: FrameReader;
  #socket: MessageSocket | undefined;
  #silentIntervals = 0;
  #isClosed = false;
  #cancelPings: () => void = () => {};

  /** @param room budget for incomplete messages. */
  constructor(timers: Timers, room: Room, events: LinkEvents) {
    this.#reader = new FrameReader(room);
    this.#timers = timers;
    this.#events = events;
  }

  /** For the end that opens the connection. */
  get listener(): SocketListener {
    return {
      onMessage: (message) => this.receive(message),
      onClose: (_, reason) => this.#end(reason === "" ? "the connection was lost" : reason),
    };
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && !this.#isClosed;
  }

  /** Bytes that wait for a slow connection. */
  get waitingBytes(): number {
    return this.#socket?.waitingBytes ?? 0;
  }

  /**
   * @param pings one end asks and the other answers; that keeps routers from dropping the
   * connection.
   */
  open(socket: MessageSocket, { pings }: { readonly pings: boolean }): void {
    this.#socket = socket;
    if (this.#isClosed) {
      socket.close(1000, "");
      return;
    }
    this.#cancelPings = repeat(this.#timers, PING_MS, () => {
      if (++this.#silentIntervals >= SILENT_INTERVALS_MAX) this.#hangUp(CLOSE_SILENT, "silent");
      else if (pings) this.send(KIND.ping, 0, NOTHING);
    });
  }

  receive(message: string | Uint8Array): void {
    if (this.#isClosed) return;
    this.#silentIntervals = 0;
    const frame = typeof message === "string" ? "broken" : this.#reader.read(message);
    if (frame === "broken") this.#hangUp(CLOSE_BROKEN, "not a tunnel");
    else if (frame?.kind === KIND.ping) this.send(KIND.pong, 0, NOTHING);
    else if (frame !== undefined && frame.kind !== KIND.pong) this.#events.onFrame(frame);
  }

  send(kind: FrameKind, stream: number, content: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.waitingBytes > LIMITS.tunnelWaitingBytesMax) {
      this.#hangUp(CLOSE_SLOW, "too slow");
      return;
    }
    for (const piece of piecesOf({ kind, stream, content })) this.#socket?.send(piece);
  }

  sendJson(kind: FrameKind, stream: number, content: unknown): void {
    this.send(kind, stream, new TextEncoder().encode(JSON.stringify(content)));
  }

  close(reason: string): void {
    this.#hangUp(1000, reason);
  }

  #hangUp(code: number, reason: string): void {
    this.#socket?.close(code, reason);
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelPings();
    this.#reader.clear();
    this.#events.onClosed(reason);
  }
}

const NOTHING = new Uint8Array(0);

/** The JSON of a frame; undefined for anything else. */
export function jsonOf({ content }: Frame): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    return undefined;
  }
}
