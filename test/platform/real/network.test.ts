import { afterEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPILE_FLAGS } from "../../../deploy/compile-flags.ts";
import type { InterfaceAddress } from "../../../src/platform/machine.ts";
import type { HttpRequest, NetworkError } from "../../../src/platform/network.ts";
import { HttpNetwork } from "../../../src/platform/real/network.ts";
import { linkLocalAddress } from "./link-local.ts";
import { atEnd, closeAll, failureOf, httpServer, network, request } from "./network-support.ts";

afterEach(closeAll);

/** Answers with the port that the request comes from: one connection, one port. */
function portEcho(): string {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (asked, self) => new Response(String(self.requestIP(asked)?.port)),
  });
  atEnd(() => void server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

function holding(...addresses: readonly string[]): readonly InterfaceAddress[] {
  return addresses.map((address) => ({
    interfaceName: "eth0",
    address,
    family: "IPv4",
    internal: false,
  }));
}

describe("kept connections", () => {
  test("are used again while the machine keeps its addresses, also when it gets more", async () => {
    let held = holding("10.0.0.1");
    const own = new HttpNetwork(() => held);
    atEnd(() => own.close());
    const origin = portEcho();
    const first = await own.send(request(origin));
    held = holding("10.0.0.1", "10.0.0.2");
    expect((await own.send(request(origin))).body).toBe(first.body);
  });

  test("are left when the machine loses an address: they may hang on it", async () => {
    let held = holding("10.0.0.1");
    const own = new HttpNetwork(() => held);
    atEnd(() => own.close());
    const origin = portEcho();
    const first = await own.send(request(origin));
    held = holding("10.0.0.9");
    const second = await own.send(request(origin));
    expect(second.body).not.toBe(first.body);
    expect((await own.send(request(origin))).body).toBe(second.body);
  });
});

describe("what arrives", () => {
  test("method, path, headers and body go out; status, headers and body come back", async () => {
    const origin = httpServer(async (got) =>
      Response.json(
        {
          method: got.method,
          url: got.url,
          one: got.headers.get("x-one"),
          encoding: got.headers.get("accept-encoding"),
          body: await got.text(),
        },
        { status: 418, headers: { "X-Two": "2" } },
      ),
    );
    const response = await network.send(request(origin, { method: "POST", body: "grüße" }));
    expect(response.status).toBe(418);
    expect(response.headers["x-two"]).toBe("2");
    expect(JSON.parse(response.body)).toEqual({
      method: "POST",
      url: `${origin}/path?a=b`,
      one: "1",
      encoding: "identity",
      body: "grüße",
    });
  });

  test("and that there is a connection is told before the answer, also of a kept one", async () => {
    const events: string[] = [];
    const origin = httpServer(async () => {
      await Bun.sleep(50);
      events.push("answered");
      return new Response("ok");
    });
    const onConnected = () => events.push("connected");
    for (let round = 0; round < 2; round++) await network.send(request(origin, { onConnected }));
    expect(events).toEqual(["connected", "answered", "connected", "answered"]);
  });

  test("connections are kept and used again", async () => {
    const ports = new Set<number>();
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (got, self) => {
        ports.add(self.requestIP(got)?.port ?? 0);
        return new Response("");
      },
    });
    atEnd(() => void server.stop(true));
    for (let turn = 0; turn < 5; turn++) {
      await network.send(request(`http://127.0.0.1:${server.port}`));
    }
    expect(ports.size).toBe(1);
  });

  test("IPv6", async () => {
    const origin = httpServer(() => new Response("six"), "[::1]");
    expect((await network.send(request(origin))).body).toBe("six");
  });

  test("a body of exactly the bound passes, one byte more does not", async () => {
    const origin = httpServer(
      (got) => new Response("x".repeat(got.url.endsWith("/ok") ? 1000 : 1001)),
    );
    expect((await network.send(request(origin, { path: "/ok" }))).body).toHaveLength(1000);
    expect(await failureOf(request(origin))).toBe("too_large");
  });
});

describe("where a request goes", () => {
  const hostOf = async (sent: HttpRequest) => (await network.send(sent)).body;
  const host = (got: Request) => new Response(got.headers.get("host"));

  test("the connection to the given address, the Host header as in the origin", async () => {
    const { port } = new URL(httpServer(host));
    const origin = `http://hub.corp.example:${port}`;
    expect(await hostOf(request(origin, { connectTo: "127.0.0.1" }))).toBe(
      `hub.corp.example:${port}`,
    );
  });

  test("two addresses of one name are not mixed up, also on kept connections", async () => {
    const first = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("1") });
    const port = first.port ?? 0;
    const second = Bun.serve({ port, hostname: "127.0.0.2", fetch: () => new Response("2") });
    atEnd(
      () => void first.stop(true),
      () => void second.stop(true),
    );
    const bodies: string[] = [];
    for (const connectTo of ["127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.2"]) {
      bodies.push(await hostOf(request(`http://hub.example:${port}`, { connectTo })));
    }
    expect(bodies).toEqual(["1", "2", "1", "2"]);
  });

  test("IPv6", async () => {
    const { port } = new URL(httpServer(host, "[::1]"));
    const sent = request(`http://hub.example:${port}`, { connectTo: "::1" });
    expect(await hostOf(sent)).toBe(`hub.example:${port}`);
  });

  const linkLocal = linkLocalAddress();
  test.if(linkLocal !== undefined)("a link-local address with its zone", async () => {
    const [address] = (linkLocal ?? "").split("%");
    const server = Bun.serve({ port: 0, hostname: "::", fetch: host });
    atEnd(() => void server.stop(true));
    const origin = `http://[${address}]:${server.port}`;
    const sent = request(origin, { ...(linkLocal && { connectTo: linkLocal }) });
    expect(await hostOf(sent)).toBe(`[${address}]:${server.port}`);
    const zoned = request(`http://[${linkLocal}]:${server.port}`);
    expect(await hostOf(zoned)).toBe(`[${address}]:${server.port}`);
  });

  test("link-local without a zone is looked for on each link", async () => {
    const machine = ["eth0", "wlan0"].map((interfaceName): InterfaceAddress => {
      return { interfaceName, address: "fe80::1", family: "IPv6", internal: false };
    });
    const own = new HttpNetwork(() => machine);
    expect(await own.resolve("fe80::7")).toEqual(["fe80::7%eth0", "fe80::7%wlan0"]);
    expect(await own.resolve("fe80::7%eth1")).toEqual(["fe80::7%eth1"]);
  });

  test.each(["hub.example", "localhost", "", "127.0.0.1:80", "[::1]"])(
    "an address that is none is refused: %j",
    async (connectTo) => {
      const origin = httpServer(() => new Response("here"));
      expect(await failureOf(request(origin, { connectTo }))).toBe("unreachable");
    },
  );
});

test("HTTP_PROXY of the environment is not for peers", async () => {
  let proxied = false;
  const proxy = httpServer(() => {
    proxied = true;
    return new Response("from the proxy");
  });
  const origin = httpServer(() => new Response("direct"));
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/network-child.ts`, origin], {
    env: { ...process.env, HTTP_PROXY: proxy, http_proxy: proxy },
    stdout: "pipe",
  });
  expect(await new Response(child.stdout).json()).toMatchObject({ body: "direct" });
  expect(proxied).toBe(false);
});

test("compiled, requests go to the given address and names are resolved too", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tankd-network-"));
  atEnd(() => rmSync(directory, { recursive: true }));
  const program = join(directory, "network-child");
  const source = `${import.meta.dir}/network-child.ts`;
  const built = Bun.spawnSync([process.execPath, ...COMPILE_FLAGS, source, "--outfile", program]);
  expect(built.exitCode).toBe(0);
  const { port } = new URL(httpServer((got) => new Response(got.headers.get("host"))));
  const origin = `http://hub.corp.example:${port}`;
  const child = Bun.spawn([program, origin, "127.0.0.1"], { cwd: directory, stdout: "pipe" });
  expect(await new Response(child.stdout).json()).toEqual({
    body: `hub.corp.example:${port}`,
    resolved: expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
  });
});

test("bytes are sent and come back as they are", async () => {
  const sent = Uint8Array.from({ length: 300_000 }, (_, index) => index * 7);
  const origin = httpServer(async (asked) => new Response(await asked.arrayBuffer()));
  const more = { method: "POST", body: sent, responseBytesMax: sent.length } as const;
  const { body } = await network.sendBytes({ ...request(origin), ...more });
  expect(new Uint8Array(body)).toEqual(sent);
  const tooLong = network.sendBytes({ ...request(origin), ...more, responseBytesMax: 1000 });
  expect(await tooLong.catch((error: NetworkError) => error.failure)).toBe("too_large");
});
