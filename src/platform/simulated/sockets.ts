import { NetworkError } from "../network.ts";
import {
  type MessageSocket,
  type SocketListener,
  type SocketRequest,
  SWITCHING_PROTOCOLS,
} from "../sockets.ts";
import type { SimulatedProcess } from "./process.ts";
import type { SimulatedWorld } from "./world.ts";

/** Handles an incoming connection. */
export interface IncomingSocket {
  readonly listener: SocketListener;
  open(socket: MessageSocket): void;
}

/** Asks for a connection; an answer of {@link SWITCHING_PROTOCOLS} accepts it under the key. */
export const UPGRADE_HEADER = "sec-websocket-key";
/** Delay until the other end of a connection learns that its program is gone. */
const RESET_MS = 5;
/** The connection was lost without a close frame (RFC 6455 section 7.4.1). */
const LOST = 1006;
/** A message is longer than its receiver accepts (section 7.4.1). */
const TOO_LONG = 1009;
const CHECK_MS = 500;
const REFUSAL_BYTES_MAX = 4096;

/**
 * Connections for messages. Messages of one are neither lost nor reordered (TCP). A partition
 * silently drops a message and all that follow it, without notice to either end.
 */
export class SimulatedSockets {
  readonly #world: SimulatedWorld;
  readonly #granted = new Map<string, { by: SimulatedProcess; incoming: IncomingSocket }>();
  #keys = 0;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  /** A program accepts the connection that was asked for with this key. */
  grant(by: SimulatedProcess, key: string, incoming: IncomingSocket): void {
    this.#granted.set(key, { by, incoming });
  }

  async connect(
    from: SimulatedProcess,
    request: SocketRequest,
    listener: SocketListener,
  ): Promise<MessageSocket> {
    const key = `key-${this.#keys++}`;
    const response = await this.#world.network.send(from, {
      ...request,
      method: "GET",
      headers: { ...request.headers, [UPGRADE_HEADER]: key },
      responseBytesMax: REFUSAL_BYTES_MAX,
    });
    const granted = this.#granted.get(key);
    this.#granted.delete(key);
    if (response.status !== SWITCHING_PROTOCOLS || !granted) {
      throw new NetworkError("unreachable", `${request.path}: status ${response.status}`);
    }
    if (request.isTaken?.(response.headers) === false) {
      throw new NetworkError("unreachable", `${request.path}: another one has taken it`);
    }
    const { by, incoming } = granted;
    const pipe = new Pipe(this.#world, { from, to: by });
    const there = pipe.end(by, from, incoming.listener);
    const here: MessageSocket = pipe.end(from, by, {
      onMessage: (message) => {
        if (message.length > request.messageBytesMax) here.close(TOO_LONG, "too long");
        else listener.onMessage(message);
      },
      onClose: (code, reason) => listener.onClose(code, reason),
    });
    incoming.open(there);
    return here;
  }
}

interface Ends {
  readonly from: SimulatedProcess;
  readonly to: SimulatedProcess;
}

/** One connection: two ends, open until one of them closes or dies. */
class Pipe {
  readonly #world: SimulatedWorld;
  readonly #label: string;
  readonly #listeners = new Map<SimulatedProcess, SocketListener>();
  /** Arrival time of the last message, by receiving end. */
  readonly #arrivesMs = new Map<SimulatedProcess, number>();
  #isBroken = false;

  constructor(world: SimulatedWorld, { from, to }: Ends) {
    this.#world = world;
    this.#label = `socket ${from.host.name}-${to.host.name}`;
    this.#watch({ from, to });
  }

  /** The end of `owner`; its messages go to `other`. */
  end(owner: SimulatedProcess, other: SimulatedProcess, listener: SocketListener): MessageSocket {
    this.#listeners.set(owner, listener);
    const isOpen = () => this.#listeners.has(owner);
    return {
      waitingBytes: 0,
      send: (message) => {
        if (!isOpen()) return;
        this.#carry(owner, other, "message", () => {
          this.#listeners.get(other)?.onMessage(message);
        });
      },
      close: (code, reason) => {
        if (!isOpen()) return;
        this.#close(owner, 1000, "");
        this.#carry(owner, other, "close", () => this.#close(other, code, reason));
      },
    };
  }

  #carry(from: SimulatedProcess, to: SimulatedProcess, what: string, deliver: () => void): void {
    const { network } = this.#world;
    if (network.isCut(from.host, to.host)) this.#isBroken = true;
    const delayMs = network.delayMs();
    const atMs = Math.max(this.#world.nowMs + delayMs, this.#arrivesMs.get(to) ?? 0);
    this.#arrivesMs.set(to, atMs);
    this.#world.schedule(atMs - this.#world.nowMs, `${this.#label} ${what}`, () => {
      if (network.isCut(from.host, to.host)) this.#isBroken = true;
      if (this.#isBroken || !to.alive) return;
      to.thread.run(this.#world.costs.eventMs, deliver);
    });
  }

  #close(end: SimulatedProcess, code: number, reason: string): void {
    const listener = this.#listeners.get(end);
    this.#listeners.delete(end);
    if (end.alive) listener?.onClose(code, reason);
  }

  /** The system closes the connections of a dead program, if it still can. */
  #watch({ from, to }: Ends): void {
    this.#world.schedule(CHECK_MS, `${this.#label} check`, () => {
      if (this.#listeners.size === 0 || this.#isBroken) return;
      if (from.alive && to.alive) return this.#watch({ from, to });
      const [dead, living] = from.alive ? [to, from] : [from, to];
      this.#world.schedule(RESET_MS, `${this.#label} reset`, () => {
        this.#listeners.delete(dead);
        if (this.#world.network.isCut(dead.host, living.host)) return;
        this.#close(living, LOST, "");
      });
    });
  }
}
