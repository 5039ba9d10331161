import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { TailscaleBackend } from "../../../src/adapters/tailscale/backend.ts";
import { LOCAL_API_ORIGIN, LocalApi } from "../../../src/adapters/tailscale/local-api.ts";
import { LocalApis } from "../../../src/adapters/tailscale/local-apis.ts";
import { Observer } from "../../../src/adapters/tailscale/observer.ts";
import { Tailnet } from "../../../src/adapters/tailscale/tailnet.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { realClock } from "../../../src/platform/real/clock.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { until } from "../../support/commands.ts";
import { PROMPTLY_MS } from "../../support/tankd.ts";
import { FakeLocalApi } from "./fake-local-api.ts";
import { addressOf, NEWS, peer, STOPPED, WHOIS, withPeers } from "./recorded.ts";

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function fake(): Promise<FakeLocalApi> {
  const api = await new FakeLocalApi().start();
  closers.push(() => api.close());
  return api;
}

function clientOf({ socket }: FakeLocalApi): LocalApi {
  return new LocalApi({ origin: LOCAL_API_ORIGIN, socketPath: socket });
}

describe("the LocalAPI", () => {
  test("gives the status to who asks as tailscale does", async () => {
    const api = await fake();
    expect((await clientOf(api).status()).state).toBe("Running");
  });

  test.each([
    ["garbage", /^the program at .*tailscaled.sock is not tailscaled$/],
    ["forbidden", /^tailscaled at .*tailscaled.sock refuses this user: start tankd as one who may/],
    ["floods", /^tailscaled at .*: its answer is too long; it must run/],
    ["hangs", /^tailscaled at .*: no answer in 5000 ms; it must run/],
  ] as const)("that %s is named", async (mood, message) => {
    const api = await fake();
    api.mood = mood;
    await expect(clientOf(api).status()).rejects.toThrow(message);
  });

  test("that is not there is named", async () => {
    const api = await fake();
    await api.stop();
    await expect(clientOf(api).status()).rejects.toThrow(
      /^tailscaled at .*tailscaled.sock: no such socket; it must run, and the user of tankd/,
    );
  });

  test("tells who speaks through tailscaled, and that somebody does not", async () => {
    const api = await fake();
    api.whois.set(4711, WHOIS);
    const client = clientOf(api);
    expect(await client.whois("127.0.0.1", 4711)).toBe("100.64.0.1");
    expect(await client.whois("::1", 4711)).toBe("100.64.0.1");
    expect(api.asked.slice(-2)).toEqual([
      "GET /localapi/v0/whois?proto=tcp&addr=127.0.0.1%3A4711",
      "GET /localapi/v0/whois?proto=tcp&addr=%5B%3A%3A1%5D%3A4711",
    ]);
    expect(await client.whois("127.0.0.1", 4712)).toBeUndefined();
    for (const odd of [{}, { Node: null }, { Node: { Addresses: ["127.0.0.1/32"] } }, []]) {
      api.whois.set(4713, odd);
      await expect(client.whois("127.0.0.1", 4713)).rejects.toThrow("not tailscaled");
    }
  });

  test("dials: a connection, or why there is none", async () => {
    const api = await fake();
    api.places.set("100.64.0.2:8000", await echoServer());
    const client = clientOf(api);
    const stream = await client.dial("100.64.0.2", 8000);
    const echoed = new Promise((resolve) => stream.once("data", resolve));
    stream.write("hello");
    expect(String(await echoed)).toBe("hello");
    stream.destroy();
    await until("the far end is closed", PROMPTLY_MS, async () => api.dialled.size === 0);
    expect(await failureOf(client.dial("100.64.0.2", 9))).toBe("refused");
    await api.stop();
    expect(await failureOf(client.dial("100.64.0.2", 8000))).toBe("unreachable");
  });

  test("is watched: what says nothing about devices is not news", async () => {
    const api = await fake();
    const ending = new AbortController();
    let news = 0;
    const watching = clientOf(api).watch(() => news++, ending.signal);
    await until("it is told the state", PROMPTLY_MS, async () => news === 1);
    const kinds = NEWS.map(kindOf);
    const idle = ["Health", "Engine", "DriveShares"];
    expect(new Set(kinds)).toEqual(new Set(["State", "Prefs", "LoginFinished", "NetMap", ...idle]));
    const expected = 1 + kinds.filter((kind) => !idle.includes(kind)).length;
    api.tell(...NEWS, '{"Engine":{}}', '{"PeersChanged":[{"ID":1}]}');
    await until("it is told the rest", PROMPTLY_MS, async () => news === expected + 1);
    ending.abort();
    await expect(watching).rejects.toThrow();
    await until("nobody watches", PROMPTLY_MS, async () => api.watchers === 0);
  });

  test("of a newer version refuses an old request, and is asked without it next time", async () => {
    const api = await fake();
    api.refusedMask = 8 + 256;
    const client = clientOf(api);
    const { signal } = new AbortController();
    await expect(client.watch(() => {}, signal)).rejects.toThrow("status 400");
    let news = 0;
    const watching = client.watch(() => news++, signal);
    await until("it is told the state", PROMPTLY_MS, async () => news === 1);
    api.hangUp();
    await watching;
    const again = client.watch(() => news++, signal);
    await until("it is told once more", PROMPTLY_MS, async () => news === 2);
    expect(api.asked).toEqual([
      "GET /localapi/v0/watch-ipn-bus?mask=37122",
      "GET /localapi/v0/watch-ipn-bus?mask=36866",
      "GET /localapi/v0/watch-ipn-bus?mask=36866",
    ]);
    api.tell("no JSON");
    await expect(again).rejects.toThrow("is not JSON");
  });
});

describe("the backend with a LocalAPI", () => {
  async function setUp() {
    const api = await fake();
    const options = { socket: api.socket, platform: process.platform, restApi: undefined };
    const tailnet = new Tailnet({ addresses: () => [] }, undefined, new LocalApis(options));
    const backend = new TailscaleBackend({
      clock: realClock,
      timers: realTimers,
      observer: new Observer(options, tailnet.localApis, realClock),
      tailnet,
      tags: [],
      ports: [8000],
    });
    closers.push(() => backend.stop());
    const hosts: (string | undefined)[] = [];
    const start = () =>
      backend.start(announcementOf(), ({ addresses }) => hosts.push(addresses[0]?.host));
    return { api, tailnet, backend, hosts, start };
  }

  test("hears of devices as they come, and of the state", async () => {
    const { api, backend, hosts, start } = await setUp();
    api.status = withPeers();
    await start();
    await until("it watches", PROMPTLY_MS, async () => api.watchers === 1);
    api.status = withPeers(peer(2));
    api.tell('{"PeersChanged":[{"ID":2}]}');
    await until("it nominates", PROMPTLY_MS, async () => hosts.includes(addressOf(2)));
    api.status = STOPPED;
    api.tell('{"State":4}');
    await until("it says so", PROMPTLY_MS, async () => backend.describe().includes("is stopped"));
    expect(backend.isWorking()).toBe(false);
    await backend.stop();
    await until("nobody watches", PROMPTLY_MS, async () => api.watchers === 0);
  });

  test("does not ask for each of many news", async () => {
    const { api, hosts, start } = await setUp();
    await start();
    await until("it watches", PROMPTLY_MS, async () => api.watchers === 1);
    api.status = withPeers(peer(9));
    for (let count = 0; count < 500; count++) api.tell('{"PeersChanged":[]}');
    await until("it has looked once more", PROMPTLY_MS, async () => hosts.includes(addressOf(9)));
    expect(api.countOf("/status")).toBeLessThan(20);
  });

  test("notices that the daemon ends, and that it is back", async () => {
    const { api, backend, tailnet, start } = await setUp();
    await start();
    expect(tailnet.isUserspace).toBe(true);
    await api.stop();
    await until("it says so", PROMPTLY_MS, async () => backend.describe().includes("must run"));
    expect([backend.isWorking(), tailnet.isUserspace]).toEqual([false, false]);
    await api.start();
    await until("it is back", PROMPTLY_MS, async () => backend.isWorking());
    expect(tailnet.isUserspace).toBe(true);
  });
});

/** What a line of the recorded news tells. */
function kindOf(line: string): string {
  const said: Record<string, unknown> = JSON.parse(line);
  const kinds = Object.keys(said).filter((key) => said[key] !== null);
  return kinds.find((key) => !["Version", "SessionID"].includes(key)) ?? "";
}

function failureOf(dialling: Promise<unknown>): Promise<unknown> {
  return dialling.then(
    () => "connected",
    (error: unknown) => (error instanceof NetworkError ? error.failure : error),
  );
}

async function echoServer(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
