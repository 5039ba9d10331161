import { describe, expect, test } from "bun:test";
import { TailscaleBackend } from "../../../src/adapters/tailscale/backend.ts";
import type { Look } from "../../../src/adapters/tailscale/observer.ts";
import { readStatus } from "../../../src/adapters/tailscale/status.ts";
import type { Nomination } from "../../../src/discovery/backend.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { addressOf, NEEDS_LOGIN, peer, type Recorded, STOPPED, withPeers } from "./recorded.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A backend that sees what it is told, in simulated time. */
function setUp(recorded: Recorded, tags: readonly string[] = [], ports = [8000]) {
  const world = new SimulatedWorld({ seed: 1, startWallMs: Date.parse("2026-12-01T12:00:00Z") });
  const { clock, timers } = world.addHost({ name: "a" }).boot();
  const seen: { status: Recorded; failure: string | undefined; looks: number } = {
    status: recorded,
    failure: undefined,
    looks: 0,
  };
  const look = async (): Promise<Look> => {
    seen.looks++;
    if (seen.failure !== undefined) throw new Error(seen.failure);
    const status = readStatus(seen.status);
    if (status === undefined) throw new Error("no status");
    return { status, by: "by a test", intervalMs: 1_000 };
  };
  const told: (string | undefined)[] = [];
  const backend = new TailscaleBackend({
    clock,
    timers,
    observer: { look },
    tailnet: { update: (status) => told.push(status?.state), isUserspace: false },
    tags,
    ports,
  });
  const nominated: Nomination[] = [];
  const start = (port = 8000) =>
    backend.start(
      announcementOf({ role: "discovering", addresses: [{ host: "10.0.0.1", port }] }),
      (one) => nominated.push(one),
    );
  const hosts = () => nominated.map(({ addresses }) => addresses[0]?.host);
  const passes = (ms: number) => world.run(world.nowMs + ms);
  /** As the cluster does. */
  const refreshes = async (ms: number) => {
    for (const end = world.nowMs + ms; world.nowMs < end; ) {
      backend.refresh();
      await passes(30_000);
    }
  };
  return { backend, seen, told, nominated, hosts, start, passes, refreshes };
}

describe("the devices of a tailnet", () => {
  test("are nominated where tankd listens, by one address, as a guess", async () => {
    const { nominated, start } = setUp(withPeers(peer(2), peer(3, { OS: "iOS" })));
    await start();
    expect(nominated).toEqual([
      { backend: "tailscale", addresses: [{ host: addressOf(2), port: 8000 }], isGuess: true },
    ]);
  });

  test("are also asked at the port where this node listens", async () => {
    const { nominated, start } = setUp(withPeers(peer(2)));
    await start(8123);
    expect(nominated[0]?.addresses.map(({ port }) => port)).toEqual([8000, 8123]);
  });

  test("are asked where others of the cluster listen, at a few ports each", async () => {
    const ports = [8000, 9000, 8001, 8002, 9001, 9002];
    const { nominated, start } = setUp(withPeers(peer(2)), [], ports);
    await start(9001);
    const asked = nominated[0]?.addresses.map(({ port }) => port);
    expect(asked).toEqual([8000, 9001, 9000, 8001, 8002, 9002]);
    const more = setUp(withPeers(peer(2)), [], [...ports, 9003, 9004]);
    await more.start(9001);
    expect(more.nominated[0]?.addresses).toHaveLength(6);
  });

  test("that have no IPv4 are nominated by IPv6", async () => {
    const only6 = peer(2, { TailscaleIPs: ["fd7a:115c:a1e0::2"] });
    const { hosts, start } = setUp(withPeers(only6));
    await start();
    expect(hosts()).toEqual(["fd7a:115c:a1e0::2"]);
  });

  test("that do not run tankd are asked less and less often, despite many refreshes", async () => {
    const { hosts, start, refreshes } = setUp(withPeers(peer(2)));
    await start();
    await refreshes(10 * MINUTE_MS);
    expect(hosts().length).toBeLessThan(7);
    const before = hosts().length;
    await refreshes(24 * HOUR_MS);
    expect(hosts().length - before).toBeGreaterThan(40);
    expect(hosts().length - before).toBeLessThan(60);
  });

  test("are asked at once when they come back, or have another address", async () => {
    const { hosts, start, seen, refreshes } = setUp(withPeers(peer(2)));
    await start();
    await refreshes(HOUR_MS);
    const before = hosts().length;
    seen.status = withPeers(peer(2, { Online: false }));
    await refreshes(MINUTE_MS);
    seen.status = withPeers(peer(2));
    await refreshes(MINUTE_MS / 2);
    expect(hosts()).toHaveLength(before + 1);
    await refreshes(HOUR_MS);
    const then = hosts().length;
    seen.status = withPeers(peer(2, { TailscaleIPs: [addressOf(9)] }));
    await refreshes(MINUTE_MS / 2);
    expect(hosts().slice(then)).toEqual([addressOf(9)]);
  });

  test("are asked a few at a time, by the hundred", async () => {
    const many = Array.from({ length: 300 }, (_, index) => peer(index + 2));
    const { hosts, start, passes } = setUp(withPeers(...many));
    await start();
    expect(hosts()).toHaveLength(8);
    await passes(8_000);
    expect(hosts()).toHaveLength(24);
    await passes(3 * MINUTE_MS);
    expect(new Set(hosts()).size).toBe(300);
  });

  test("are all asked anew when the hub is lost", async () => {
    const { backend, hosts, start, refreshes } = setUp(withPeers(peer(2)));
    await start();
    await refreshes(HOUR_MS);
    const before = hosts().length;
    backend.update(announcementOf({ role: "worker" }));
    expect(hosts()).toHaveLength(before);
    backend.update(announcementOf({ role: "discovering" }));
    expect(hosts()).toHaveLength(before + 1);
    backend.update(announcementOf({ role: "discovering", priority: 7 }));
    expect(hosts()).toHaveLength(before + 1);
  });

  test("are only those with a tag that was named", async () => {
    const status = withPeers(peer(2, { Tags: ["tag:tankd"] }), peer(3));
    const { hosts, start } = setUp(status, ["tag:tankd"]);
    await start();
    expect(hosts()).toEqual([addressOf(2)]);
  });
});

describe("the status", () => {
  test("counts those that are asked", async () => {
    const { backend, start } = setUp(withPeers(peer(2), peer(3, { OS: "android" })));
    await start();
    expect(backend.isWorking()).toBe(true);
    expect(backend.describe()).toBe("1 of 2 devices of tail-test.ts.net may run tankd; by a test");
  });

  test("says that the control server is lost", async () => {
    const { backend, start } = setUp({ ...withPeers(peer(2)), Self: { Online: false } });
    await start();
    expect(backend.describe()).toContain("no connection to the control server");
  });

  test("says what to do, and nobody is asked: also where peers are still listed", async () => {
    const { backend, start, seen, hosts, told, refreshes } = setUp(NEEDS_LOGIN);
    await start();
    expect(backend.isWorking()).toBe(false);
    expect(backend.describe()).toContain("run tailscale up");
    seen.status = STOPPED;
    await refreshes(MINUTE_MS);
    expect([hosts(), backend.describe()]).toEqual([[], "Tailscale is stopped: run tailscale up"]);
    seen.status = withPeers(peer(2));
    await refreshes(MINUTE_MS / 2);
    expect([hosts(), backend.isWorking()]).toEqual([[addressOf(2)], true]);
    expect(new Set(told)).toEqual(new Set(["NeedsLogin", "Stopped", "Running"]));
  });

  test("says why a look fails, until one does not; then all are asked at once", async () => {
    const { backend, start, seen, told, hosts, refreshes } = setUp(withPeers(peer(2)));
    await start();
    await refreshes(HOUR_MS);
    const before = hosts().length;
    seen.failure = "tailscaled is gone";
    await refreshes(MINUTE_MS);
    expect([backend.isWorking(), backend.describe()]).toEqual([false, "tailscaled is gone"]);
    expect(told.at(-1)).toBeUndefined();
    expect(hosts()).toHaveLength(before);
    seen.failure = undefined;
    await refreshes(MINUTE_MS / 2);
    expect([backend.isWorking(), hosts().length]).toEqual([true, before + 1]);
  });

  test("is the manager's where the first look fails, which begins again", async () => {
    const { backend, start, seen, hosts, passes } = setUp(withPeers(peer(2)));
    seen.failure = "nothing is there";
    await expect(start()).rejects.toThrow("nothing is there");
    await backend.stop();
    seen.failure = undefined;
    await start();
    await passes(1_000);
    expect(hosts()).toEqual([addressOf(2)]);
  });
});

test("it looks again by itself when no news is reported, but not after it stopped", async () => {
  const { backend, start, seen, hosts, told, passes } = setUp(withPeers());
  await start();
  seen.status = withPeers(peer(2));
  await passes(2 * MINUTE_MS);
  expect(new Set(hosts())).toEqual(new Set([addressOf(2)]));
  const { looks } = seen;
  const before = hosts().length;
  await backend.stop();
  expect(told.at(-1)).toBeUndefined();
  backend.refresh();
  seen.status = withPeers(peer(2), peer(3));
  await passes(HOUR_MS);
  expect([seen.looks, hosts().length]).toEqual([looks, before]);
});

test("it looks as often as it may, not as often as it is asked", async () => {
  const { backend, start, seen, passes } = setUp(withPeers());
  await start();
  for (let count = 0; count < 100; count++) {
    backend.refresh();
    await passes(50);
  }
  expect(seen.looks).toBeLessThan(8);
});

test("one that is stopped while it starts stays stopped", async () => {
  const { backend, start, hosts, told, passes } = setUp(withPeers(peer(2)));
  const starting = start();
  await backend.stop();
  await starting;
  await passes(HOUR_MS);
  expect([hosts(), told]).toEqual([[], [undefined]]);
});
