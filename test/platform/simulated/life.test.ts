import { expect, test } from "bun:test";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { sleep } from "../../../src/platform/timers.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A host that is killed at one point of one port call. */
function doomed(point: "beforeCall" | "afterCall", method: string) {
  const world = new SimulatedWorld({ seed: 1 });
  const host = world.addHost({ name: "a" });
  world.hooks = {
    [point]: (_host: string, _port: string, called: string) => {
      if (called === method) host.kill();
    },
  };
  return { world, host, process: host.boot() };
}

test.each([
  ["beforeCall" as const, undefined],
  ["afterCall" as const, bytes("new")],
])(
  "killed at %s of a write: it never resolves, the disk tells which side of it",
  async (point, left) => {
    const { world, host, process } = doomed(point, "writeDurably");
    let settled = false;
    void process.files.writeDurably("f", bytes("new")).finally(() => {
      settled = true;
    });
    await world.run(1000);
    expect(settled).toBe(false);
    expect(await host.disk.read("f")).toEqual(left);
  },
);

test("after the kill no timer fires, no call acts, and the next boot finds the disk", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const host = world.addHost({ name: "a" });
  const first = host.boot();
  const written = first.files.writeDurably("folder/kept", bytes("kept"));
  await world.run(1);
  await written;
  const fired: string[] = [];
  void sleep(first.timers, 10).then(() => fired.push("before the kill"));
  host.kill();
  first.timers.after(1, () => fired.push("after the kill"));
  void first.files.writeDurably("lost", bytes("lost"));
  await world.run(1000);
  expect(fired).toEqual([]);
  const second = host.boot();
  expect(await second.files.list("folder")).toEqual(["kept"]);
  expect(await second.files.read("lost")).toBeUndefined();
});

test("a message on the wire outlives its sender", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const [a, b] = [world.addHost({ name: "a" }), world.addHost({ name: "b" })];
  const received: string[] = [];
  b.boot().listen(80, async (request) => {
    received.push(request.path);
    return { status: 200, headers: {}, body: "" };
  });
  let answered = false;
  void a
    .boot()
    .network.send({
      method: "GET",
      origin: "http://b",
      path: "/on-the-wire",
      headers: {},
      timeoutMs: 100,
      responseBytesMax: 10,
    })
    .finally(() => {
      answered = true;
    });
  a.kill();
  await world.run(1000);
  expect(received).toEqual(["/on-the-wire"]);
  expect(answered).toBe(false);
});

test("a guarded store with latency takes effect in order, and not after the kill", async () => {
  const world = new SimulatedWorld({ seed: 3 });
  const host = world.addHost({ name: "a" });
  const process = host.boot();
  const effects: number[] = [];
  const store = process.guard(
    "store",
    { put: async (value: number) => void effects.push(value) },
    world.latency("disk", 1, 20),
  );
  for (let value = 0; value < 50; value++) void store.put(value);
  world.schedule(6, "kill", () => host.kill());
  await world.run(5000);
  expect(effects).toEqual(effects.map((_, index) => index));
  expect(effects.length).toBeGreaterThan(0);
  expect(effects.length).toBeLessThan(50);
});
