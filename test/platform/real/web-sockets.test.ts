import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { deflateRawSync } from "node:zlib";
import { LIMITS } from "../../../src/platform/limits.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { WebSockets } from "../../../src/platform/real/web-sockets.ts";
import type { SocketRequest } from "../../../src/platform/sockets.ts";
import { linkLocalAddress } from "./link-local.ts";

/** What a server hashes with the client's key (RFC 6455 section 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** First byte of a frame (section 5.2): a whole message of bytes, its beginning, what goes on. */
const WHOLE = 0x82;
const BEGINS = 0x02;
const GOES_ON = 0x00;
const COMPRESSED = 0x40;
const PING = 0x89;
const MESSAGE_BYTES_MAX = 16 * 1024;
const webSockets = new WebSockets();

const servers: (() => void)[] = [];
afterEach(() => {
  for (const close of servers.splice(0)) close();
});

interface Granted {
  /** A header of the answer that takes the WebSocket. */
  readonly header?: string;
  /** What the server does with each connection then. */
  readonly serve?: (socket: Socket) => void;
}

/** A server that takes every WebSocket, and then says and answers only what it is told to. */
async function oddServer({ header = "", serve = () => {} }: Granted = {}) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const key = /sec-websocket-key: *(\S+)/i.exec(String(head))?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n" +
          `${header}sec-websocket-accept: ${accept}\r\n\r\n`,
      );
      serve(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { origin: `http://127.0.0.1:${port}`, sockets };
}

function frame(first: number, content: Uint8Array, length = content.length): Buffer {
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, content]);
}

/** Says the same for as long as the other side takes it; resolves to the bytes that were said. */
async function flood(socket: Socket, first: Buffer, then: Buffer, bytesMax: number) {
  let said = first.length;
  socket.write(first);
  while (said < bytesMax && !socket.destroyed) {
    said += then.length;
    if (socket.write(then)) await Bun.sleep(0);
    else {
      await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
    }
  }
  return said;
}

const requestTo = (origin: string, more: Partial<SocketRequest> = {}): SocketRequest => ({
  origin,
  path: "/",
  headers: {},
  timeoutMs: 5_000,
  messageBytesMax: MESSAGE_BYTES_MAX,
  ...more,
});

/** Connects and writes down what comes. */
async function listening(request: SocketRequest, from: WebSockets = webSockets) {
  const heard: (string | Uint8Array)[] = [];
  const ended = Promise.withResolvers<string>();
  const socket = await from.connect(request, {
    onMessage: (message) => void heard.push(message),
    onClose: (code, reason) => ended.resolve(`${code} ${reason}`),
  });
  return { socket, heard, ended: ended.promise };
}

test("text and bytes go both ways as they are, under the name that was asked for", async () => {
  const asked: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => {
      asked.push(request.headers.get("host"), request.headers.get("x-own"));
      asked.push(new URL(request.url).pathname, request.headers.get("sec-websocket-extensions"));
      return self.upgrade(request) ? undefined : new Response("", { status: 400 });
    },
    websocket: { message: (socket, message) => void socket.send(message) },
  });
  servers.push(() => void server.stop(true));
  const { socket, heard, ended } = await listening(
    requestTo(`http://tanks.example:${server.port}`, {
      connectTo: "127.0.0.1",
      path: "/ws/a",
      headers: { "x-own": "1" },
    }),
  );
  const bytes = Uint8Array.of(1, 2, 255);
  const longest = "x".repeat(MESSAGE_BYTES_MAX);
  for (const message of ["größer", bytes, "", longest]) socket.send(message);
  while (heard.length < 4) await Bun.sleep(1);
  expect(heard).toEqual(["größer", bytes, "", longest]);
  expect(asked).toEqual([`tanks.example:${server.port}`, "1", "/ws/a", null]);
  socket.close(4404, "enough");
  expect(await ended).toBe("4404 enough");
  socket.send("nobody hears");
});

describe("who says more than was asked for is cut off", () => {
  const STREAMED = 40 * 1024 * 1024;
  const piece = new Uint8Array(16_000);
  const cases: readonly (readonly [string, (socket: Socket) => Promise<number>])[] = [
    [
      "in one frame, by its length alone",
      (socket) => flood(socket, frame(WHOLE, piece, 127e6), Buffer.alloc(65_536), STREAMED),
    ],
    [
      "in many frames of one message",
      (socket) => flood(socket, frame(BEGINS, piece), frame(GOES_ON, piece), STREAMED),
    ],
    [
      "in empty frames without end",
      (socket) => flood(socket, frame(BEGINS, piece), Buffer.alloc(65_536), STREAMED),
    ],
  ];
  test.each(cases)(
    "%s",
    async (_, serve) => {
      const said = Promise.withResolvers<number>();
      const { origin } = await oddServer({ serve: (socket) => said.resolve(serve(socket)) });
      const { heard, ended } = await listening(requestTo(origin));
      expect(await ended).toStartWith("1006");
      expect(heard).toEqual([]);
      // What systems hold of a connection between two programs is a few MB.
      expect(await said.promise).toBeLessThan(STREAMED / 4);
    },
    30_000,
  );

  test("compressed, which nobody has offered to take", async () => {
    const bomb = deflateRawSync(new Uint8Array(100e6));
    const { origin } = await oddServer({
      header: "sec-websocket-extensions: permessage-deflate\r\n",
      serve: (socket) => void socket.write(frame(WHOLE | COMPRESSED, bomb)),
    });
    const heard: unknown[] = [];
    const listener = { onMessage: (one: unknown) => void heard.push(one), onClose: () => {} };
    const connected = webSockets.connect(requestTo(origin), listener);
    await expect(connected).rejects.toThrow("extension");
    expect(heard).toEqual([]);
  }, 30_000);

  test.each([
    ["messages", WHOLE],
    ["pings", PING],
  ])("in more %s than anybody needs, of which others are served in between", async (_, first) => {
    const small = Buffer.concat(Array(50_000).fill(Buffer.from([first, 0])));
    const { origin } = await oddServer({
      serve: (socket) => void flood(socket, small, small, STREAMED),
    });
    let turns = 0;
    const { heard, ended } = await listening(requestTo(origin));
    const counting = setInterval(() => turns++, 0);
    expect(await ended).toBe("1006 it sends too many messages");
    clearInterval(counting);
    expect(heard.length).toBeLessThan(4 * LIMITS.tunnelMessagesPerSecond);
    expect(turns).toBeGreaterThan(3);
  });

  test("in pings, which are not all answered to who reads no answer", async () => {
    const ping = Buffer.concat(Array(500).fill(frame(PING, new Uint8Array(0)).subarray(0, 2)));
    for (let at = 1; at < ping.length; at += 2) ping[at] = 0;
    const { origin } = await oddServer({
      serve: (socket) => {
        socket.pause();
        void flood(socket, ping, ping, 8e6);
      },
    });
    const { socket } = await listening(requestTo(origin));
    for (let n = 0; n < 50; n++) await Bun.sleep(10);
    expect(socket.waitingBytes).toBeLessThan(64 * 1024);
    socket.close(1000, "");
  }, 30_000);
});

const linkLocal = linkLocalAddress();
test.if(linkLocal !== undefined)("a link-local address is reached by its zone", async () => {
  const [address = "", zone = ""] = (linkLocal ?? "").split("%");
  const hosts: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "::",
    fetch: (request, self) => {
      hosts.push(request.headers.get("host"));
      return self.upgrade(request) ? undefined : new Response("", { status: 400 });
    },
    websocket: { message: (socket, message) => void socket.send(message) },
  });
  servers.push(() => void server.stop(true));
  const authority = `[${address}]:${server.port}`;
  const onLink = { interfaceName: zone, address, family: "IPv6", internal: false } as const;
  for (const [own, request] of [
    [webSockets, requestTo(`http://${authority}`, { connectTo: `${address}%${zone}` })],
    [webSockets, requestTo(`http://[${address}%${zone}]:${server.port}`)],
    [new WebSockets(() => [onLink]), requestTo(`http://${authority}`)],
  ] as const) {
    const { socket, heard } = await listening(request, own);
    socket.send("here");
    while (heard.length < 1) await Bun.sleep(1);
    socket.close(1000, "");
  }
  expect(hosts).toEqual([authority, authority, authority]);
});

test("what waits for a line that takes nothing is counted", async () => {
  const { origin } = await oddServer({ serve: (socket) => socket.pause() });
  const { socket } = await listening(requestTo(origin));
  for (let n = 0; n < 512; n++) socket.send(new Uint8Array(64 * 1024));
  await Bun.sleep(50);
  expect(socket.waitingBytes).toBeGreaterThan(8 * 1024 * 1024);
  socket.close(1000, "");
});

test("a connection ends, though the other side does not answer that it is closed", async () => {
  const { origin, sockets } = await oddServer();
  const { socket, ended } = await listening(requestTo(origin));
  const [theirs] = sockets;
  if (theirs === undefined) throw new Error("nobody has connected");
  const gone = new Promise((resolve) => theirs.once("close", resolve));
  theirs.resume();
  socket.close(1000, "ü".repeat(100));
  await gone;
  expect(await ended).toStartWith("1");
}, 30_000);

describe("a connection that does not open is a NetworkError", () => {
  const failing = async (request: SocketRequest): Promise<NetworkError> => {
    const listener = { onMessage: () => {}, onClose: () => {} };
    const error = await webSockets.connect(request, listener).catch((reason: unknown) => reason);
    if (!(error instanceof NetworkError)) throw new Error(`it is ${error}`);
    return error;
  };

  test("for headers that no request can have", async () => {
    const { origin } = await oddServer();
    for (const headers of [{ "x-own": "a\r\nhost: b" }, { "x own": "a" }, { "x-own": "\u0000" }]) {
      expect((await failing(requestTo(origin, { headers }))).failure).toBe("unreachable");
    }
  });

  test("where nobody listens, and where nobody answers", async () => {
    const { failure } = await failing(requestTo("http://127.0.0.1:1"));
    expect(failure).toBe("refused");
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push(() => server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const mute = requestTo(`http://127.0.0.1:${port}`, { timeoutMs: 200 });
    expect((await failing(mute)).failure).toBe("timeout");
  });

  test("where another one has taken it, of whom nothing is heard", async () => {
    const hello = Buffer.from([WHOLE, 2, 1, 2]);
    const { origin, sockets } = await oddServer({
      header: "X-Who: a\r\n",
      serve: (socket) => void socket.write(hello),
    });
    const heard: unknown[] = [];
    const connect = (who: string) =>
      webSockets.connect(requestTo(origin, { isTaken: (headers) => headers["x-who"] === who }), {
        onMessage: (one) => void heard.push(one),
        onClose: (code) => void heard.push(code),
      });
    const error = await connect("b").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "NetworkError", failure: "unreachable" });
    const [refused] = sockets;
    if (refused === undefined) throw new Error("nobody has connected");
    refused.resume();
    if (!refused.closed) await new Promise((resolve) => refused.once("close", resolve));
    expect(heard).toEqual([]);
    const taken = await connect("a");
    while (heard.length === 0) await Bun.sleep(1);
    expect(heard).toEqual([Uint8Array.of(1, 2)]);
    taken.close(1000, "");
  });

  test("where the answer is another one, or leads elsewhere", async () => {
    const answers = [
      new Response("no", { status: 404 }),
      Response.redirect("http://127.0.0.1:1/", 302),
    ];
    for (const answer of answers) {
      const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => answer.clone() });
      servers.push(() => void server.stop(true));
      const error = await failing(requestTo(`http://127.0.0.1:${server.port}`));
      expect(error.message).toContain(String(answer.status));
    }
  });

  test("for what is no address", async () => {
    for (const request of [
      requestTo("ftp://127.0.0.1"),
      requestTo("http://127.0.0.1", { path: "//elsewhere/" }),
      requestTo("http://a.example", { connectTo: "b.example" }),
    ]) {
      expect((await failing(request)).message).toContain("not an address");
    }
  });
});
