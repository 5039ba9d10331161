import type { Cidr } from "../discovery/cidr.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { closeReason } from "../platform/sockets.ts";
import { sleep, type Timers } from "../platform/timers.ts";
import type { ApiContext } from "./context.ts";
import { pathAndQuery } from "./env.ts";
import { originOf } from "./forwarded.ts";
import { localService } from "./local-service.ts";
import { problemResponse } from "./problems.ts";
import { createService, type Fetch } from "./service.ts";
import type { ServedSocket, SocketService } from "./sockets.ts";
import { Viewers } from "./viewers.ts";

export interface ListenOptions {
  /** Address to listen on, e.g. `0.0.0.0` or `::`. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /**
   * Whether a person chose the port: then a taken one is an error instead of a reason to move on.
   */
  readonly portAsked: boolean;
  readonly timers: Timers;
  /**
   * Who is at the other end of a connection, where a program on this machine may have passed it
   * on; the same address where none has.
   */
  readonly sourceOf?: SourceOf;
  /** Proxies that are believed whom they have passed a request on for. */
  readonly trustedProxies?: readonly Cidr[];
}

type SourceOf = (address: string, port: number) => string | Promise<string>;

/** A listening API. It answers 503 until it is told what to serve. */
export interface ApiServer {
  readonly port: number;
  /** The port that was wanted and is taken, where the server moved on to the next free one. */
  readonly movedFrom: number | undefined;
  serve(context: ApiContext): void;
  /** Lets requests under way finish for a moment, then closes every connection. */
  stop(): Promise<void>;
}

type Server = Bun.Server<SocketService>;

/** How many ports after the default one are tried. A machine rarely runs more nodes. */
const PORTS_TRIED_MAX = 100;
/** A connection that says nothing; peers and browsers reconnect at will. */
const HTTP_IDLE_SECONDS = 30;
/** A viewer is pinged by the server; one that does not answer is gone. */
const VIEWER_IDLE_SECONDS = 60;
/**
 * Bodies are counted and refused with a problem by the app, each route by its own bound; beyond
 * this Bun cuts them off bluntly. What nobody reads does not pile up: Bun leaves it in the socket
 * (measured with 90 MB to a route that answers late: 3 MB more).
 */
const BODY_BYTES_MAX = 2 * LIMITS.archiveBytesMax;
const STOP_GRACE_MS = 500;

/** What answers at present. */
interface Service {
  readonly fetch: Fetch;
  readonly viewers: Viewers | undefined;
}

const NOT_YET: Service = {
  fetch: (request) =>
    problemResponse(new Problem("not_ready", "The node is starting"), pathAndQuery(request.url)),
  viewers: undefined,
};

/** Opens the port. Throws Problem `port_taken` or, for an impossible address, `bad_setting`. */
export function listen(options: ListenOptions): ApiServer {
  let service = NOT_YET;
  const server = bind(options, () => service);
  const port = server.port ?? options.port;
  return {
    port,
    movedFrom: options.port === 0 || port === options.port ? undefined : options.port,
    serve: (context) => {
      const viewers = new Viewers(context, (topic, text) => void server.publish(topic, text));
      const onTankRemoved = (tankId: string) => viewers.closeTank(tankId);
      const fetch = createService(context, { onTankRemoved, viewers });
      service = { fetch, viewers };
      context.cluster.serveWith(localService(context, fetch, viewers));
    },
    stop: async () => {
      service.viewers?.closeAll();
      const finished = server.stop(false);
      const waited = new AbortController();
      await Promise.race([finished, sleep(options.timers, STOP_GRACE_MS, waited.signal)]);
      waited.abort();
      await server.stop(true);
    },
  };
}

function bind(options: ListenOptions, current: () => Service): Server {
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

function start(options: ListenOptions, port: number, current: () => Service): Server {
  const { sourceOf = (address) => address, trustedProxies = [] } = options;
  return Bun.serve<SocketService>({
    hostname: options.host,
    port,
    development: false,
    // Without this Bun, outside development mode, shares the port with whoever else has it.
    reusePort: false,
    idleTimeout: HTTP_IDLE_SECONDS,
    maxRequestBodySize: BODY_BYTES_MAX,
    fetch(request, server) {
      const service = current();
      const answer = (peer: string) =>
        service.fetch(withWholeUrl(request), {
          ...originOf(peer, request.headers, trustedProxies),
          patient: () => server.timeout(request, 0),
          upgrade: (data, headers) => server.upgrade(request, { data, headers: { ...headers } }),
        });
      const { address = "", port: from = 0 } = server.requestIP(request) ?? {};
      const source = sourceOf(plainAddress(address), from);
      return typeof source === "string" ? answer(source) : source.then(answer);
    },
    websocket: {
      maxPayloadLength: LIMITS.tunnelPieceBytesMax,
      backpressureLimit: LIMITS.viewerBacklogBytesMax,
      closeOnBackpressureLimit: true,
      idleTimeout: VIEWER_IDLE_SECONDS,
      sendPings: true,
      perMessageDeflate: false,
      open: (socket) => socket.data.onOpen(served(socket)),
      message: (socket, message) => socket.data.onMessage(message),
      close: (socket, code, reason) => socket.data.onClose(code, reason),
    },
  });
}

function served(socket: Bun.ServerWebSocket<SocketService>): ServedSocket {
  return {
    send: (message) => void socket.send(message),
    get waitingBytes() {
      return socket.getBufferedAmount();
    },
    subscribe: (topic) => socket.subscribe(topic),
    close: (code, reason) => socket.close(code, closeReason(reason)),
  };
}

/** HTTP/1.0 without a Host comes with the bare path as its URL, which the router cannot read. */
function withWholeUrl(request: Request): Request {
  return request.url.startsWith("/")
    ? new Request(`http://localhost${request.url}`, request)
    : request;
}

/** An IPv4 peer of a socket that listens on `::` comes as `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2). */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
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
