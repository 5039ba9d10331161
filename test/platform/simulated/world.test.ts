import { expect, test } from "bun:test";
import type { NetworkError } from "../../../src/platform/network.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { repeat, sleep } from "../../../src/platform/timers.ts";

const PORT = 8000;

function ask(process: SimulatedProcess, origin: string, body = "", timeoutMs = 100) {
  return process.network.send({
    method: "POST",
    origin,
    path: "/x",
    headers: {},
    body,
    timeoutMs,
    responseBytesMax: 1000,
  });
}

/** Two hosts; `b` counts and echoes. */
function pair(seed: number) {
  const world = new SimulatedWorld({ seed });
  const a = world.addHost({ name: "a" });
  const b = world.addHost({ name: "b" });
  const received: string[] = [];
  const serve = () =>
    b.boot().listen(PORT, async (request) => {
      received.push(request.body ?? "");
      return { status: 200, headers: {}, body: `${request.remoteAddress} ${request.body}` };
    });
  serve();
  return { world, a, b, received, serve, client: a.boot(), origin: `http://${b.address}:${PORT}` };
}

/** Chatter with every fault at once; the result is the digest of its trace. */
async function chatter(seed: number): Promise<string> {
  const { world, b, client, origin, serve } = pair(seed);
  Object.assign(world.network.faults, {
    requestLossPercent: 10,
    replyLossPercent: 10,
    duplicatePercent: 20,
    delayMinMs: 1,
    delayMaxMs: 80,
  });
  repeat(client.timers, 30, () => {
    ask(client, origin, String(client.random.unit())).then(
      (answer) => world.record(answer.body),
      (error: NetworkError) => world.record(error.failure),
    );
  });
  world.schedule(1000, "kill", () => b.kill());
  world.schedule(2000, "boot", serve);
  await world.run(4000);
  return world.traceDigest();
}

test("the same seed gives the same trace, another seed another one", async () => {
  const digests = [await chatter(1), await chatter(1), await chatter(2)];
  expect(digests[1]).toBe(digests[0] ?? "");
  expect(digests[2]).not.toBe(digests[0] ?? "");
});

test("time is simulated: a day of sleep passes, wall clocks jump, others do not", async () => {
  const world = new SimulatedWorld({ seed: 1, startWallMs: 1000 });
  const host = world.addHost({ name: "a" });
  const { clock, timers } = host.boot();
  const startedMs = clock.monotonicMs();
  let woke = false;
  void sleep(timers, 86_400_000).then(() => {
    woke = true;
  });
  host.wallOffsetMs = -500;
  expect(clock.wallMs()).toBe(500);
  expect(await world.runUntil(86_399_999, () => woke)).toBe(false);
  await world.run(86_400_000);
  expect(woke).toBe(true);
  expect(clock.monotonicMs() - startedMs).toBe(86_400_000);
});

test("a request is answered with the address of its sender", async () => {
  const { world, client, origin } = pair(1);
  const answer = ask(client, origin, "hello");
  await world.run(100);
  expect((await answer).body).toBe("10.0.0.1 hello");
});

test.each([
  ["request", { requestLossPercent: 100 }, 0],
  ["reply", { replyLossPercent: 100 }, 1],
])("a lost %s is a timeout", async (_, faults, arrivals) => {
  const { world, client, origin, received } = pair(1);
  Object.assign(world.network.faults, faults);
  const failed = ask(client, origin).catch((error: NetworkError) => error.failure);
  await world.run(1000);
  expect(await failed).toBe("timeout");
  expect(received).toHaveLength(arrivals);
});

test("a doubled request arrives twice and is answered once", async () => {
  const { world, client, origin, received } = pair(1);
  world.network.faults.duplicatePercent = 100;
  const answer = ask(client, origin, "twice");
  await world.run(1000);
  expect((await answer).status).toBe(200);
  expect(received).toEqual(["twice", "twice"]);
});

test("a closed port refuses at once, an absent host is unreachable after a while", async () => {
  const { world, client, b, origin } = pair(1);
  const failureOf = (asked: string) =>
    ask(client, asked, "", 10_000).catch((error: NetworkError) => [
      error.failure,
      world.nowMs < 20 ? "at once" : world.nowMs,
    ]);
  const nobody = failureOf("http://10.9.9.9:1");
  b.kill();
  const dead = failureOf(origin);
  const unknown = failureOf("http://no-such-name:1");
  await world.run(10_000);
  expect(await nobody).toEqual(["unreachable", 3000]);
  expect(await dead).toEqual(["refused", "at once"]);
  expect(await unknown).toEqual(["unreachable", "at once"]);
});

test("a one-way partition passes the request and drops the answer, until it heals", async () => {
  const { world, a, b, client, origin, received } = pair(1);
  const heal = world.network.partition([b], [a], { oneWay: true });
  const failed = ask(client, origin, "first").catch((error: NetworkError) => error.failure);
  await world.run(1000);
  expect(await failed).toBe("timeout");
  expect(received).toEqual(["first"]);
  heal();
  const answer = ask(client, origin, "second");
  await world.run(2000);
  expect((await answer).status).toBe(200);
});

test.each([
  ["request", 5, 0],
  ["reply", 15, 1],
])("a partition also cuts the %s that is under way", async (_, atMs, arrivals) => {
  const { world, a, b, client, origin, received } = pair(1);
  Object.assign(world.network.faults, { delayMinMs: 10, delayMaxMs: 10 });
  const failed = ask(client, origin).catch((error: NetworkError) => error.failure);
  world.schedule(atMs, "cut", () => world.network.partition([a], [b]));
  await world.run(1000);
  expect(await failed).toBe("timeout");
  expect(received).toHaveLength(arrivals);
  world.network.heal();
  const answer = ask(client, origin);
  await world.run(2000);
  expect((await answer).status).toBe(200);
});

test("a redirect and an answer above the bound are not believed", async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const server = world.addHost({ name: "b" });
  const client = world.addHost({ name: "a" }).boot();
  server.boot().listen(PORT, async (request) => ({
    status: request.body === "redirect" ? 302 : 200,
    headers: {},
    body: "é".repeat(501),
  }));
  const failures = ["redirect", "big"].map((body) =>
    ask(client, `http://b:${PORT}`, body).catch((error: NetworkError) => error.failure),
  );
  await world.run(1000);
  expect(await Promise.all(failures)).toEqual(["redirected", "too_large"]);
});

test("an error in a handler or a timer ends the simulation and names its seed", async () => {
  const world = new SimulatedWorld({ seed: 77 });
  const process = world.addHost({ name: "a" }).boot();
  process.timers.after(5, () => {
    throw new Error("a bug");
  });
  await expect(world.run(10)).rejects.toThrow("seed 77 failed at 5 ms");
});
