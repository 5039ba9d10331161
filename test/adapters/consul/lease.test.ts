import { describe, expect, test } from "bun:test";
import { NetworkError } from "../../../src/platform/network.ts";
import { type Contender, Contest, KEY } from "./contenders.ts";
import { AGENT } from "./set-up.ts";

/** By contract a session ends between once and twice its time, and 10 s of lock delay follow. */
const TTL_MS = 10_000;
const TAKEOVER_MS = 2 * TTL_MS + TTL_MS;
/** Requests cost no simulated time; retries do. */
const RETRIES_MS = 2_000;

async function contest(...names: readonly string[]) {
  const all = new Contest();
  const contenders = names.map((name) => all.add(name));
  await all.pass(100);
  for (const { lease } of contenders) lease.want(true);
  await all.until(() => all.holders().length === 1, 5_000);
  const [holder] = all.holders();
  const other = contenders.find((one) => one !== holder);
  if (!holder || !other) throw new Error("nobody holds the lease");
  return { all, holder, other, contenders };
}

function nameOf({ host }: Contender): string {
  return host.name;
}

describe("the lease in Consul", () => {
  test("is free until one wants it, and then taken for the others", async () => {
    const all = new Contest();
    const [a, b] = [all.add("a"), all.add("b")];
    await all.pass(10_000);
    expect([a.states, b.states]).toEqual([[{ kind: "free" }], [{ kind: "free" }]]);
    const nowMs = a.process.clock.monotonicMs();
    a.lease.want(true);
    await all.pass(10);
    expect(a.last()).toEqual({ kind: "held", untilMs: nowMs + 9_000 });
    expect(b.last()).toEqual({ kind: "taken", holder: "a" });
    expect(all.double.locks.get(KEY).value).toMatchObject({ LockIndex: 1 });
  });

  test("is certain from before it was asked for, not from the answer", async () => {
    const all = new Contest();
    const a = all.add("a");
    await all.pass(10);
    a.wire.latencyMs = () => 700;
    for (let renewal = 0; renewal < 5; renewal++) {
      const before = a.wire.asked.length;
      const sentMs: number[] = [];
      const { ask } = a.wire;
      a.wire.ask = (request) => {
        // The first session, and then the look whether the lock is still ours.
        const isFirst = request.path.includes("session/create");
        if (isFirst || (sentMs.length === 0 && request.path.includes("?consistent"))) {
          sentMs.splice(0, 1, a.process.clock.monotonicMs());
        }
        return ask.call(a.wire, request);
      };
      const told = a.states.length;
      a.lease.want(true);
      await all.until(() => a.states.length > told && a.last()?.kind === "held", 60_000);
      expect(a.wire.asked.length).toBeGreaterThan(before);
      expect(a.last()).toEqual({ kind: "held", untilMs: (sentMs.at(-1) ?? 0) + 9_000 });
    }
  });

  test("is held by one of many, renewed in time, for as long as it is wanted", async () => {
    const { all, holder, contenders } = await contest("a", "b", "c", "d", "e");
    const before = holder.states.length;
    await all.until(() => !holder.isHolder(), 10 * 60_000);
    expect(all.holders().map(nameOf)).toEqual([nameOf(holder)]);
    const renewals = holder.states.length - before;
    expect(renewals).toBeGreaterThan(170);
    expect(renewals).toBeLessThan(190);
    const others = contenders.filter((one) => one !== holder);
    for (const { states } of others)
      expect(states.at(-1)).toEqual({ kind: "taken", holder: nameOf(holder) });
    // Who has lost the race keeps no session.
    expect(all.double.locks.sessionIds).toHaveLength(1);
  });

  test("that is given back is the next one's at once", async () => {
    const { all, holder, other } = await contest("a", "b");
    holder.lease.want(false);
    expect(await all.until(() => other.isHolder(), 60_000)).toBeLessThan(RETRIES_MS);
    expect(holder.last()).toEqual({ kind: "taken", holder: nameOf(other) });
    other.lease.want(false);
    await all.pass(5_000);
    expect([holder.last(), other.last()]).toEqual([{ kind: "free" }, { kind: "free" }]);
    expect(all.double.locks.sessionIds).toEqual([]);
  });

  test("whose holder stops is the next one's at once, and its keeper says nothing more", async () => {
    const { all, holder, other } = await contest("a", "b");
    const told = holder.states.length;
    await holder.lease.stop();
    await holder.lease.stop();
    expect(await all.until(() => other.isHolder(), 60_000)).toBeLessThan(RETRIES_MS);
    const asked = holder.wire.asked.length;
    await all.pass(60_000);
    expect([holder.states.length, holder.wire.asked.length]).toEqual([told, asked]);
  });

  test("whose holder dies is the next one's after session and lock delay", async () => {
    const { all, holder, other } = await contest("a", "b");
    holder.host.kill();
    const tookMs = await all.until(() => other.isHolder(), 120_000);
    expect(tookMs).toBeGreaterThan(2 * TTL_MS);
    expect(tookMs).toBeLessThanOrEqual(TAKEOVER_MS + RETRIES_MS);
    expect(other.states.map(({ kind }) => kind)).toEqual(["free", "taken", "free", "held"]);
  });

  test("is held by one of two processes under one node id", async () => {
    const all = new Contest();
    const [a, twin] = [all.add("a", "same"), all.add("twin", "same")];
    for (const { lease } of [a, twin]) lease.want(true);
    await all.pass(120_000);
    expect(all.holders()).toHaveLength(1);
    const loser = all.holders()[0] === a ? twin : a;
    expect(loser.last()).toEqual({ kind: "taken", holder: "same" });
  });

  test("changes hands as often as it is asked to", async () => {
    const { all, contenders } = await contest("a", "b", "c");
    for (let turn = 0; turn < 30; turn++) {
      for (const [at, { lease }] of contenders.entries()) lease.want(at === turn % 3);
      const next = contenders[turn % 3];
      expect(await all.until(() => next?.isHolder() === true, 60_000)).toBeLessThan(10_000);
    }
  });
});

describe("a holder that Consul cannot hear", () => {
  test.each(["refuses", "hangs", "swallows"] as const)(
    "(%s) knows when its time is over, before another may hold",
    async (state) => {
      for (const ttlFactor of [1, 2]) {
        const { all, holder, other } = await contest("a", "b");
        all.double.locks.ttlFactor = ttlFactor;
        await all.pass(5_000);
        holder.wire.state = state;
        const lastsMs = await all.until(() => !holder.isHolder(), 60_000);
        expect(lastsMs).toBeLessThan(TTL_MS);
        await all.pass(1_000);
        expect(holder.last()?.kind).toBe("unknown");
        expect(JSON.stringify(holder.last())).toContain(`${AGENT}: `);
        const tookMs = await all.until(() => other.isHolder(), 60_000);
        // A last renewal may have arrived whose answer was lost.
        expect(lastsMs + tookMs).toBeLessThanOrEqual(TAKEOVER_MS + TTL_MS);
        holder.wire.state = "open";
        await all.until(() => holder.last()?.kind === "taken", 60_000);
        expect(holder.last()).toEqual({ kind: "taken", holder: nameOf(other) });
      }
    },
  );

  test("for a moment goes on holding", async () => {
    const { all, holder } = await contest("a", "b");
    for (let outage = 0; outage < 5; outage++) {
      holder.wire.state = outage % 2 === 0 ? "hangs" : "refuses";
      await all.pass(4_000);
      holder.wire.state = "open";
      await all.pass(4_000);
      expect(holder.isHolder()).toBe(true);
    }
    expect(new Set(holder.states.map(({ kind }) => kind))).toEqual(new Set(["free", "held"]));
  });

  test("since Consul has no leader, holds again when there is one", async () => {
    const { all, holder, other } = await contest("a", "b");
    all.double.hasLeader = false;
    await all.pass(15_000);
    expect(holder.last()).toEqual({
      kind: "unknown",
      reason: `${AGENT} has no leader: most of its servers must be up`,
    });
    expect(other.last()?.kind).toBe("unknown");
    all.double.electLeader();
    expect(await all.until(() => holder.isHolder(), 60_000)).toBeLessThan(RETRIES_MS);
    await all.pass(60_000);
    expect(other.last()).toEqual({ kind: "taken", holder: nameOf(holder) });
  });

  test("since its machine was suspended, knows it by the wall clock", async () => {
    const { all, holder } = await contest("a", "b");
    await all.pass(1_000);
    const [session = ""] = all.double.locks.sessionIds;
    // The monotonic clock stood still meanwhile.
    holder.host.wallOffsetMs += 30_000;
    all.double.locks.destroy(session);
    holder.wire.state = "hangs";
    await all.pass(500);
    expect(holder.last()).toEqual({
      kind: "unknown",
      reason: "this machine stood still for too long",
    });
    holder.wire.state = "open";
    await all.pass(60_000);
    expect(all.holders()).toHaveLength(1);
  });

  test("loses nothing to a clock that its owner sets", async () => {
    const { all, holder } = await contest("a", "b");
    holder.host.wallOffsetMs -= 3_600_000;
    await all.pass(31_000);
    holder.host.wallOffsetMs += 3_600_000;
    await all.pass(1_000);
    expect(holder.isHolder()).toBe(true);
    expect(new Set(holder.states.map(({ kind }) => kind))).toEqual(
      new Set(["free", "held", "unknown"]),
    );
  });
});

describe("a session that is ended by force", () => {
  test("is known at once, and nobody gets the lock before its holder's time is over", async () => {
    const { all, holder, other } = await contest("a", "b");
    const [session = ""] = all.double.locks.sessionIds;
    all.double.locks.destroy(session);
    await all.pass(10);
    expect(all.holders()).toEqual([]);
    expect(holder.last()?.kind).not.toBe("held");
    const tookMs = await all.until(() => all.holders().length === 1, 60_000);
    expect(tookMs).toBeGreaterThan(TTL_MS - 100);
    expect(tookMs).toBeLessThanOrEqual(TTL_MS + RETRIES_MS);
    expect([holder, other]).toContain(all.holders()[0] ?? holder);
  });

  test("also where its holder does not hear of it", async () => {
    for (const state of ["refuses", "hangs", "swallows"] as const) {
      const { all, holder, other } = await contest("a", "b");
      await all.pass(3_400);
      holder.wire.state = state;
      for (const session of all.double.locks.sessionIds) all.double.locks.destroy(session);
      expect(await all.until(() => other.isHolder(), 60_000)).toBeLessThanOrEqual(12_000);
    }
  });

  test("is safe also where a leader that was deposed goes on renewing it", async () => {
    const { all, holder, other } = await contest("a", "b");
    all.double.locks.ttlFactor = 1;
    const { ask } = holder.wire;
    const renewed = { status: 200, headers: {}, json: [], text: "[]" };
    holder.wire.ask = (request) =>
      request.path.includes("/renew/") ? Promise.resolve(renewed) : ask.call(holder.wire, request);
    holder.wire.latencyMs = () => 500;
    await all.until(() => all.double.locks.sessionIds.length === 0, 60_000);
    // The last look may have been right before the end.
    await all.until(() => other.isHolder(), 60_000);
    expect(all.holders()).toEqual([other]);
  });

  test("is told also before it is known whose the lock is now", async () => {
    const { all, holder } = await contest("a", "b");
    await all.pass(1_000);
    const { ask } = holder.wire;
    holder.wire.ask = (request) =>
      request.method === "GET" && !request.path.includes("consistent")
        ? new Promise(() => {})
        : ask.call(holder.wire, request);
    for (const session of all.double.locks.sessionIds) all.double.locks.destroy(session);
    await all.pass(4_000);
    expect(holder.last()).toEqual({ kind: "unknown", reason: `${AGENT} has ended the lease` });
  });

  test("by gossip it is not", async () => {
    const { all, holder } = await contest("a", "b");
    all.double.locks.suspectNode();
    await all.pass(10);
    expect(holder.isHolder()).toBe(true);
  });

  test("a key that is deleted is noticed at once, and held again", async () => {
    const { all } = await contest("a", "b");
    all.double.locks.delete(KEY);
    await all.pass(10_000);
    expect(all.holders()).toHaveLength(1);
    expect(all.double.locks.sessionIds).toHaveLength(1);
  });
});

describe("an attempt", () => {
  test("whose answer is lost is found out", async () => {
    const all = new Contest();
    const a = all.add("a");
    await all.pass(10);
    a.wire.state = "swallows";
    a.lease.want(true);
    await all.pass(5_000);
    expect(all.holders()).toEqual([]);
    a.wire.state = "open";
    await all.pass(40_000);
    expect(all.holders()).toEqual([a]);
  });

  test("whose answer is lost does not keep the lock from others for ever", async () => {
    const all = new Contest();
    const [a, b] = [all.add("a"), all.add("b")];
    await all.pass(10);
    a.wire.tamper = ({ path }, reply) => {
      if (path.includes("acquire=")) a.wire.state = "swallows";
      return reply;
    };
    a.lease.want(true);
    b.lease.want(true);
    await all.pass(100);
    expect(b.last()).toEqual({ kind: "taken", holder: "a" });
    expect(await all.until(() => b.isHolder(), 120_000)).toBeLessThanOrEqual(TAKEOVER_MS + TTL_MS);
  });

  test("that is given up is not told as somebody else's", async () => {
    const { all, holder } = await contest("a", "b");
    const { ask } = holder.wire;
    holder.wire.ask = (request) =>
      request.method === "PUT"
        ? Promise.reject(new NetworkError("refused", "refused"))
        : ask.call(holder.wire, request);
    holder.lease.want(false);
    await all.pass(15_000);
    expect(holder.last()?.kind).toBe("unknown");
    expect(holder.states.filter(({ kind }) => kind === "taken")).toEqual([]);
  });

  test("that is taken back leaves nothing behind, also where the answers are lost", async () => {
    const all = new Contest();
    const a = all.add("a");
    await all.pass(10);
    a.lease.want(true);
    await all.pass(10);
    a.wire.state = "swallows";
    a.lease.want(false);
    await all.pass(10_000);
    expect(all.double.locks.get(KEY).value).not.toHaveProperty("Session");
    a.wire.state = "open";
    await all.pass(10_000);
    expect(a.last()).toEqual({ kind: "free" });
    expect(all.double.locks.sessionIds).toEqual([]);
  });

  test("is told where the token does not do, without the token", async () => {
    const all = new Contest();
    all.double.control({ tokens: { s3cr3t: ["key:write"] } });
    const [a, b] = [all.add("a", "a", "s3cr3t"), all.add("b")];
    a.lease.want(true);
    await all.pass(5_000);
    expect(a.last()).toEqual({
      kind: "unknown",
      reason: `${AGENT} refuses the token: it lacks session:write on "double"`,
    });
    expect(b.last()).toEqual({
      kind: "unknown",
      reason: `${AGENT} wants a token: set CONSUL_HTTP_TOKEN`,
    });
    all.double.control({ tokens: { s3cr3t: ["key:write", "session:write"] } });
    await all.pass(5_000);
    expect(a.isHolder()).toBe(true);
  });

  test("is told where Consul wants longer sessions", async () => {
    const all = new Contest();
    all.double.locks.ttlMinMs = 30_000;
    const a = all.add("a");
    a.lease.want(true);
    await all.pass(5_000);
    expect(a.last()).toEqual({
      kind: "unknown",
      reason: `${AGENT} allows no session this short: lower its session_ttl_min`,
    });
  });

  test("ends within a second, whatever Consul does", async () => {
    for (const state of ["refuses", "hangs", "swallows"] as const) {
      const { all, holder } = await contest("a", "b");
      holder.wire.state = state;
      let isOver = false;
      void holder.lease.stop().then(() => {
        isOver = true;
      });
      await all.pass(1_000);
      expect(isOver).toBe(true);
    }
  });
});

describe("what is no answer of Consul", () => {
  const NODE = Buffer.from('{"node_id":"z"}').toString("base64");
  const session = "7a1e0a4c-0000-4000-8000-000000000000";
  test.each<[string, unknown]>([
    ["a page", "<h1>"],
    ["nothing", []],
    ["another shape", [1]],
    ["null", null],
    ["true", true],
    ["false", false],
    ["an object", { ID: 7 }],
    ["an id with a path", { ID: "../../kv/x?acquire=1" }],
  ])("%s makes nobody a holder", async (_, body) => {
    const all = new Contest();
    const a = all.add("a");
    a.wire.tamper = (request, reply) =>
      request.path.includes("index") ? reply : { ...reply, body: JSON.stringify(body) };
    a.lease.want(true);
    await all.pass(30_000);
    expect(a.isHolder()).toBe(false);
    expect(a.last()).toMatchObject({ kind: "unknown", reason: expect.stringContaining(AGENT) });
    a.wire.tamper = (_request, reply) => reply;
    await all.pass(60_000);
    expect(a.isHolder()).toBe(true);
  });

  test.each<[string, unknown, string]>([
    ["ours", NODE, "z"],
    ["none", null, "somebody else (session 7a1e0a4c)"],
    ["no JSON", "eA==", "somebody else (session 7a1e0a4c)"],
    [
      "markup",
      Buffer.from('{"node_id":"a b\\n"}').toString("base64"),
      "somebody else (session 7a1e0a4c)",
    ],
    [
      "a long one",
      Buffer.from(JSON.stringify({ node_id: "x".repeat(99) })).toString("base64"),
      "somebody else (session 7a1e0a4c)",
    ],
  ])("a holder's name that is %s", async (_, Value, holder) => {
    const all = new Contest();
    const a = all.add("a");
    const body = JSON.stringify([{ Session: session, Value, Future: {} }]);
    a.wire.tamper = (_request, reply) => ({ ...reply, status: 200, body });
    await all.pass(100);
    expect(a.last()).toEqual({ kind: "taken", holder });
  });
});
