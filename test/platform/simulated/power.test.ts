import { expect, test } from "bun:test";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { MemoryJournal } from "../../../src/store/memory/journal.ts";
import { Unsynced } from "../../../src/store/memory/unsynced.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function machine() {
  const world = new SimulatedWorld({ seed: 1 });
  const host = world.addHost({ name: "a" });
  return { world, host, process: host.boot() };
}

test("a loss of power takes a write that was not answered, and a kill does not", async () => {
  for (const way of ["kill", "losePower"] as const) {
    const { world, host, process } = machine();
    await process.files.writeDurably("f/kept", bytes("kept"));
    world.hooks = { afterCall: () => host[way]() };
    void process.files.writeDurably("f/kept", bytes("new"));
    void process.files.writeDurably("f/late", bytes("late"));
    await world.run(1);
    expect(await host.disk.list("f")).toEqual(way === "kill" ? ["kept", "late"] : ["kept"]);
    expect(await host.disk.read("f/kept")).toEqual(bytes(way === "kill" ? "new" : "kept"));
  }
});

test("a file that was removed is back, unless its folder was synced since", async () => {
  const { host, process } = machine();
  for (const path of ["f/one", "f/two", "g/one"]) await process.files.writeDurably(path, bytes(""));
  await process.files.remove("f/one");
  await process.files.removeFolder("g");
  await process.files.writeDurably("f/three", bytes(""));
  await process.files.remove("f/two");
  host.losePower();
  expect(await host.disk.list("f")).toEqual(["three", "two"]);
  expect(await host.disk.list("g")).toEqual(["one"]);
});

test("shared memory is gone with the power", () => {
  const { host } = machine();
  host.sharedMemory.create("state", 8);
  host.losePower();
  expect(host.sharedMemory.names()).toEqual([]);
});

test("a journal goes back to its last sync, its position included", async () => {
  const journal = new MemoryJournal();
  journal.unsynced = new Unsynced();
  await journal.commit([{ put: "meta", key: "synced", value: "1" }]);
  journal.unsynced.sync();
  await journal.commit([{ put: "meta", key: "synced", value: "2" }]);
  await journal.commit([{ put: "meta", key: "more", value: "3" }]);
  journal.unsynced.losePower();
  expect([await journal.meta("synced"), await journal.meta("more")]).toEqual(["1", undefined]);
  expect(journal.position).toBe(1);
});

test("a paused process answers nothing, fires no timer and learns of no call", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const [a, b] = [world.addHost({ name: "a" }), world.addHost({ name: "b" })];
  const said: string[] = [];
  const paused = a.boot();
  paused.listen(80, async () => {
    said.push(`answers at ${world.nowMs}`);
    return { status: 200, headers: {}, body: "" };
  });
  paused.timers.after(10, () => said.push(`timer at ${world.nowMs}`));
  void paused.files.writeDurably("f", bytes("x")).then(() => said.push(`told at ${world.nowMs}`));
  paused.pause();
  const request = {
    method: "GET",
    origin: `http://${a.address}`,
    path: "/",
    headers: {},
    timeoutMs: 1_000,
    responseBytesMax: 100,
  } as const;
  const reply = b.boot().network.send(request);
  await world.run(100);
  expect(said).toEqual([]);
  expect(await a.disk.read("f")).toEqual(bytes("x"));
  paused.resume();
  await world.run(200);
  expect((await reply).status).toBe(200);
  expect(said.toSorted()).toEqual(["answers at 100", "timer at 100", "told at 100"]);
});

test("a misdirected write reports success, and lands where it is told", async () => {
  const { host, process } = machine();
  await process.files.writeDurably("a", bytes("old"));
  host.disk.astray = (path) => (path === "b" ? "a" : undefined);
  await process.files.writeDurably("b", bytes("of b"));
  await process.files.writeDurably("c", bytes("of c"));
  host.disk.astray = undefined;
  expect(await host.disk.list("")).toEqual(["a"]);
  expect(await host.disk.read("a")).toEqual(bytes("of b"));
});

test("a fork leaves the run of its seed at a step, and not before", async () => {
  const run = async (fork?: { atStep: number; seed: number }) => {
    const world = new SimulatedWorld({ seed: 1, fork });
    const draws = world.stream("draws");
    const drawn: number[] = [];
    for (let event = 0; event < 6; event++) {
      world.schedule(event, "draw", () => drawn.push(draws.u32()));
    }
    await world.run(10);
    expect(world.steps).toBe(6);
    return drawn;
  };
  const whole = await run();
  const branch = await run({ atStep: 4, seed: 2 });
  expect(branch.slice(0, 3)).toEqual(whole.slice(0, 3));
  expect(branch.slice(3)).not.toEqual(whole.slice(3));
  expect(await run({ atStep: 4, seed: 2 })).toEqual(branch);
  expect(await run({ atStep: 4, seed: 3 })).not.toEqual(branch);
});
