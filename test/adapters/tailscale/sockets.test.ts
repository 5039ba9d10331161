import { afterEach, describe, expect, test } from "bun:test";
import { TailnetSockets } from "../../../src/adapters/tailscale/sockets.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { WebSockets } from "../../../src/platform/real/web-sockets.ts";
import type { SocketRequest } from "../../../src/platform/sockets.ts";
import { until } from "../../support/commands.ts";
import { PROMPTLY_MS } from "../../support/tankd.ts";
import { STOPPED } from "./recorded.ts";
import { DEVICE, DEVICE_IPV6, userspaceTailnet } from "./userspace.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A machine without an interface in the tailnet, and a server that says all that it hears. */
async function setUp() {
  const hosts: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => {
      hosts.push(request.headers.get("host"));
      return self.upgrade(request) ? undefined : new Response("", { status: 400 });
    },
    websocket: { message: (socket, message) => void socket.send(message) },
  });
  closers.push(() => server.stop(true));
  const { api, tailnet } = await userspaceTailnet(server.port ?? 0);
  closers.push(() => api.close());
  return { api, tailnet, hosts, sockets: new TailnetSockets(new WebSockets(), tailnet), server };
}

function requestTo(origin: string, more: Partial<SocketRequest> = {}): SocketRequest {
  const fixed = { path: "/ws/a", headers: {}, timeoutMs: 5_000, messageBytesMax: 1_000_000 };
  return { ...fixed, origin, ...more };
}

async function failureOf(connecting: Promise<unknown>): Promise<unknown> {
  const error = await connecting.catch((reason: unknown) => reason);
  return error instanceof NetworkError ? [error.failure, error.reason] : error;
}

const nobody = { onMessage: () => {}, onClose: () => {} };

describe("in userspace mode a WebSocket to a device", () => {
  test.each([
    [`${DEVICE}:8000`, {}],
    [`[${DEVICE_IPV6}]:8000`, {}],
    ["node-b.tail-test.ts.net:8000", { connectTo: DEVICE }],
  ])("is made by tailscaled: %s", async (authority, more) => {
    const { api, hosts, sockets } = await setUp();
    const heard: (string | Uint8Array)[] = [];
    const ended = Promise.withResolvers<number>();
    const socket = await sockets.connect(requestTo(`http://${authority}`, more), {
      onMessage: (message) => void heard.push(message),
      onClose: (code) => ended.resolve(code),
    });
    const said = ["größer", Uint8Array.of(1, 2, 255), "x".repeat(500_000)];
    for (const message of said) socket.send(message);
    await until("all is said back", PROMPTLY_MS, async () => heard.length === said.length);
    expect(heard).toEqual(said);
    expect([hosts, api.asked]).toEqual([[authority], ["POST /localapi/v0/dial"]]);
    socket.close(1000, "");
    expect(await ended.promise).toBe(1000);
    await until("the way there is closed", PROMPTLY_MS, async () => api.dialled.size === 0);
  });

  test("fails like any other, and says what tailscaled says", async () => {
    const { api, tailnet, sockets } = await setUp();
    const connect = (origin: string, more: Partial<SocketRequest> = {}) =>
      failureOf(sockets.connect(requestTo(origin, more), nobody));
    const refusal = /tailscaled says 502: .*connection was refused/;
    expect(await connect(`http://${DEVICE}:9`)).toEqual([
      "refused",
      expect.stringMatching(refusal),
    ]);
    api.mood = "hangs";
    const late = await connect(`http://${DEVICE}:8000`, { timeoutMs: 300 });
    expect(late).toEqual(["timeout", "no answer in time"]);
    api.mood = "answers";
    api.status = STOPPED;
    const look = await tailnet.localApis.look();
    tailnet.update(look?.status, look?.localApi);
    expect(await connect(`http://${DEVICE}:8000`)).toEqual([
      "unreachable",
      "Tailscale is not connected",
    ]);
  });

  test("that is given up is closed also where it comes about later", async () => {
    const { api, sockets } = await setUp();
    api.dialMs = 600;
    const late = sockets.connect(requestTo(`http://${DEVICE}:8000`, { timeoutMs: 200 }), nobody);
    expect(await failureOf(late)).toEqual(["timeout", "no answer in time"]);
    await until("it has come about", PROMPTLY_MS, async () => api.dials === 1);
    await until("it is closed", PROMPTLY_MS, async () => api.dialled.size === 0);
  });

  test("to anybody else goes where it did", async () => {
    const { api, hosts, sockets, server } = await setUp();
    const socket = await sockets.connect(requestTo(`http://127.0.0.1:${server.port}`), nobody);
    socket.close(1000, "");
    expect([hosts, api.asked]).toEqual([[`127.0.0.1:${server.port}`], []]);
  });
});
