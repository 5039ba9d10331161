import { afterEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ApiServer, type ListenOptions, listen } from "../../src/api/server.ts";
import { readCidr } from "../../src/discovery/cidr.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { realTimers } from "../../src/platform/real/timers.ts";
import { fakeFish, fakeFrame, fakeLooks, fakePlant } from "./fake-records.ts";
import { FakeNode, TOKEN } from "./fakes.ts";

const HOST = "127.0.0.1";
const servers: ApiServer[] = [];

function open(options: Partial<ListenOptions> = {}): ApiServer {
  const server = listen({ host: HOST, port: 0, portAsked: false, timers: realTimers, ...options });
  servers.push(server);
  return server;
}

function start(options: Partial<ListenOptions> = {}) {
  const node = new FakeNode();
  const server = open(options);
  server.serve(node.context());
  return { node, server, url: `http://${HOST}:${server.port}` };
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** A viewer whose messages can be awaited one by one. */
function watch(url: string, tankId: string, headers: Record<string, string> = {}) {
  // Bun's client can send headers, which the browser's type does not know.
  const options: Bun.WebSocketOptions = { headers };
  const socket: WebSocket = Reflect.construct(WebSocket, [
    `${url.replace("http", "ws")}/ws/${tankId}`,
    options,
  ]);
  const messages: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  socket.onmessage = ({ data }) => {
    const message: unknown = JSON.parse(String(data));
    const next = waiting.shift();
    if (next === undefined) messages.push(message);
    else next(message);
  };
  const opened = new Promise((resolve) => {
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
  });
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  const next = () =>
    messages.length > 0
      ? Promise.resolve(messages.shift())
      : new Promise<unknown>((resolve) => waiting.push(resolve));
  return { socket, opened, closed, next };
}

describe("listening", () => {
  test("answers 503 until there is something to serve", async () => {
    const server = open();
    const url = `http://${HOST}:${server.port}`;
    const early = await fetch(`${url}/health`);
    expect(early.status).toBe(503);
    expect(await early.json()).toMatchObject({ type: "urn:tankd:problem:not_ready" });
    server.serve(new FakeNode().context());
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("a taken port that was asked for is a problem, the default one moves on", () => {
    const { port } = open();
    expect(() => open({ port, portAsked: true })).toThrow(`Port ${port} on ${HOST} is taken`);
    const moved = open({ port, portAsked: false });
    expect(moved.port).toBeGreaterThan(port);
    expect(moved.movedFrom).toBe(port);
  });

  test("an address that is not ours is a bad setting", () => {
    expect(() => open({ host: "192.0.2.1", port: 0 })).toThrow("Cannot listen on 192.0.2.1");
  });

  test("a chunked body is counted while it comes in", async () => {
    const { url, node } = start();
    const chunk = new Uint8Array(65_536).fill(0x20);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < 8) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/api/tanks`, { method: "POST", headers, body });
    expect(answer.status).toBe(413);
    expect(node.created).toEqual([]);
    const small = JSON.stringify({ name: "chunked" });
    const stream = new Blob([small]).stream();
    const made = await fetch(`${url}/api/tanks`, { method: "POST", headers, body: stream });
    expect(made.status).toBe(201);
  });

  test.each(["/health", "/api/tanks", "/api/tanks/nemo", "/nothing", "/openapi.json", "/"])(
    "HEAD says how long GET is: %s",
    async (path) => {
      const { url } = start();
      const got = await fetch(`${url}${path}`);
      const head = await fetch(`${url}${path}`, { method: "HEAD" });
      const { byteLength } = await got.arrayBuffer();
      expect(byteLength).toBeGreaterThan(0);
      expect([head.status, head.headers.get("content-length")]).toEqual([
        got.status,
        String(byteLength),
      ]);
      expect(head.headers.get("content-type")).toBe(got.headers.get("content-type"));
    },
  );

  test("HEAD says how long GET is before there is anything to serve", async () => {
    const url = `http://${HOST}:${open().port}/health`;
    const { byteLength } = await (await fetch(url)).arrayBuffer();
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([503, String(byteLength)]);
  });

  test.each([
    ["a trusted one", ["127.0.0.0/8"], "203.0.113.9", "wss"],
    ["any other", ["10.0.0.0/8"], HOST, "ws"],
    ["where none is trusted", [], HOST, "ws"],
  ])("a proxy says for whom it asks, and how: %s", async (_, cidrs, source, scheme) => {
    const node = new FakeNode();
    node.neighbourReachable = false;
    node.peerRoutes = [
      {
        method: "POST",
        path: "/peer/hello",
        summary: "Says who asks",
        response: z.object({}),
        handle: async ({ remoteAddress }) => ({ status: 200, body: { remoteAddress } }),
      },
    ];
    const trustedProxies = cidrs.flatMap((text) => readCidr(text) ?? []);
    const server = open({ trustedProxies });
    server.serve(node.context());
    const url = `http://${HOST}:${server.port}`;
    const forwarded = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" };
    const headers = { ...forwarded, "content-type": "application/json" };
    const answer = await fetch(`${url}/peer/hello`, { method: "POST", headers, body: "{}" });
    expect(await answer.json()).toEqual({ remoteAddress: source });
    const tank = await fetch(`${url}/gateway/tanks/far-tank`, { headers });
    expect(await tank.json()).toMatchObject({
      websocket_url: `${scheme}://${HOST}:${server.port}/ws/far-tank`,
    });
  });

  test.each([
    ["HTTP/1.0 without Host", "GET /health HTTP/1.0\r\n\r\n", 200],
    ["another route", "GET /api/tanks HTTP/1.0\r\n\r\n", 200],
    ["a foreign name", "GET /health HTTP/1.0\r\nHost: hub.corp.example\r\n\r\n", 200],
    ["nothing else of it", "GET /api/tanks HTTP/1.0\r\nHost: hub.corp.example\r\n\r\n", 403],
  ] as const)("answers old probes: %s", async (_, request, status) => {
    const { server } = start();
    const answered = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      hostname: HOST,
      port: server.port,
      socket: { data: (_, data) => answered.resolve(data.toString()) },
    });
    socket.write(request);
    expect(await answered.promise).toStartWith(`HTTP/1.1 ${status}`);
    socket.end();
  });

  test("tells peer routes the address of the other end", async () => {
    const { node, url, server } = start();
    let seen = "";
    node.peerRoutes = [
      {
        method: "POST",
        path: "/peer",
        summary: "",
        response: expect.anything(),
        handle: async ({ remoteAddress }) => {
          seen = remoteAddress;
          return { status: 200, body: {} };
        },
      },
    ];
    server.serve(node.context());
    await fetch(`${url}/peer`, { method: "POST" });
    expect(seen).toBe(HOST);
  });

  test("asks who is at the other end, and tells that", async () => {
    const asked: unknown[] = [];
    const sourceOf = async (address: string, port: number) => {
      asked.push([address, port > 0]);
      return "100.64.0.9";
    };
    const { node, url, server } = start({ sourceOf });
    const seen: string[] = [];
    node.peerRoutes = [
      {
        method: "POST",
        path: "/peer",
        summary: "",
        response: expect.anything(),
        handle: async ({ remoteAddress }) => {
          seen.push(remoteAddress);
          return { status: 200, body: {} };
        },
      },
    ];
    server.serve(node.context());
    const reply = await fetch(`${url}/peer`, { method: "POST" });
    expect([reply.status, seen, asked]).toEqual([200, ["100.64.0.9"], [[HOST, true]]]);
    // A viewer is upgraded after the answer came.
    const viewer = watch(url, "tank-1");
    expect(await viewer.opened).toBe("open");
    viewer.socket.close();
    await viewer.closed;
    expect(asked).toHaveLength(2);
  });
});

const PLANT_ID = "0123456789abcdef-9";
const FIRST_FRAME = fakeFrame("tank-1", 1, {
  fish: [fakeFish("0123456789abcdef-1"), fakeFish("0123456789abcdef-2")],
  plants: [fakePlant(PLANT_ID, 1)],
  games: [{ ago: 3, fishIds: ["0123456789abcdef-2"], plantIds: [PLANT_ID] }],
  looks: new Map([[PLANT_ID, fakeLooks(PLANT_ID)]]),
});

describe("watching a tank", () => {
  test("brings a hello, then frames, and ends the watch with the last viewer", async () => {
    const { url, node } = start();
    const first = watch(url, "tank-1");
    await first.opened;
    node.listeners.get("tank-1")?.(FIRST_FRAME);
    expect(await first.next()).toMatchObject({
      type: "hello",
      tank: { tank_id: "tank-1", name: "Reef", server_id: "node-a-label" },
      width: 1088,
      height: 612,
      fields: {
        food: ["x", "y", "kind", "size"],
        plants: ["plant_id", "x", "y", "size", "nectar"],
      },
      feeder_kinds: ["algae_reef", "protein_grotto"],
    });
    expect(await first.next()).toMatchObject({ type: "looks", looks: [{ plant_id: PLANT_ID }] });
    expect(await first.next()).toEqual({
      type: "plants",
      plants: [[PLANT_ID, 160.3, 612, 0.646, 1]],
    });
    expect(await first.next()).toEqual({
      type: "frame",
      epoch: 1,
      tick: 1,
      seq: 7,
      durable_seq: 6,
      daylight: { time: 0.251, phase: "dawn", brightness: 0.7 },
      fish: [
        ["0123456789abcdef-1", 100.1, 51, 1.2, -0.5, 1.23, 0.568, 2, 71, 3, 1],
        ["0123456789abcdef-2", 100.1, 51, 1.2, -0.5, 1.23, 0.568, 2, 71, 3, 1],
      ],
      food: [[1.3, 2, 0, 0.5]],
      crabs: [[250, 542, -1.5, 1.13, 1]],
      feeders: [[326.4, 552, 1, 0.33, 0]],
      games: [[3, [1], [PLANT_ID]]],
      stats: {
        alive: 2,
        food: 1,
        capacity: 100,
        max_generation: 3,
        diversity: 0.25,
        plants: 1,
        born: 1,
        starvation: 1,
        predation: 0,
        old_age: 0,
        poker_games: 7,
      },
    });
    const second = watch(url, "tank-1");
    expect(await second.next()).toMatchObject({ type: "hello" });
    expect(await second.next()).toMatchObject({ type: "looks" });
    expect(await second.next()).toMatchObject({ type: "plants" });
    expect(await second.next()).toMatchObject({ type: "frame", tick: 1 });
    node.listeners.get("tank-1")?.({ ...FIRST_FRAME, tick: 2 });
    expect(await first.next()).toMatchObject({ tick: 2 });
    expect(await second.next()).toMatchObject({ tick: 2 });
    first.socket.close();
    await first.closed;
    expect(node.listeners.has("tank-1")).toBe(true);
    second.socket.close();
    await second.closed;
    // The server hears of the close on its own turn; a request goes through the same loop.
    while (node.listeners.has("tank-1")) await fetch(`${url}/health`);
  });

  test("ends when the tank is removed or the node stops", async () => {
    const { url, server } = start();
    const removed = watch(url, "tank-1");
    const stopped = watch(url, "tank-2");
    await Promise.all([removed.opened, stopped.opened]);
    const headers = { authorization: `Bearer ${TOKEN}` };
    await fetch(`${url}/api/tanks/tank-1`, { method: "DELETE", headers });
    expect(await removed.closed).toBe(4404);
    await server.stop();
    expect(await stopped.closed).toBe(1001);
  });

  test("is refused for foreign pages and unknown tanks", async () => {
    const { url } = start();
    const foreign = watch(url, "tank-1", { origin: "http://evil.example" });
    expect(await foreign.opened).toBe("refused");
    expect(await watch(url, "far-tank").opened).toBe("refused");
    expect(await watch(url, "tank-1", { origin: url }).opened).toBe("open");
  });

  test("a viewer that says too much is closed, a short word is ignored", async () => {
    const { url, node } = start();
    const viewer = watch(url, "tank-1");
    await viewer.opened;
    viewer.socket.send("hello?");
    node.listeners.get("tank-1")?.(fakeFrame("tank-1", 1));
    expect(await viewer.next()).toMatchObject({ type: "hello" });
    viewer.socket.send("x".repeat(LIMITS.viewerMessageBytesMax + 1));
    expect(await viewer.closed).not.toBe(1000);
  });
});
