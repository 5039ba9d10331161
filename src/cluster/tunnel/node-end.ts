import { messageOf } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { enter, OwnRoom } from "../../platform/room.ts";
import { closeReason, type MessageSocket, type SocketListener } from "../../platform/sockets.ts";
import type { Timers } from "../../platform/timers.ts";
import { type Frame, KIND } from "./frame.ts";
import { jsonOf, TunnelLink } from "./link.ts";
import {
  type RelayedReply,
  type RelayedRequest,
  type TunnelRequest,
  tunnelRequestSchema,
  tunnelWatchSchema,
} from "./messages.ts";

/** The sink for a viewer that came through a tunnel. */
export interface RemoteViewer {
  /** Dropped if the connection is too slow. */
  send(text: string): void;
  end(code: number, reason: string): void;
}

/** What this node serves through its tunnel: its API. */
export interface LocalService {
  /** Answers as if the request had come from `source`, an IP, to its own port. */
  answer(request: RelayedRequest, source: string): Promise<RelayedReply>;
  /** Starts streaming `path`; returns how to stop. @throws Problem if there is nothing. */
  watch(path: string, source: string, viewer: RemoteViewer): () => void;
}

/** Refusals before a viewer sees anything: an application-defined code (RFC 6455 section 7.4.2). */
const CLOSE_REFUSED = 4404;

/** Sent instead of an answer that would only wait in this node's memory. It carries no proof. */
const TOO_SLOW: RelayedReply = { status: 503, headers: {}, body: "" };

/** The end of a tunnel at the node that cannot be dialled. */
export class NodeEnd {
  readonly #link: TunnelLink;
  readonly #service: LocalService;
  readonly #sourceOf: (source: string) => string;
  readonly #viewers = new Map<number, () => void>();
  /** Memory budget of the requests in progress. */
  readonly #answering = new OwnRoom(LIMITS.tunnelRequestsMax);

  /**
   * @param sourceOf the accepted origin of a request: a relay cannot claim that it came from this
   *   machine itself.
   */
  constructor(
    timers: Timers,
    parts: {
      readonly service: LocalService;
      readonly sourceOf: (source: string) => string;
      readonly onClosed: (reason: string) => void;
    },
  ) {
    this.#service = parts.service;
    this.#sourceOf = parts.sourceOf;
    this.#link = new TunnelLink(timers, new OwnRoom(LIMITS.tunnelUnfinishedBytesMax), {
      onFrame: (frame) => this.#hear(frame),
      onClosed: (reason) => {
        for (const stop of this.#viewers.values()) stop();
        this.#viewers.clear();
        parts.onClosed(reason);
      },
    });
  }

  get listener(): SocketListener {
    return this.#link.listener;
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  open(socket: MessageSocket): void {
    this.#link.open(socket, { pings: true });
  }

  close(reason: string): void {
    this.#link.close(reason);
  }

  #hear(frame: Frame): void {
    const { kind, stream } = frame;
    if (kind === KIND.request) void this.#answer(frame);
    else if (kind === KIND.watch) this.#show(frame);
    else if (kind === KIND.end) this.#endViewer(stream);
    else this.#link.close("not a tunnel");
  }

  async #answer(frame: Frame): Promise<void> {
    const asked = tunnelRequestSchema.safeParse(jsonOf(frame)).data;
    if (!asked) return this.#link.close("not a tunnel");
    const reply = await this.#replyTo(asked);
    const isBehind = this.#link.waitingBytes > LIMITS.tunnelUnfinishedBytesMax;
    this.#link.sendJson(KIND.response, frame.stream, isBehind ? TOO_SLOW : reply);
  }

  async #replyTo({ request, source }: TunnelRequest): Promise<RelayedReply> {
    const leave = enter(this.#answering);
    if (!leave) return TOO_SLOW;
    try {
      return await this.#service.answer(request, this.#sourceOf(source));
    } finally {
      leave();
    }
  }

  #show(frame: Frame): void {
    const { stream } = frame;
    const wanted = tunnelWatchSchema.safeParse(jsonOf(frame)).data;
    if (!wanted || this.#viewers.has(stream)) {
      this.#link.close("not a tunnel");
      return;
    }
    const end = (code: number, reason: string) => {
      this.#viewers.delete(stream);
      this.#link.sendJson(KIND.end, stream, { code, reason: closeReason(reason) });
    };
    if (this.#viewers.size >= LIMITS.tunnelViewersMax) {
      end(CLOSE_REFUSED, "too many viewers");
      return;
    }
    const viewer: RemoteViewer = {
      send: (text) => {
        if (this.#link.waitingBytes > LIMITS.tunnelBacklogBytesMax) return;
        this.#link.send(KIND.text, stream, new TextEncoder().encode(text));
      },
      end,
    };
    try {
      this.#viewers.set(stream, () => {});
      const stop = this.#service.watch(wanted.path, this.#sourceOf(wanted.source), viewer);
      if (this.#viewers.has(stream)) this.#viewers.set(stream, stop);
      else stop();
    } catch (error) {
      end(CLOSE_REFUSED, messageOf(error));
    }
  }

  #endViewer(stream: number): void {
    this.#viewers.get(stream)?.();
    this.#viewers.delete(stream);
  }
}
