import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { LocalApis } from "../../../src/adapters/tailscale/local-apis.ts";
import { TailnetNetwork } from "../../../src/adapters/tailscale/network.ts";
import { Tailnet } from "../../../src/adapters/tailscale/tailnet.ts";
import { type HttpRequest, NetworkError } from "../../../src/platform/network.ts";
import { HttpNetwork } from "../../../src/platform/real/network.ts";
import { until } from "../../support/commands.ts";
import { PROMPTLY_MS } from "../../support/tankd.ts";
import { DEVICE, DEVICE_IPV6, userspaceTailnet } from "./userspace.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function request(origin: string, more: Partial<HttpRequest> = {}): HttpRequest {
  const fixed = { method: "GET", path: "/path?a=b", headers: {} } as const;
  return { ...fixed, origin, timeoutMs: 5_000, responseBytesMax: 1_000_000, ...more };
}

/** Another node, with what it was asked. */
function server() {
  const asked: string[] = [];
  const ports = new Set<number>();
  const running = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (asking, self) => {
      const { pathname, search } = new URL(asking.url);
      const host = asking.headers.get("host");
      asked.push(`${asking.method} ${host} ${pathname}${search} ${await asking.text()}`.trim());
      ports.add(self.requestIP(asking)?.port ?? 0);
      if (pathname === "/slow") await Bun.sleep(PROMPTLY_MS);
      return new Response("hello");
    },
  });
  closers.push(() => running.stop(true));
  return { asked, ports, port: running.port ?? 0 };
}

/** A machine without an interface in the tailnet; a device of it runs the server. */
async function setUp() {
  const node = server();
  const { api, tailnet } = await userspaceTailnet(node.port);
  closers.push(() => api.close());
  const direct = new HttpNetwork();
  closers.push(() => direct.close());
  const network = new TailnetNetwork(direct, tailnet);
  closers.push(() => network.close());
  return { api, node, network };
}

function failureOf(sending: Promise<unknown>): Promise<unknown> {
  return sending.then(
    () => "answered",
    (error: unknown) => (error instanceof NetworkError ? error.failure : error),
  );
}

describe("in userspace mode a request to a device", () => {
  test("is passed on by tailscaled, as it is", async () => {
    const { api, node, network } = await setUp();
    let connected = 0;
    const onConnected = () => connected++;
    const origin = `http://${DEVICE}:8000`;
    const reply = await network.send(request(origin, { method: "POST", body: "{}", onConnected }));
    expect([reply.status, reply.body, connected]).toEqual([200, "hello", 1]);
    expect(node.asked).toEqual([`POST ${DEVICE}:8000 /path?a=b {}`]);
    expect(api.asked).toEqual(["POST /localapi/v0/dial"]);
  });

  test("keeps its connection for the next one", async () => {
    const { api, node, network } = await setUp();
    for (let count = 0; count < 5; count++) await network.send(request(`http://${DEVICE}:8000`));
    expect([node.ports.size, api.asked.length]).toEqual([1, 1]);
  });

  test("goes by IPv6, and where a name stands for a device", async () => {
    const { node, network } = await setUp();
    await network.send(request(`http://[${DEVICE_IPV6}]:8000`));
    expect(await network.resolve("node-b.tail-test.ts.net")).toContain(DEVICE);
    const named = "http://node-b.tail-test.ts.net:8000";
    await network.send(request(named, { connectTo: DEVICE }));
    expect(node.asked.map((line) => line.split(" ")[1])).toEqual([
      `[${DEVICE_IPV6}]:8000`,
      "node-b.tail-test.ts.net:8000",
    ]);
  });

  test("fails like any other: refused, too late, without a daemon", async () => {
    const { api, network } = await setUp();
    expect(await failureOf(network.send(request(`http://${DEVICE}:9`)))).toBe("refused");
    const slow = request(`http://${DEVICE}:8000`, { path: "/slow", timeoutMs: 300 });
    expect(await failureOf(network.send(slow))).toBe("timeout");
    await until("its connection is closed", PROMPTLY_MS, async () => api.dialled.size === 0);
    api.mood = "hangs";
    const dialled = request(`http://${DEVICE}:8000`, { timeoutMs: 300 });
    expect(await failureOf(network.send(dialled))).toBe("timeout");
    await api.stop();
    const lost = network.send(request(`http://${DEVICE}:8000`));
    expect(await failureOf(lost)).toBe("unreachable");
  });

  test("to anybody else goes where it did", async () => {
    const { api, node, network } = await setUp();
    const reply = await network.send(request(`http://127.0.0.1:${node.port}`));
    expect([reply.body, api.asked]).toEqual(["hello", []]);
    expect(await network.resolve("127.0.0.1")).toEqual(["127.0.0.1"]);
  });
});

describe("through the proxy of tailscaled", () => {
  /** A proxy that knows CONNECT to one place, and refuses the others like tailscaled. */
  async function proxied() {
    const node = server();
    const targets: string[] = [];
    const proxy = Bun.listen<{ far: ReturnType<typeof connect> | undefined }>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { far: undefined };
        },
        data: (socket, chunk) => {
          if (socket.data.far) {
            socket.data.far.write(chunk);
            return;
          }
          const target = /^CONNECT (\S+) HTTP/.exec(chunk.toString())?.[1] ?? "";
          targets.push(target);
          if (target !== `${DEVICE}:8000`) {
            const text = "connect tcp: connection was refused";
            socket.end(`HTTP/1.1 500 Error\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
            return;
          }
          const far = connect(node.port, "127.0.0.1", () => {
            socket.write("HTTP/1.1 200 OK\r\n\r\n");
          });
          far.on("data", (data) => void socket.write(data));
          far.on("close", () => socket.end());
          socket.data.far = far;
        },
        close: (socket) => void socket.data.far?.destroy(),
      },
    });
    const close = () => proxy.stop(true);
    closers.push(close);
    const localApis = new LocalApis({ socket: undefined, platform: "none" });
    const url = `http://127.0.0.1:${proxy.port}`;
    const tailnet = new Tailnet({ addresses: () => [] }, url, localApis);
    const network = new TailnetNetwork(new HttpNetwork(), tailnet);
    closers.push(() => network.close());
    return { node, network, targets, close };
  }

  test("devices are reached, and all others without it", async () => {
    const { node, network, targets } = await proxied();
    expect((await network.send(request(`http://${DEVICE}:8000`))).body).toBe("hello");
    expect((await network.send(request(`http://127.0.0.1:${node.port}`))).body).toBe("hello");
    expect(targets).toEqual([`${DEVICE}:8000`]);
  });

  test("a refusal is one of the device, unless there is no proxy", async () => {
    const { network, close } = await proxied();
    expect(await failureOf(network.send(request(`http://${DEVICE}:9`)))).toBe("refused");
    close();
    expect(await failureOf(network.send(request(`http://${DEVICE}:9`)))).toBe("unreachable");
  });
});
