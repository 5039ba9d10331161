import { isIP } from "node:net";
// Bun puts its own client in the place of the package `ws`; by another name it is the package.
import type { RawData, WebSocket } from "ws-client";
import { messageOf } from "../errors.ts";
import { NetworkError, type NetworkFailure } from "../network.ts";
import {
  closeReason,
  type MessageSocket,
  type SocketListener,
  type SocketRequest,
  type Sockets,
} from "../sockets.ts";
import { systemFailure } from "./system-failure.ts";

/** A normal end (RFC 6455 section 7.4.1). */
const NORMAL = 1000;
/** What a program may say itself; other codes only the protocol may. */
const OWN_CODES = { first: 3000, last: 4999 };

/** The other side has to answer a close; one that does not would keep the connection for ever. */
const CLOSE_TIMEOUT_MS = 5_000;
/**
 * Frames of one message: our servers send one, and a proxy may cut it. One that waits for the next
 * may keep the 64 kB with which it came, in pieces, at up to 0.5 MB (measured).
 */
const FRAMES_PER_MESSAGE_MAX = 4;
/** Pieces in which the system may hand over one message: 1 MB in packets of 256 bytes. */
const PIECES_PER_MESSAGE_MAX = 4096;

/**
 * WebSockets that take no message longer than was asked for: Bun's own client holds up to 128 MB
 * of one, and unpacks as much from 0.1 MB. They take no address with a zone, follow no redirect,
 * and go past HTTP_PROXY.
 */
export const webSockets: Sockets = {
  connect: async (request, listener) => {
    const url = urlOf(request);
    if (url === undefined) throw failureOf("unreachable", request, "not an address");
    return connected(await opening(url, request), request, listener);
  },
};

/** Loaded by nodes that use it: it takes 5 MB of memory. */
async function opening(url: string, request: SocketRequest): Promise<WebSocket> {
  const { WebSocket: Client } = await import("ws-client");
  try {
    return new Client(url, optionsOf(request));
  } catch (error) {
    // A header that no request can have.
    throw failureOf("unreachable", request, messageOf(error));
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
    const fail = (failure: NetworkFailure, reason: string) => {
      clearTimeout(deadline);
      reject(failureOf(failure, request, reason));
    };
    const deadline = setTimeout(() => {
      fail("timeout", `no answer in ${timeoutMs} ms`);
      socket.terminate();
    }, timeoutMs);
    socket.binaryType = "arraybuffer";
    socket.on("open", () => {
      clearTimeout(deadline);
      isOpen = true;
      resolve(messageSocket(socket));
    });
    socket.on("message", (data, isBinary) => listener.onMessage(asMessage(data, isBinary)));
    // It says what was wrong; the close that follows does not.
    socket.on("error", (error) => {
      why = messageOf(error);
      if (!isOpen) fail(systemFailure(error)[0], why);
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

function optionsOf({ origin, headers, messageBytesMax }: SocketRequest) {
  return {
    headers: { ...headers, host: new URL(origin).host },
    maxPayload: messageBytesMax,
    maxFragments: FRAMES_PER_MESSAGE_MAX,
    maxBufferedChunks: PIECES_PER_MESSAGE_MAX,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
}

/** Undefined where the request names no place, or one on a link. */
function urlOf({ origin, connectTo, path }: SocketRequest): string | undefined {
  const url = URL.parse(path, origin);
  if (url?.protocol !== "http:" || url.origin !== URL.parse(origin)?.origin) return undefined;
  if (connectTo !== undefined) {
    if (isIP(connectTo) === 0 || connectTo.includes("%")) return undefined;
    url.hostname = connectTo.includes(":") ? `[${connectTo}]` : connectTo;
  }
  return url.href.replace(/^http/, "ws");
}

function asMessage(data: RawData, isBinary: boolean): string | Uint8Array {
  return isBinary && data instanceof ArrayBuffer ? new Uint8Array(data) : String(data);
}

function failureOf(
  failure: NetworkFailure,
  { origin, path }: SocketRequest,
  why: string,
): NetworkError {
  return new NetworkError(failure, `${origin}${path}: ${why}`);
}
