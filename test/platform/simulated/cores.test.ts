import { expect, test } from "bun:test";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { repeat } from "../../../src/platform/timers.ts";

const COSTS = { startMs: 0, eventMs: 10, requestMs: () => 20 };

test("what a process has to do runs one after another, at the speed that it gets", async () => {
  const world = new SimulatedWorld({ seed: 1, costs: COSTS });
  const { timers } = world.addHost({ name: "slow", cores: world.createCores(1, 0.1) }).boot();
  const ranAtMs: number[] = [];
  for (let timer = 0; timer < 3; timer++) timers.after(50, () => ranAtMs.push(world.nowMs));
  await world.run(1000);
  expect(ranAtMs.map(Math.round)).toEqual([150, 250, 350]);
});

test("a timer that is cancelled while it waits for the processor does not run", async () => {
  const world = new SimulatedWorld({ seed: 1, costs: COSTS });
  const { timers } = world.addHost({ name: "slow", cores: world.createCores(1, 0.1) }).boot();
  const ran: string[] = [];
  timers.after(50, () => {
    ran.push("first");
    cancel();
  });
  const cancel = timers.after(50, () => ran.push("second"));
  await world.run(1000);
  expect(ran).toEqual(["first"]);
});

test("requests queue at a busy server, and their askers give up", async () => {
  const world = new SimulatedWorld({ seed: 1, costs: COSTS });
  const server = world.addHost({ name: "server", cores: world.createCores(1, 0.1) });
  let served = 0;
  server.boot().listen(80, async () => {
    served++;
    return { status: 200, headers: {}, body: "" };
  });
  const client = world.addHost({ name: "client" }).boot();
  const outcomes: string[] = [];
  for (let request = 0; request < 5; request++) {
    const options = { method: "GET", path: "/", headers: {}, responseBytesMax: 9 } as const;
    client.network.send({ ...options, origin: "http://server", timeoutMs: 500 }).then(
      () => outcomes.push("answered"),
      () => outcomes.push("gave up"),
    );
  }
  await world.run(5000);
  // 200 ms each: two are answered in time, and the work for the others is done for nothing.
  expect(outcomes.toSorted()).toEqual(["answered", "answered", "gave up", "gave up", "gave up"]);
  expect(served).toBe(5);
});

test("what a request costs its sender delays what it does next", async () => {
  const world = new SimulatedWorld({ seed: 1, costs: COSTS });
  const { timers, network } = world.addHost({ name: "a", cores: world.createCores(1) }).boot();
  let ranAtMs = 0;
  timers.after(0, () => {
    const options = { method: "GET", path: "/", headers: {}, responseBytesMax: 9 } as const;
    void network.send({ ...options, origin: "http://10.9.9.9", timeoutMs: 90 }).catch(() => {});
    timers.after(0, () => {
      ranAtMs = world.nowMs;
    });
  });
  await world.run(80);
  expect(ranAtMs).toBe(40);
});

test("cores are shared: twenty starts on two end together after ten starts' time", async () => {
  const world = new SimulatedWorld({ seed: 1, cores: 2, costs: { startMs: 100 } });
  const startedAtMs: number[] = [];
  for (let node = 0; node < 20; node++) {
    world
      .addHost({ name: `n${node}` })
      .boot()
      .start(() => startedAtMs.push(world.nowMs));
  }
  await world.run(2000);
  expect(startedAtMs).toHaveLength(20);
  expect(Math.max(...startedAtMs)).toBe(1000);
  expect(Math.min(...startedAtMs)).toBeGreaterThan(900);
});

test("a process that dies leaves its core, and its work undone", async () => {
  const world = new SimulatedWorld({ seed: 1, cores: 1, costs: COSTS });
  const [a, b] = [world.addHost({ name: "a" }), world.addHost({ name: "b" })];
  const ran: string[] = [];
  a.boot().timers.after(0, () => ran.push("a"));
  b.boot().timers.after(0, () => ran.push("b"));
  world.schedule(1, "kill", () => a.kill());
  await world.run(1000);
  expect(ran).toEqual(["b"]);
});

test("without cores nothing costs time; the background is paid for on cores", async () => {
  const costs = { startMs: 100, backgroundMsPerSecond: 300 };
  const free = new SimulatedWorld({ seed: 1, costs });
  const idle = free.addHost({ name: "a" }).boot();
  let startedAtMs: number | undefined;
  idle.start(() => {
    startedAtMs = free.nowMs;
  });
  expect(startedAtMs).toBe(0);
  const paid = new SimulatedWorld({ seed: 1, costs, cores: 1 });
  const busy = paid.addHost({ name: "a" }).boot();
  busy.start(() => repeat(busy.timers, 1000, () => {}));
  await paid.run(10_100);
  expect(idle.thread.usedMs).toBe(0);
  expect(Math.round(busy.thread.usedMs / 100)).toBe(31);
});
