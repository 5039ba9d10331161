import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import { enter, type Room, SharedRoom } from "../../platform/room.ts";
import type { MessageSocket, SocketListener } from "../../platform/sockets.ts";
import type { Timers } from "../../platform/timers.ts";
import { type Frame, KIND } from "./frame.ts";
import { jsonOf, TunnelLink } from "./link.ts";
import {
  type RelayedReply,
  relayedReplySchema,
  type TunnelRequest,
  type TunnelWatch,
  tunnelEndSchema,
} from "./messages.ts";

/** A viewer through the tunnel. */
export interface TunnelViewer {
  onText(text: string): void;
  /** Called once; `code` is one of WebSockets. */
  onEnd(code: number, reason: string): void;
}

interface Waiting {
  readonly resolve: (reply: RelayedReply) => void;
  readonly reject: (error: NetworkError) => void;
}

interface Watching {
  readonly viewer: TunnelViewer;
  readonly leave: () => void;
}

/** The node behind the tunnel is gone (RFC 6455 section 7.4.1). */
const CLOSE_GOING_AWAY = 1001;

/** The end of a tunnel at the node that others can dial. It asks, and the node behind answers. */
export class RelayEnd {
  readonly #link: TunnelLink;
  readonly #timers: Timers;
  readonly #waiting = new Map<number, Waiting>();
  readonly #waitingRoom = new SharedRoom(
    LIMITS.tunnelRequestsMax,
    LIMITS.tunnelRequestsPerSourceMax,
  );
  readonly #viewers = new Map<number, Watching>();
  readonly #viewersRoom = new SharedRoom(LIMITS.tunnelViewersMax, LIMITS.tunnelViewersPerSourceMax);
  #streams = 0;

  /**
   * @param room budget for incomplete answers.
   * @param onClosed once, when the tunnel is closed.
   */
  constructor(timers: Timers, room: Room, onClosed: (reason: string) => void) {
    this.#timers = timers;
    this.#link = new TunnelLink(timers, room, {
      onFrame: (frame) => this.#hear(frame),
      onClosed: (reason) => {
        this.#endAll();
        onClosed(reason);
      },
    });
  }

  get listener(): SocketListener {
    return this.#link.listener;
  }

  open(socket: MessageSocket): void {
    this.#link.open(socket, { pings: false });
  }

  close(reason: string): void {
    this.#link.close(reason);
  }

  /**
   * Rejects with NetworkError.
   * @param share the key of the asker's quota; without one there is no quota
   */
  ask(request: TunnelRequest, timeoutMs: number, share?: string): Promise<RelayedReply> {
    return new Promise((resolve, reject) => {
      if (!this.#link.isOpen) return reject(gone());
      if (this.#link.waitingBytes > LIMITS.tunnelBacklogBytesMax) {
        return reject(new NetworkError("busy", "the connection of the tunnel is too slow"));
      }
      const leave = enter(this.#waitingRoom.of(share));
      if (!leave) {
        return reject(new NetworkError("busy", "too many requests wait in the tunnel"));
      }
      const stream = this.#nextStream();
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T) => {
          cancel();
          leave();
          this.#waiting.delete(stream);
          how(value);
        };
      const waiting = { resolve: settle(resolve), reject: settle(reject) };
      const cancel = this.#timers.after(timeoutMs, () => {
        const why = `no answer through the tunnel in ${timeoutMs} ms`;
        waiting.reject(new NetworkError("timeout", why));
      });
      this.#waiting.set(stream, waiting);
      this.#link.sendJson(KIND.request, stream, request);
    });
  }

  /** Starts to watch; returns how to stop. @param share as in {@link ask} */
  watch(what: TunnelWatch, viewer: TunnelViewer, share?: string): () => void {
    const leave = this.#link.isOpen ? enter(this.#viewersRoom.of(share)) : undefined;
    if (!leave) {
      viewer.onEnd(CLOSE_GOING_AWAY, "no room in the tunnel");
      return () => {};
    }
    const stream = this.#nextStream();
    this.#viewers.set(stream, { viewer, leave });
    this.#link.sendJson(KIND.watch, stream, what);
    return () => {
      if (!this.#endViewer(stream)) return;
      this.#link.sendJson(KIND.end, stream, { code: 1000, reason: "" });
    };
  }

  #hear(frame: Frame): void {
    const { kind, stream } = frame;
    if (kind === KIND.response) this.#hearReply(frame);
    else if (kind === KIND.text) this.#show(frame);
    else if (kind === KIND.end) {
      const end = tunnelEndSchema.safeParse(jsonOf(frame)).data;
      this.#endViewer(stream)?.onEnd(end?.code ?? CLOSE_GOING_AWAY, end?.reason ?? "");
    } else this.#link.close("not a tunnel");
  }

  #show({ stream, content }: Frame): void {
    if (content.length > LIMITS.viewerBacklogBytesMax) {
      this.#link.close("too long a message");
      return;
    }
    this.#viewers.get(stream)?.viewer.onText(new TextDecoder().decode(content));
  }

  #endViewer(stream: number): TunnelViewer | undefined {
    const watching = this.#viewers.get(stream);
    this.#viewers.delete(stream);
    watching?.leave();
    return watching?.viewer;
  }

  #hearReply(frame: Frame): void {
    const waiting = this.#waiting.get(frame.stream);
    if (!waiting) return;
    const reply = relayedReplySchema.safeParse(jsonOf(frame)).data;
    if (reply) waiting.resolve(reply);
    else waiting.reject(new NetworkError("unreachable", "the node's answer cannot be read"));
  }

  #endAll(): void {
    for (const { reject } of [...this.#waiting.values()]) reject(gone());
    for (const stream of [...this.#viewers.keys()]) {
      this.#endViewer(stream)?.onEnd(CLOSE_GOING_AWAY, "the tunnel has ended");
    }
  }

  #nextStream(): number {
    this.#streams = (this.#streams % 0xffff_fffe) + 1;
    return this.#streams;
  }
}

function gone(): NetworkError {
  return new NetworkError("unreachable", "the tunnel has ended");
}
