import { describe, expect, test } from "bun:test";
import type { Announcement, DiscoveryBackend } from "../../src/discovery/backend.ts";
import { linkWords } from "../../src/discovery/link-words.ts";
import { DiscoveryManager } from "../../src/discovery/manager.ts";
import { OptionalBackend } from "../../src/discovery/optional-backend.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { silentLog } from "../../src/telemetry/log.ts";

const announcement: Announcement = {
  nodeId: "a",
  cluster: "tankd",
  version: "0",
  role: "discovering",
  priority: 1,
  bootId: "b",
  addresses: [],
};

function scripted(name: string, failures: number) {
  const calls: string[] = [];
  let left = failures;
  const backend: DiscoveryBackend = {
    name,
    start: async (_, nominate) => {
      calls.push("start");
      if (left-- > 0) throw new Error("no socket");
      nominate({ backend: name, addresses: [{ host: name, port: 1 }] });
    },
    update: ({ role }) => {
      calls.push(role);
      if (role === "worker") throw new Error("gone");
    },
    refresh: () => calls.push("refresh"),
    stop: async () => {
      calls.push("stop");
      throw new Error("too late");
    },
  };
  return { backend, calls };
}

function setUp(failures: number) {
  const world = new SimulatedWorld({ seed: 1 });
  const { timers } = world.addHost({ name: "a" }).boot();
  const flaky = scripted("flaky", failures);
  const sound = scripted("sound", 0);
  const heard: string[] = [];
  const manager = new DiscoveryManager({
    backends: [flaky.backend, sound.backend],
    timers,
    log: silentLog,
  });
  manager.start(announcement, ({ backend }) => heard.push(backend));
  return { world, flaky, sound, heard, manager };
}

describe("the discovery manager", () => {
  test("reports a backend that fails, retries it ever later, and goes on without it", async () => {
    const { world, flaky, heard, manager } = setUp(3);
    await world.run(10);
    expect(heard).toEqual(["sound"]);
    expect(manager.statuses()).toEqual([
      { name: "flaky", state: "failed", detail: "no socket", nominations: 0 },
      { name: "sound", state: "running", detail: "", nominations: 1 },
    ]);
    await world.run(1_500);
    const starts = () => flaky.calls.filter((call) => call === "start").length;
    expect(starts()).toBe(2);
    await world.run(6_500);
    expect(starts()).toBe(3);
    await world.run(8_000);
    expect(heard).toEqual(["sound", "flaky"]);
    expect(manager.statuses()[0]).toMatchObject({ state: "running", detail: "", nominations: 1 });
  });

  test("tells running backends of a change, and the others when they run", async () => {
    const { world, flaky, sound, manager } = setUp(1);
    await world.run(10);
    manager.update({ ...announcement, role: "hub" });
    manager.refresh();
    expect(sound.calls).toEqual(["start", "hub", "refresh"]);
    expect(flaky.calls).toEqual(["start"]);
  });

  test("restarts a backend that fails while it runs", async () => {
    const { world, sound, manager } = setUp(0);
    await world.run(10);
    manager.update({ ...announcement, role: "worker" });
    expect(manager.statuses()[1]).toMatchObject({ state: "failed", detail: "gone" });
    await world.run(2_000);
    // Stopped in between: else its timers and sockets would run twice.
    expect(sound.calls).toEqual(["start", "worker", "stop", "start"]);
    expect(manager.statuses()[1]).toMatchObject({ state: "running", detail: "" });
  });

  test("shows what a running backend says of itself", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const { timers } = world.addHost({ name: "a" }).boot();
    const { backend } = scripted("talker", 0);
    const talker = { ...backend, describe: () => "on 10.0.0.1" };
    const manager = new DiscoveryManager({ backends: [talker], timers, log: silentLog });
    manager.start(announcement, () => {});
    expect(manager.statuses()[0]).toMatchObject({ state: "starting", detail: "" });
    await world.run(10);
    expect(manager.statuses()[0]).toMatchObject({ state: "running", detail: "on 10.0.0.1" });
  });

  test("shows what a running backend, or an optional one, has sent and heard", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const { timers } = world.addHost({ name: "a" }).boot();
    const link = { name: "eth0", sent: 4, heard: 2, others: 1, refused: [], causes: [] };
    const speaker = { ...scripted("speaker", 0).backend, links: () => [link] };
    const optional = new OptionalBackend({ ...speaker, name: "optional" }, async () => true);
    const silent = new OptionalBackend(scripted("silent", 0).backend, async () => true);
    const backends = [speaker, optional, silent];
    const manager = new DiscoveryManager({ backends, timers, log: silentLog });
    manager.start(announcement, () => {});
    await world.run(10);
    const links = manager.statuses().map((status) => status.links);
    expect(links).toEqual([[link], [link], undefined]);
    const refused = [{ reason: "too many at once", count: 3 }];
    expect(linkWords({ ...link, refused })).toBe(
      "4 sent, 2 heard of other nodes, 1 of other programs, refused: too many at once 3",
    );
  });

  test("does not say that a backend runs while it can reach nobody", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const { timers } = world.addHost({ name: "a" }).boot();
    const { backend } = scripted("deaf", 0);
    const deaf = { ...backend, describe: () => "cannot use eth0", isWorking: () => false };
    const manager = new DiscoveryManager({ backends: [deaf], timers, log: silentLog });
    manager.start(announcement, () => {});
    await world.run(10);
    expect(manager.statuses()[0]).toMatchObject({ state: "failed", detail: "cannot use eth0" });
  });

  test("stops all of them, whatever they say, and listens to none any more", async () => {
    const { world, flaky, sound, heard, manager } = setUp(0);
    await world.run(10);
    await manager.stop();
    expect([flaky.calls.at(-1), sound.calls.at(-1)]).toEqual(["stop", "stop"]);
    expect(manager.statuses().map(({ state }) => state)).toEqual(["stopped", "stopped"]);
    const before = heard.length;
    await world.run(60_000);
    expect(heard).toHaveLength(before);
  });

  test("looks now and then for what an optional backend needs, hiding it until then", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const { timers } = world.addHost({ name: "a" }).boot();
    const { backend, calls } = scripted("vpn", 0);
    let isThere = false;
    const optional = new OptionalBackend(backend, async () => isThere);
    const manager = new DiscoveryManager({ backends: [optional], timers, log: silentLog });
    manager.start(announcement, () => {});
    await world.run(60_000);
    expect({ calls: [...calls], statuses: manager.statuses() }).toEqual({
      calls: [],
      statuses: [],
    });
    isThere = true;
    await world.run(91_000);
    expect(calls).toEqual(["start"]);
    expect(manager.statuses()).toMatchObject([{ name: "vpn", state: "running", nominations: 1 }]);
    await manager.stop();
    expect(calls).toEqual(["start", "stop"]);
  });

  test("a backend that was not there is neither stopped nor looked for after the end", async () => {
    const world = new SimulatedWorld({ seed: 1 });
    const { timers } = world.addHost({ name: "a" }).boot();
    const { backend, calls } = scripted("vpn", 0);
    let looks = 0;
    const optional = new OptionalBackend(backend, async () => looks++ < 0);
    const manager = new DiscoveryManager({ backends: [optional], timers, log: silentLog });
    manager.start(announcement, () => {});
    await world.run(10);
    await manager.stop();
    await world.run(100_000);
    expect({ calls, looks }).toEqual({ calls: [], looks: 1 });
  });
});
