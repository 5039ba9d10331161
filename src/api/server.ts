import { type Cidr, isInCidr } from "../discovery/cidr.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import { unmapped } from "../platform/ip-literal.ts";
import { LIMITS } from "../platform/limits.ts";
import { closeReason } from "../platform/sockets.ts";
import { sleep, type Timers } from "../platform/timers.ts";
import { TokenBucket } from "../platform/token-bucket.ts";
import { ConnectionGuard, type GuardedSocket, type GuardOptions } from "./connection-guard.ts";
import type { ApiContext } from "./context.ts";
import { pathAndQuery } from "./env.ts";
import { originOf } from "./forwarded.ts";
import { localService, obeying } from "./local-service.ts";
import { problemResponse } from "./problems.ts";
import { createService, type Fetch } from "./service.ts";
import type { ServedSocket, SocketService } from "./sockets.ts";
import { Viewers } from "./viewers.ts";
import { whereIs } from "./whereabouts.ts";

export interface ListenOptions {
  /** Address to listen on, e.g. `0.0.0.0` or `::`. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /**
   * Whether the port was chosen explicitly: then a taken one is an error; otherwise the next is
   * tried.
   */
  readonly portAsked: boolean;
  readonly timers: Timers;
  /**
   * The remote address of a connection, resolved through proxies on this machine; the same address
   * where there is none.
   */
  readonly sourceOf?: SourceOf;
  /** Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted. */
  readonly trustedProxies?: readonly Cidr[];
  /** Keeps descriptors in reserve; without it connections are not counted. */
  readonly guard?: GuardOptions;
}

type SourceOf = (address: string, port: number) => string | Promise<string>;

/** A listening API. It answers 503 until it is given what to serve. */
export interface ApiServer {
  readonly port: number;
  /** The requested port, if it was taken and the server uses the next free one. */
  readonly movedFrom: number | undefined;
  serve(context: ApiContext): void;
  /** Lets pending requests finish for a moment, then closes every connection. */
  stop(): Promise<void>;
}

/** What belongs to a WebSocket. */
interface SocketData {
  readonly service: SocketService;
  readonly allowance: TokenBucket;
  readonly guarded: GuardedSocket | undefined;
}

type Server = Bun.Server<SocketData>;
type Socket = Bun.ServerWebSocket<SocketData>;

/** Number of ports to try after the default one. A machine rarely runs more nodes. */
const PORTS_TRIED_MAX = 100;
/** Timeout of idle connections; peers and browsers reconnect as needed. */
const HTTP_IDLE_SECONDS = 30;
/** The server pings viewers; one that does not answer is gone. */
const VIEWER_IDLE_SECONDS = 60;
/**
 * Bodies are counted and refused with a problem by the app, each route by its own bound; beyond
 * this Bun cuts them off bluntly. What nobody reads does not pile up: Bun leaves it in the socket
 * (measured with 90 MB to a route that answers late: 3 MB more).
 */
const BODY_BYTES_MAX = 2 * LIMITS.archiveBytesMax;
const STOP_GRACE_MS = 500;

/** The present handler of requests. */
interface Service {
  readonly fetch: Fetch;
  readonly viewers: Viewers | undefined;
}

/** What the listening server asks and tells. */
interface Current {
  readonly service: () => Service;
  readonly guard: () => ConnectionGuard | undefined;
}

const NOT_YET: Service = {
  fetch: (request) =>
    problemResponse(new Problem("not_ready", "The node is starting"), pathAndQuery(request.url)),
  viewers: undefined,
};

/** Opens the port. Throws Problem `port_taken` or, for an impossible address, `bad_setting`. */
export function listen(options: ListenOptions): ApiServer {
  let service = NOT_YET;
  let guard: ConnectionGuard | undefined;
  const current: Current = {
    service: () => service,
    guard: () => guard,
  };
  const server = bind(options, current);
  const port = server.port ?? options.port;
  guard = guardOf(server, port, options);
  return {
    port,
    movedFrom: options.port === 0 || port === options.port ? undefined : options.port,
    serve: (context) => {
      const viewers = new Viewers(context, (topic, text) => void server.publish(topic, text));
      const onTankRemoved = (tankId: string) => viewers.closeTank(tankId);
      const fetch = createService(context, { onTankRemoved, viewers });
      context.relocation.onMoved((tankId) => {
        viewers.moveAway(tankId, whereIs(context, tankId)?.server_id ?? "another node");
      });
      service = { fetch, viewers };
      context.cluster.serveWith(localService(context, fetch, viewers));
      context.cluster.obeyWith(obeying(context, fetch));
    },
    stop: async () => {
      guard?.stop();
      service.viewers?.closeAll();
      const finished = server.stop(false);
      const waited = new AbortController();
      await Promise.race([finished, sleep(options.timers, STOP_GRACE_MS, waited.signal)]);
      waited.abort();
      await server.stop(true);
    },
  };
}

function guardOf(server: Server, port: number, options: ListenOptions) {
  const { guard, timers, trustedProxies = [] } = options;
  return (
    guard &&
    new ConnectionGuard(guard, {
      port,
      timers,
      isTrustedProxy: (address) => trustedProxies.some((cidr) => isInCidr(address, cidr)),
      endIdle: () => server.closeIdleConnections(),
    })
  );
}

function bind(options: ListenOptions, current: Current): Server {
  const moves = options.portAsked || options.port === 0 ? 0 : PORTS_TRIED_MAX;
  const last = Math.min(options.port + moves, 65_535);
  for (let port = options.port; ; port++) {
    try {
      return start(options, port, current);
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE") throw impossible(options.host, port, error);
      if (port >= last) throw taken(options, last);
    }
  }
}

function start(options: ListenOptions, port: number, current: Current): Server {
  const { sourceOf = (address) => address, trustedProxies = [] } = options;
  return Bun.serve<SocketData>({
    hostname: options.host,
    port,
    development: false,
    // Without this Bun, outside development mode, shares the port with whoever else has it.
    reusePort: false,
    idleTimeout: HTTP_IDLE_SECONDS,
    maxRequestBodySize: BODY_BYTES_MAX,
    fetch(request, server) {
      const service = current.service();
      const { address = "", port: from = 0 } = server.requestIP(request) ?? {};
      current.guard()?.hear(address, from);
      const answer = (peer: string) =>
        service.fetch(withWholeUrl(request), {
          ...originOf(peer, request.headers, trustedProxies),
          patient: () => server.timeout(request, 0),
          upgrade: (service, headers) =>
            server.upgrade(request, {
              data: dataOf(service, current.guard()?.socketFrom(address, from)),
              headers: { ...headers },
            }),
        });
      const source = sourceOf(unmapped(address), from);
      return typeof source === "string" ? answer(source) : source.then(answer);
    },
    websocket: {
      maxPayloadLength: LIMITS.tunnelPieceBytesMax,
      backpressureLimit: LIMITS.viewerBacklogBytesMax,
      closeOnBackpressureLimit: true,
      idleTimeout: VIEWER_IDLE_SECONDS,
      sendPings: true,
      perMessageDeflate: false,
      open: (socket) => {
        socket.data.guarded?.open();
        socket.data.service.onOpen(served(socket));
      },
      message: (socket, message) => {
        if (isAllowed(socket, message)) socket.data.service.onMessage(message);
      },
      ping: (socket, content) => void isAllowed(socket, content),
      pong: (socket, content) => void isAllowed(socket, content),
      close: (socket, code, reason) => {
        socket.data.guarded?.close();
        socket.data.service.onClose(code, reason);
      },
    },
  });
}

function dataOf(service: SocketService, guarded: GuardedSocket | undefined): SocketData {
  const allowance = new TokenBucket(service.messagesPerSecond, performance.now());
  return { service, allowance, guarded };
}

/**
 * Whether a frame is within what its connection may send. Bun reads 0.5 MB of one at a time, which
 * is 90,000 small frames, and answers nobody meanwhile: so the first one too many ends it, unread.
 */
function isAllowed(socket: Socket, content: string | Uint8Array): boolean {
  socket.data.guarded?.hear(content.length);
  const isWithin = socket.data.allowance.take(performance.now());
  if (!isWithin) socket.terminate();
  return isWithin;
}

function served(socket: Socket): ServedSocket {
  return {
    send: (message) => void socket.send(message),
    get waitingBytes() {
      return socket.getBufferedAmount();
    },
    subscribe: (topic) => socket.subscribe(topic),
    close: (code, reason) => socket.close(code, closeReason(reason)),
  };
}

/** HTTP/1.0 without a Host has the bare path as its URL, which the router cannot parse. */
function withWholeUrl(request: Request): Request {
  return request.url.startsWith("/")
    ? new Request(`http://localhost${request.url}`, request)
    : request;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function taken({ host, port, portAsked }: ListenOptions, last: number): Problem {
  const ports = portAsked
    ? `Port ${port} on ${host} is`
    : `The ports ${port} to ${last} on ${host} are`;
  return new Problem("port_taken", `${ports} taken by another program; choose one with --port`);
}

function impossible(host: string, port: number, error: unknown): Problem {
  return new Problem("bad_setting", `Cannot listen on ${host} port ${port}: ${messageOf(error)}`);
}
