import { authorityOf, shareKey } from "../discovery/addresses.ts";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { NetworkError } from "../platform/network.ts";
import { enter, SharedRoom } from "../platform/room.ts";
import { RELAYED_BY } from "./answered-by.ts";
import type { ApiContext } from "./context.ts";
import type { ServedSocket, SocketService } from "./sockets.ts";

/** A viewer of a tank that another node hosts. */
export interface Wanted {
  readonly nodeId: string;
  readonly tankId: string;
  /** The viewer's IP. */
  readonly source: string;
  /** Another node has passed it on already. */
  readonly isRelayed: boolean;
}

/** Closes the path to the tank. */
type Stop = () => void;

const CONNECT_TIMEOUT_MS = 5_000;
/** The hello, the plants of the tank, and the first frame: the most that a host sends at once. */
const EARLY_MESSAGES_MAX = 16;

/** Relays what viewers of other nodes' tanks are shown, unchanged. */
export class RelayedViewers {
  readonly #context: ApiContext;
  readonly #bySource = new SharedRoom(LIMITS.relayedViewersMax, LIMITS.relayedViewersPerSourceMax);
  readonly #byHost = new SharedRoom(LIMITS.relayedViewersMax, LIMITS.relayedViewersPerHostMax);

  constructor(context: ApiContext) {
    this.#context = context;
  }

  /**
   * A new viewer. It holds its way to the tank until its `onClose`, also where it never opens.
   * @throws Problem `unreachable` when no way leads to the host, `too_many`
   */
  async admit(wanted: Wanted): Promise<SocketService> {
    const { nodeId, source } = wanted;
    const context = this.#context;
    context.cluster.passage.admit(nodeId, source);
    const leave = enter(this.#bySource.of(shareKey(source)), this.#byHost.of(nodeId));
    if (!leave) {
      throw new Problem(
        "too_many",
        "Too many viewers watch other nodes' tanks here; ask the host itself.",
      );
    }
    const viewer = new RelayedViewer(leave);
    try {
      viewer.endWith(
        throughTunnel(context, wanted, viewer) ?? (await dialled(context, wanted, viewer)),
      );
    } catch (error) {
      viewer.onClose();
      throw error;
    }
    return viewer;
  }
}

function throughTunnel(
  { cluster }: ApiContext,
  { nodeId, tankId, source }: Wanted,
  viewer: RelayedViewer,
): Stop | undefined {
  const path = `/ws/${encodeURIComponent(tankId)}`;
  return cluster.tunnels.watch(nodeId, path, source, {
    onText: (text) => viewer.show(text),
    onEnd: (code, reason) => viewer.end(code, reason),
  });
}

async function dialled(
  { cluster, sockets }: ApiContext,
  { nodeId, tankId, isRelayed }: Wanted,
  viewer: RelayedViewer,
): Promise<Stop> {
  let why = "no route to it";
  for (const address of isRelayed ? [] : await cluster.relays.waysTo(nodeId)) {
    const { connectTo } = address;
    try {
      const socket = await sockets.connect(
        {
          origin: `http://${authorityOf(address)}`,
          ...(connectTo === undefined ? {} : { connectTo }),
          path: `/ws/${encodeURIComponent(tankId)}`,
          headers: { [RELAYED_BY]: cluster.nodeId },
          timeoutMs: CONNECT_TIMEOUT_MS,
          messageBytesMax: LIMITS.viewerBacklogBytesMax,
        },
        {
          onMessage: (message) => viewer.show(message),
          onClose: (code, reason) => viewer.end(code, reason),
        },
      );
      return () => socket.close(1000, "");
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      why = error.reason;
    }
  }
  throw new Problem("unreachable", `The host of tank ${tankId} does not answer: ${why}.`);
}

/** Messages that come before the viewer's own connection is open wait for it. */
class RelayedViewer implements SocketService {
  readonly #onLeft: () => void;
  #socket: ServedSocket | undefined;
  #early: (string | Uint8Array)[] = [];
  #earlyLength = 0;
  #ended: { readonly code: number; readonly reason: string } | undefined;
  #stop: Stop = () => {};
  #hasLeft = false;

  /** @param onLeft once, when the viewer is gone. */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  onOpen(socket: ServedSocket): void {
    this.#socket = socket;
    for (const message of this.#early) socket.send(message);
    this.#early = [];
    if (this.#ended) socket.close(closeCode(this.#ended.code), this.#ended.reason);
  }

  /** Messages from viewers are ignored. */
  onMessage(): void {}

  onClose(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#socket = undefined;
    this.#early = [];
    this.#stop();
    this.#onLeft();
  }

  endWith(stop: Stop): void {
    this.#stop = stop;
  }

  show(message: string | Uint8Array): void {
    if (this.#hasLeft) return;
    if (this.#socket) {
      if (this.#socket.waitingBytes < LIMITS.tunnelBacklogBytesMax) this.#socket.send(message);
    } else if (this.#early.length < EARLY_MESSAGES_MAX) {
      this.#earlyLength += message.length;
      if (this.#earlyLength <= LIMITS.viewerBacklogBytesMax) this.#early.push(message);
    }
  }

  end(code: number, reason: string): void {
    this.#ended = { code, reason };
    this.#socket?.close(closeCode(code), reason);
  }
}

/** Codes that no program may send (RFC 6455 section 7.4.1) become "going away". */
function closeCode(code: number): number {
  return code === 1000 || (code >= 3000 && code <= 4999) ? code : 1001;
}
