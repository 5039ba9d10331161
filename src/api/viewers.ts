import { shareKey } from "../discovery/addresses.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { enter, SharedRoom } from "../platform/room.ts";
import type { Frame } from "../tanks/tanks.ts";
import { Audience } from "./audience.ts";
import type { ApiContext } from "./context.ts";
import { encodeFrame, encodeHello } from "./frames.ts";
import { Garden } from "./garden.ts";
import type { ServedSocket, SocketService } from "./sockets.ts";

/** Close codes (RFC 6455 §7.4): 4000–4999 are the application's own. */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_TOO_BIG = 1009;
const CLOSE_NO_TANK = 4404;
/** The tank runs on another node: the same address, asked again, shows it there. */
const CLOSE_MOVED = 4301;

/** The audience of one tank. */
interface Channel {
  readonly sockets: Set<ServedSocket>;
  /** Viewers that wait for the hello, since there was no frame yet. */
  readonly waiting: Set<ServedSocket>;
  readonly garden: Garden;
  latest: { readonly frame: Frame; readonly text: string } | undefined;
  unwatch: () => void;
}

/**
 * The viewers of this node's tanks. A tank is watched only while it has viewers, and each frame is
 * encoded once and published to all.
 */
export class Viewers {
  readonly #context: ApiContext;
  readonly #publish: (topic: string, text: string) => void;
  /** Viewers through a tunnel, as subscribers of what is published. */
  readonly audience = new Audience();
  readonly #channels = new Map<string, Channel>();
  readonly #room = new SharedRoom(LIMITS.viewersMax, LIMITS.viewersPerSourceMax);
  #count = 0;

  constructor(context: ApiContext, publish: (topic: string, text: string) => void) {
    this.#context = context;
    this.#publish = (topic, text) => {
      publish(topic, text);
      this.audience.publish(topic, text);
    };
  }

  /**
   * Admits a viewer of a tank, at the IP `remoteAddress`. It occupies a place until its `onClose`,
   * even if it never opens. Throws Problem `too_many` when there is no place left.
   */
  admit(tankId: string, remoteAddress: string): SocketService {
    const leave = enter(this.#room.of(shareKey(remoteAddress)));
    if (!leave) throw new Problem("too_many", "This node has too many viewers; watch another one");
    let socket: ServedSocket | undefined;
    return {
      messagesPerSecond: LIMITS.viewerMessagesPerSecond,
      onOpen: (opened) => {
        socket = opened;
        this.#open(tankId, opened);
      },
      onMessage: (message) => {
        // Viewers do not send messages.
        const isLong = message.length > LIMITS.viewerMessageBytesMax;
        if (isLong) socket?.close(CLOSE_TOO_BIG, "viewers must not send messages");
      },
      onClose: () => {
        leave();
        if (socket) this.#close(tankId, socket);
        socket = undefined;
      },
    };
  }

  #open(tankId: string, socket: ServedSocket): void {
    this.#countBy(1);
    const channel = this.#channels.get(tankId) ?? this.#openChannel(tankId);
    channel.sockets.add(socket);
    if (channel.latest === undefined) {
      channel.waiting.add(socket);
    } else {
      this.#greet(socket, channel, channel.latest.frame);
      socket.send(channel.latest.text);
    }
    this.#watch(tankId, channel);
  }

  #close(tankId: string, socket: ServedSocket): void {
    this.#countBy(-1);
    const channel = this.#channels.get(tankId);
    channel?.sockets.delete(socket);
    channel?.waiting.delete(socket);
    if (channel?.sockets.size === 0) {
      this.#channels.delete(tankId);
      channel.unwatch();
    }
  }

  /** Called when the tank was removed. */
  closeTank(tankId: string): void {
    this.#dismiss(tankId, CLOSE_NO_TANK, "the tank was removed");
  }

  /** Called when the tank has moved to another node. */
  moveAway(tankId: string, server: string): void {
    this.#dismiss(tankId, CLOSE_MOVED, `the tank has moved to ${server}`);
  }

  /** Called when the node stops. */
  closeAll(): void {
    for (const tankId of [...this.#channels.keys()]) {
      this.#dismiss(tankId, CLOSE_GOING_AWAY, "the node stops");
    }
  }

  #openChannel(tankId: string): Channel {
    const channel: Channel = {
      sockets: new Set(),
      waiting: new Set(),
      garden: new Garden(),
      latest: undefined,
      unwatch: () => {},
    };
    this.#channels.set(tankId, channel);
    return channel;
  }

  /** Starts watching with the first viewer. */
  #watch(tankId: string, channel: Channel): void {
    if (channel.sockets.size > 1) return;
    try {
      channel.unwatch = this.#context.tanks.watch(tankId, (frame) => this.#show(channel, frame));
    } catch (error) {
      // The tank was removed since the handshake.
      this.#dismiss(tankId, CLOSE_NO_TANK, messageOf(error));
    }
  }

  #show(channel: Channel, frame: Frame): void {
    const stats = this.#context.tanks.get(frame.tankId)?.stats;
    const text = encodeFrame(frame, stats);
    for (const message of channel.garden.news(frame)) {
      this.#publish(topicOf(frame.tankId), message);
    }
    channel.latest = { frame, text };
    for (const socket of channel.waiting) this.#greet(socket, channel, frame);
    channel.waiting.clear();
    this.#publish(topicOf(frame.tankId), text);
  }

  #greet(socket: ServedSocket, { garden }: Channel, frame: Frame): void {
    const hosted = this.#context.tanks.get(frame.tankId);
    if (hosted === undefined) return;
    socket.send(encodeHello(hosted, this.#context.cluster.serverId, frame));
    for (const message of garden.everything()) socket.send(message);
    socket.subscribe(topicOf(frame.tankId));
  }

  #dismiss(tankId: string, code: number, reason: string): void {
    // Each socket's close event removes it from the channel.
    for (const socket of [...(this.#channels.get(tankId)?.sockets ?? [])]) {
      socket.close(code, reason);
    }
  }

  #countBy(change: 1 | -1): void {
    this.#count += change;
    this.#context.meter.set("tankd_viewers", this.#count);
  }
}

function topicOf(tankId: string): string {
  return `tank:${tankId}`;
}
