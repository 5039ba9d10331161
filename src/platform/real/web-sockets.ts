import { isIP } from "node:net";
import { NetworkError, type NetworkFailure } from "../network.ts";
import type { MessageSocket, SocketRequest, Sockets } from "../sockets.ts";

/** A normal end (RFC 6455 section 7.4.1). */
const NORMAL = 1000;
/** What a program may say itself; other codes only the protocol may. */
const OWN_CODES = { first: 3000, last: 4999 };

/** The other side has to answer a close; one that does not would keep the connection for ever. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Bun's constructor takes headers, and its sockets end without the other side. */
type BunSocket = WebSocket & { terminate(): void };
const BunWebSocket = WebSocket as unknown as new (
  url: string,
  options: { readonly headers: Readonly<Record<string, string>> },
) => BunSocket;

/**
 * WebSockets of Bun. They take no address with a zone, follow no redirect, and go past HTTP_PROXY.
 */
export const webSockets: Sockets = {
  connect: (request, listener) =>
    new Promise((resolve, reject) => {
      const url = urlOf(request);
      if (url === undefined) {
        return reject(new NetworkError("unreachable", `not an address: ${request.origin}`));
      }
      const socket = new BunWebSocket(url, { headers: headersOf(request) });
      socket.binaryType = "arraybuffer";
      let phase: "connecting" | "open" | "closed" = "connecting";
      const fail = (failure: NetworkFailure, why: string) => {
        clearTimeout(deadline);
        phase = "closed";
        reject(new NetworkError(failure, `${request.origin}${request.path}: ${why}`));
      };
      const deadline = setTimeout(() => {
        fail("timeout", `no answer in ${request.timeoutMs} ms`);
        socket.terminate();
      }, request.timeoutMs);
      socket.onopen = () => {
        if (phase !== "connecting") return socket.close();
        clearTimeout(deadline);
        phase = "open";
        resolve(opened(socket));
      };
      socket.onmessage = ({ data }) => {
        if (phase === "open") listener.onMessage(asMessage(data));
      };
      // It says what was wrong; the close that follows does not.
      socket.onerror = (event) => {
        if (phase === "connecting") fail("unreachable", messageIn(event));
      };
      socket.onclose = ({ code, reason }) => {
        if (phase === "open") listener.onClose(code, reason);
        else if (phase === "connecting") fail("unreachable", reason || "closed");
        phase = "closed";
      };
    }),
};

function opened(socket: BunSocket): MessageSocket {
  const isClosed = () => socket.readyState === WebSocket.CLOSED;
  return {
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(asSent(message));
    },
    get waitingBytes() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => {
      const isOwn = code >= OWN_CODES.first && code <= OWN_CODES.last;
      if (isClosed()) return;
      socket.close(isOwn ? code : NORMAL, reason.slice(0, 100));
      setTimeout(() => {
        if (!isClosed()) socket.terminate();
      }, CLOSE_TIMEOUT_MS).unref();
    },
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

function headersOf({ origin, headers }: SocketRequest): Record<string, string> {
  return { ...headers, host: new URL(origin).host };
}

function asMessage(data: unknown): string | Uint8Array {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : String(data);
}

/** A view of shared memory could change while it is sent: the type forbids it. */
function asSent(message: string | Uint8Array): string | Uint8Array<ArrayBuffer> {
  return typeof message === "string" ? message : new Uint8Array(message);
}

function messageIn(event: Event): string {
  return "message" in event && typeof event.message === "string" ? event.message : "not connected";
}
