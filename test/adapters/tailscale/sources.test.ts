import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SERVICE_ADDRESS } from "../../../src/adapters/tailscale/addresses.ts";
import { TailscaleBackend } from "../../../src/adapters/tailscale/backend.ts";
import { LocalApis } from "../../../src/adapters/tailscale/local-apis.ts";
import { Observer } from "../../../src/adapters/tailscale/observer.ts";
import { TailnetSources } from "../../../src/adapters/tailscale/sources.ts";
import { Tailnet } from "../../../src/adapters/tailscale/tailnet.ts";
import type { InterfaceAddress } from "../../../src/platform/machine.ts";
import { realClock } from "../../../src/platform/real/clock.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { until } from "../../support/commands.ts";
import { PROMPTLY_MS } from "../../support/tankd.ts";
import { FakeLocalApi } from "./fake-local-api.ts";
import { STOPPED, WHOIS } from "./recorded.ts";

/** Whose connection tailscaled passes on from a port of loopback, and a port of nobody's. */
const DEVICE = "100.64.0.1";
const [PASSED_ON, OWN] = [4711, 4712];
const HERE = "127.0.0.1";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Given {
  readonly proxy?: string;
  readonly interfaces?: readonly InterfaceAddress[];
}

/** A machine whose file system has only what the daemon has put there. */
async function setUp({ proxy, interfaces = [] }: Given = {}) {
  const root = mkdtempSync(join(tmpdir(), "tankd-sources-"));
  closers.push(() => rmSync(root, { recursive: true, force: true }));
  const api = await new FakeLocalApi().start();
  closers.push(() => api.close());
  api.whois.set(PASSED_ON, WHOIS);
  const socket = join(root, "/var/run/tailscale/tailscaled.sock");
  const appears = () => {
    mkdirSync(dirname(socket), { recursive: true });
    symlinkSync(api.socket, socket);
  };
  const options = { socket: undefined, platform: "linux", root };
  const present = [...interfaces];
  const tailnet = new Tailnet({ addresses: () => present }, proxy, new LocalApis(options));
  const backend = new TailscaleBackend({
    clock: realClock,
    timers: realTimers,
    observer: new Observer({ ...options, restApi: undefined }, tailnet.localApis, realClock),
    tailnet,
    tags: [],
    ports: [8000],
  });
  closers.push(() => backend.stop());
  return {
    api,
    appears,
    vanishes: () => rmSync(socket),
    loses: () => present.splice(0),
    tailnet,
    backend,
    start: () => backend.start(announcementOf(), () => {}),
    /** Of a connection that was not asked about before. */
    sourceOf: (port: number) => new TailnetSources(tailnet, realClock).sourceOf(HERE, port),
  };
}

/** What an interface of the machine shows where tailscaled has one. */
const TAILSCALE0 = {
  interfaceName: "tailscale0",
  address: "100.64.0.1",
  family: "IPv4",
  internal: false,
} as const;

describe("in userspace mode a device does not pass for this machine", () => {
  test("before anybody has looked, nor where nobody looks", async () => {
    const { appears, sourceOf } = await setUp();
    appears();
    expect(await sourceOf(PASSED_ON)).toBe(DEVICE);
    expect(await sourceOf(OWN)).toBe(HERE);
  });

  test("after looks that failed, nor once the node has left", async () => {
    const { api, appears, backend, start, sourceOf } = await setUp();
    appears();
    await start();
    expect(await sourceOf(PASSED_ON)).toBe(DEVICE);
    api.status = "garbage";
    backend.refresh();
    await until("a look fails", PROMPTLY_MS, async () => !backend.isWorking());
    expect(await sourceOf(PASSED_ON)).toBe(DEVICE);
    await backend.stop();
    expect(await sourceOf(PASSED_ON)).toBe(DEVICE);
    expect(await sourceOf(OWN)).toBe(HERE);
  });

  test("while the daemon says that it is stopped", async () => {
    const { api, appears, start, sourceOf } = await setUp();
    appears();
    api.status = STOPPED;
    await start();
    expect(await sourceOf(PASSED_ON)).toBe(DEVICE);
  });

  test.each(["hangs", "garbage", "forbidden"] as const)("where the daemon %s", async (mood) => {
    const { api, appears, sourceOf } = await setUp();
    appears();
    api.mood = mood;
    expect(await sourceOf(PASSED_ON)).toBe(SERVICE_ADDRESS);
  });

  test("where its socket is gone, which says nothing about the daemon", async () => {
    const { appears, vanishes, sourceOf } = await setUp();
    appears();
    expect(await sourceOf(OWN)).toBe(HERE);
    vanishes();
    expect(await sourceOf(PASSED_ON)).toBe(SERVICE_ADDRESS);
    appears();
    expect(await sourceOf(PASSED_ON)).toBe(DEVICE);
  });

  test("where the daemon is known by its proxy alone", async () => {
    const { appears, sourceOf } = await setUp({ proxy: "http://127.0.0.1:1" });
    expect(await sourceOf(PASSED_ON)).toBe(SERVICE_ADDRESS);
    appears();
    expect([await sourceOf(PASSED_ON), await sourceOf(OWN)]).toEqual([DEVICE, HERE]);
  });
});

describe("what comes from loopback is this machine", () => {
  test("where there is no tailscaled", async () => {
    const { api, sourceOf } = await setUp();
    expect(await sourceOf(PASSED_ON)).toBe(HERE);
    expect(api.asked).toEqual([]);
  });

  test("where that has a network interface, also once it has ended", async () => {
    const { api, appears, tailnet, loses, sourceOf } = await setUp({ interfaces: [TAILSCALE0] });
    appears();
    await tailnet.meet();
    expect(sourceOf(PASSED_ON)).toBe(HERE);
    await api.stop();
    loses();
    expect(await sourceOf(OWN)).toBe(HERE);
  });

  test("but not once it has begun anew without one", async () => {
    const { api, appears, tailnet, loses, sourceOf } = await setUp({ interfaces: [TAILSCALE0] });
    appears();
    await tailnet.meet();
    loses();
    expect(await sourceOf(PASSED_ON)).toBe(DEVICE);
    await tailnet.meet();
    api.mood = "garbage";
    expect(await sourceOf(PASSED_ON)).toBe(SERVICE_ADDRESS);
  });
});

describe("who is at the other end", () => {
  function sources(known: Readonly<Record<number, string>>, { hasInterface = false } = {}) {
    const world = new SimulatedWorld({ seed: 1 });
    const { clock } = world.addHost({ name: "a" }).boot();
    const asked: string[] = [];
    const whois = async (host: string, port: number) => {
      asked.push(`${host} ${port}`);
      return known[port];
    };
    const { sourceOf } = new TailnetSources({ hasInterface, whois }, clock);
    return { world, asked, sourceOf };
  }

  test("is a device where tailscaled passes its connection on, else this machine", async () => {
    const { sourceOf, asked } = sources({ 4711: "100.64.0.7" });
    expect(await sourceOf("127.0.0.1", 4711)).toBe("100.64.0.7");
    expect(await sourceOf("::1", 4711)).toBe("100.64.0.7");
    expect(await sourceOf("127.0.0.1", 4712)).toBe("127.0.0.1");
    expect(asked).toEqual(["127.0.0.1 4711", "::1 4711", "127.0.0.1 4712"]);
  });

  test("is not asked about where the address tells, or no connection is passed on", () => {
    expect(sources({}).sourceOf("10.0.0.9", 4711)).toBe("10.0.0.9");
    expect(sources({}, { hasInterface: true }).sourceOf("127.0.0.1", 4711)).toBe("127.0.0.1");
  });

  test("is asked once for a connection, and again when the port may be another's", async () => {
    const { world, sourceOf, asked } = sources({ 4711: "100.64.0.7" });
    await Promise.all([sourceOf("127.0.0.1", 4711), sourceOf("127.0.0.1", 4711)]);
    await sourceOf("127.0.0.1", 4711);
    expect(asked).toHaveLength(1);
    await world.run(10_000);
    await sourceOf("127.0.0.1", 4711);
    expect(asked).toHaveLength(2);
  });
});
