import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { RUNNING } from "./recorded.ts";

/** How it behaves when it is asked for something. */
export type Mood = "answers" | "hangs" | "garbage" | "forbidden" | "floods";

/**
 * A LocalAPI on a Unix socket. It answers like tailscaled in what tankd uses: the Host that it
 * wants, refused origins, news that end with the connection, dialling by an upgrade.
 */
export class FakeLocalApi {
  readonly socket: string;
  status: unknown = RUNNING;
  mood: Mood = "answers";
  /** Bits of a mask that it refuses, as newer versions do. */
  refusedMask = 0;
  /** Who speaks from a port of loopback; the others are not known. */
  readonly whois = new Map<number, unknown>();
  /** Where a dial leads, by `host:port`; otherwise it is refused. */
  readonly places = new Map<string, number>();
  /** Method and path of each request. */
  readonly asked: string[] = [];
  /** How long a dial takes. */
  dialMs = 0;
  dials = 0;
  /** Connections that were dialled and are open. */
  readonly dialled = new Set<Socket>();
  readonly #directory = mkdtempSync(join(tmpdir(), "tankd-tailscale-"));
  readonly #watchers = new Set<ServerResponse>();
  readonly #connections = new Set<Duplex>();
  #server: Server | undefined;

  constructor() {
    this.socket = join(this.#directory, "tailscaled.sock");
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => this.#answer(request, response));
    server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex) => this.#dial(request, socket));
    await new Promise<void>((resolve) => server.listen(this.socket, resolve));
    this.#server = server;
    return this;
  }

  /** The daemon ends. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of [...this.#connections, ...this.dialled]) socket.destroy();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Tells all that watch. */
  tell(...lines: readonly string[]): void {
    for (const watcher of this.#watchers) watcher.write(`${lines.join("\n")}\n`);
  }

  /** Ends what all watch. */
  hangUp(): void {
    for (const watcher of this.#watchers) watcher.end();
  }

  countOf(path: string): number {
    return this.asked.filter((one) => one.includes(path)).length;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(`${request.method} ${request.url}`);
    const { host, origin, referer } = request.headers;
    const isOurs = host === "local-tailscaled.sock" && origin === undefined && !referer;
    if (!isOurs || this.mood === "forbidden") say(response, 403, "invalid localapi request");
    else if (this.mood === "garbage") say(response, 200, "<!doctype html>");
    else if (this.mood === "floods") flood(response);
    else if (this.mood === "answers") this.#route(request.url ?? "", response);
  }

  #route(path: string, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(path, "http://local-tailscaled.sock");
    const port = Number(/:(\d+)$/.exec(searchParams.get("addr") ?? "")?.[1]);
    switch (pathname) {
      case "/localapi/v0/status":
        say(response, 200, JSON.stringify(this.status));
        break;
      case "/localapi/v0/whois":
        if (this.whois.has(port)) say(response, 200, JSON.stringify(this.whois.get(port)));
        else say(response, 404, "no match for IP:port");
        break;
      case "/localapi/v0/watch-ipn-bus":
        this.#watch(Number(searchParams.get("mask")), response);
        break;
      default:
        say(response, 404, "404 page not found");
    }
  }

  #watch(mask: number, response: ServerResponse): void {
    if ((mask & this.refusedMask) !== 0) {
      say(response, 400, "obsolete bit");
      return;
    }
    this.#watchers.add(response);
    response.on("close", () => this.#watchers.delete(response));
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"Version":"1.94.1","SessionID":"1","State":6}\n');
  }

  #dial(request: IncomingMessage, socket: Duplex): void {
    this.asked.push(`${request.method} ${request.url}`);
    if (this.mood !== "answers") return;
    const { "dial-host": host, "dial-port": port, upgrade, connection } = request.headers;
    const place = this.places.get(`${host}:${port}`);
    if (upgrade !== "ts-dial" || !`${connection}`.includes("upgrade")) {
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    } else if (place === undefined) {
      const text = `dial failure: connect tcp ${host}:${port}: connection was refused\n`;
      socket.end(`HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    } else {
      setTimeout(() => this.#join(socket, place), this.dialMs);
    }
  }

  #join(socket: Duplex, place: number): void {
    const far = connect(place, "127.0.0.1", () => {
      this.dials++;
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n");
      socket.write("Upgrade: ts-dial\r\n\r\n");
      far.pipe(socket).pipe(far);
    });
    this.dialled.add(far);
    far.on("close", () => this.dialled.delete(far));
    far.on("error", () => socket.destroy());
    socket.on("error", () => far.destroy());
    socket.on("close", () => far.destroy());
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status).end(text);
}

/** More than anybody should read. */
function flood(response: ServerResponse): void {
  response.writeHead(200);
  const chunk = "x".repeat(1 << 20);
  const more = () => {
    while (response.writable && response.write(chunk));
  };
  response.on("drain", more);
  more();
}
