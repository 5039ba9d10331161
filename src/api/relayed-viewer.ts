import { answerer, RELAYED_BY } from "../cluster/answered-by.ts";
import { CONNECT_TIMEOUT_MS } from "../cluster/peers/peer-client.ts";
import { shareKey } from "../discovery/addresses.ts";
import { Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { NetworkError } from "../platform/network.ts";
import { enter, SharedRoom } from "../platform/room.ts";
import type { ApiContext } from "./context.ts";
import type { ServedSocket, SocketService } from "./sockets.ts";

/** A viewer of a tank that another node hosts. */
export interface Wanted {
  readonly nodeId: string;
  readonly tankId: string;
  /** The viewer's IP. */
  readonly source: string;
  /** The nodes that have relayed it so far, the first one first. */
  readonly relays: readonly string[];
}

/** An open path to the tank. */
interface Way {
  /** Whoever is at its other end, which is proven: the host, or a node that relays it. */
  readonly who: string;
  readonly stop: () => void;
}

const LAST_TIMEOUT_MS = 5_000;
/** The viewer's node, and its hub: more could form a loop. */
const RELAYS_MAX = 2;
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
   * A new viewer, and who shows it the tank. It holds its way there until its `onClose`, also where
   * it never opens.
   * @throws Problem `unreachable` when no way leads to the host, `too_many`
   */
  async admit(wanted: Wanted): Promise<{ readonly viewer: SocketService; readonly who: string }> {
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
      const { who, stop } =
        throughTunnel(context, wanted, viewer) ?? (await dialled(context, wanted, viewer));
      viewer.endWith(stop);
      return { viewer, who };
    } catch (error) {
      viewer.onClose();
      throw error;
    }
  }
}

function throughTunnel(
  { cluster }: ApiContext,
  { nodeId, tankId, source }: Wanted,
  viewer: RelayedViewer,
): Way | undefined {
  const path = `/ws/${encodeURIComponent(tankId)}`;
  const stop = cluster.tunnels.watch(nodeId, path, source, {
    onText: (text) => viewer.show(text),
    onEnd: (code, reason) => viewer.end(code, reason),
  });
  // It has signed for its tunnel.
  return stop && { who: answerer("owner", nodeId), stop };
}

/** The host itself has little time where another node may relay: a firewall may drop. */
async function dialled(
  { cluster }: ApiContext,
  { nodeId, tankId, relays }: Wanted,
  viewer: RelayedViewer,
): Promise<Way> {
  let why = "no route to it";
  const owner = answerer("owner", nodeId);
  const passedBy = [...relays, cluster.nodeId];
  const isLast = passedBy.length === RELAYS_MAX;
  const ways = passedBy.length > RELAYS_MAX ? [] : await cluster.relays.waysTo(nodeId, { isLast });
  for (const [index, place] of ways.entries()) {
    const isLastWay = index === ways.length - 1;
    try {
      const socket = await cluster.sockets.connect(
        place,
        {
          path: `/ws/${encodeURIComponent(tankId)}`,
          headers: { [RELAYED_BY]: passedBy.join(", ") },
          answeredBy: owner,
          timeoutMs: isLastWay ? LAST_TIMEOUT_MS : CONNECT_TIMEOUT_MS,
          messageBytesMax: LIMITS.viewerBacklogBytesMax,
        },
        {
          onMessage: (message) => viewer.show(message),
          onClose: (code, reason) => viewer.end(code, reason),
        },
      );
      const who = place.nodeId === nodeId ? owner : answerer("relay", place.nodeId);
      return { who, stop: () => socket.close(1000, "") };
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      why = error.reason;
      if (!isLastWay) cluster.relays.noteUnreached(place.nodeId);
    }
  }
  throw new Problem("unreachable", `The host of tank ${tankId} does not answer: ${why}.`);
}

/** Messages that come before the viewer's own connection is open wait for it. */
class RelayedViewer implements SocketService {
  readonly messagesPerSecond = LIMITS.viewerMessagesPerSecond;
  readonly #onLeft: () => void;
  #socket: ServedSocket | undefined;
  #early: (string | Uint8Array)[] = [];
  #earlyLength = 0;
  #ended: { readonly code: number; readonly reason: string } | undefined;
  #stop = () => {};
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

  endWith(stop: () => void): void {
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
