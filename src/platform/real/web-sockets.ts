import type { ClientRequestArgs, IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
// Bun replaces the package `ws` by its own client; under an alias it is the real package.
import type { RawData, WebSocket } from "ws-client";
import { messageOf } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Machine } from "../machine.ts";
import { NetworkError, type NetworkFailure } from "../network.ts";
import {
  closeReason,
  type MessageSocket,
  type SocketListener,
  type SocketRequest,
  type Sockets,
} from "../sockets.ts";
import { TokenBucket } from "../token-bucket.ts";
import { networkErrorOf } from "./system-failure.ts";
import { notAnAddress, type Place, type Target, targetOf, zonesAmong } from "./target.ts";

/**
 * Begins a connection to a place: returns it, or calls back once it is made. Failures are told by
 * {@link NetworkError}, or by the system's errors.
 */
export type OpenConnection = (
  place: Place,
  callback: (error: Error | null, stream: Duplex) => void,
) => Duplex | undefined;

/** A normal end (RFC 6455 section 7.4.1). */
const NORMAL = 1000;
/** Close codes that a program may send; others are reserved for the protocol. */
const OWN_CODES = { first: 3000, last: 4999 };

/** Timeout for the answer to a close, so that a silent peer does not keep the connection. */
const CLOSE_TIMEOUT_MS = 5_000;
/**
 * Frames of one message: tankd sends one, and a proxy may split it. A frame that waits for the next
 * may keep the 64 kB with which it arrived, in pieces, at up to 0.5 MB (measured).
 */
const FRAMES_PER_MESSAGE_MAX = 4;
/** Pieces in which the system may deliver one message: 1 MB in packets of 256 bytes. */
const PIECES_PER_MESSAGE_MAX = 4096;

/**
 * WebSockets with a bound for messages: Bun's own client buffers up to 128 MB of one, and
 * decompresses as much from 0.1 MB. They follow no redirects, and ignore HTTP_PROXY.
 */
export class WebSockets implements Sockets {
  readonly #addresses: Machine["addresses"];
  readonly #open: OpenConnection;

  /** `addresses` are the machine's, for link-local destinations. */
  constructor(
    addresses: Machine["addresses"] = () => [],
    open: OpenConnection = (place) => connect(place),
  ) {
    this.#addresses = addresses;
    this.#open = open;
  }

  async connect(request: SocketRequest, listener: SocketListener): Promise<MessageSocket> {
    const target = targetOf(request, () => zonesAmong(this.#addresses()));
    if (target === undefined) throw failureOf("unreachable", request, notAnAddress(request));
    return connected(await this.#begin(request, target), request, listener);
  }

  /** The client is loaded lazily, since it takes 5 MB of memory. */
  async #begin(request: SocketRequest, { url, place }: Target): Promise<WebSocket> {
    const { WebSocket: Client } = await import("ws-client");
    const createConnection: ClientRequestArgs["createConnection"] = (_, callback) =>
      this.#open(place, callback);
    try {
      return new Client(url.href.replace(/^http/, "ws"), {
        ...optionsOf(request, url),
        createConnection,
      });
    } catch (error) {
      // An invalid header.
      throw failureOf("unreachable", request, messageOf(error));
    }
  }
}

function connected(
  socket: WebSocket,
  request: SocketRequest,
  listener: SocketListener,
): Promise<MessageSocket> {
  return new Promise((resolve, reject) => {
    const { timeoutMs } = request;
    let isOpen = false;
    let why = "";
    const fail = (error: NetworkError) => {
      clearTimeout(deadline);
      reject(error);
    };
    const deadline = setTimeout(() => {
      fail(failureOf("timeout", request, `no answer in ${timeoutMs} ms`));
      socket.terminate();
    }, timeoutMs);
    socket.binaryType = "arraybuffer";
    socket.on("upgrade", ({ headers }) => {
      if (request.isTaken?.(flat(headers)) !== false) return;
      fail(failureOf("unreachable", request, "another node has accepted it"));
      socket.terminate();
    });
    socket.on("open", () => {
      clearTimeout(deadline);
      isOpen = true;
      resolve(messageSocket(socket));
    });
    const allowance = new TokenBucket(LIMITS.tunnelMessagesPerSecond, performance.now());
    const isAllowed = () => {
      const isWithin = allowance.take(performance.now());
      if (!isWithin) {
        why ||= "it sends too many messages";
        socket.terminate();
      }
      return isWithin;
    };
    socket.on("ping", isAllowed);
    socket.on("pong", isAllowed);
    socket.on("message", (data, isBinary) => {
      if (isAllowed()) listener.onMessage(asMessage(data, isBinary));
    });
    // The error has the reason; the close that follows does not.
    socket.on("error", (error) => {
      why = messageOf(error);
      if (!isOpen) fail(networkErrorOf(error, nameOf(request)));
    });
    socket.on("close", (code, reason) => {
      if (isOpen) listener.onClose(code, reason.toString() || why);
    });
  });
}

function messageSocket(socket: WebSocket): MessageSocket {
  return {
    send: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(message);
    },
    get waitingBytes() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => {
      const isOwn = code >= OWN_CODES.first && code <= OWN_CODES.last;
      socket.close(isOwn ? code : NORMAL, closeReason(reason));
    },
  };
}

/** Node.js joins or drops repeated headers, except cookies, which do not matter here. */
function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function optionsOf({ headers, messageBytesMax }: SocketRequest, { host }: URL) {
  return {
    headers: { ...headers, host },
    maxPayload: messageBytesMax,
    maxFragments: FRAMES_PER_MESSAGE_MAX,
    maxBufferedChunks: PIECES_PER_MESSAGE_MAX,
    // One message a turn: of those that have come at once, others are served in between.
    allowSynchronousEvents: false,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
}

function asMessage(data: RawData, isBinary: boolean): string | Uint8Array {
  return isBinary && data instanceof ArrayBuffer ? new Uint8Array(data) : String(data);
}

function failureOf(failure: NetworkFailure, request: SocketRequest, why: string): NetworkError {
  return new NetworkError(failure, `${nameOf(request)}: ${why}`);
}

function nameOf({ origin, path }: SocketRequest): string {
  return `${origin}${path}`;
}
