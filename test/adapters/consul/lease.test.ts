import { describe, expect, test } from "bun:test";
import { type Instant, nowBy } from "../../../src/cluster/membership/certainty.ts";
import type { LeaseState } from "../../../src/cluster/membership/lease.ts";
import { NetworkError } from "../../../src/platform/network.ts";
import { Contest, contest, KEY, nameOf, RETRIES_MS, TAKEOVER_MS, TTL_MS } from "./contenders.ts";
import { AGENT } from "./set-up.ts";

/** For 9 s. */
function certainSince({ monotonicMs, wallMs }: Instant): LeaseState {
  return { kind: "held", until: { monotonicMs: monotonicMs + 9_000, wallMs: wallMs + 9_000 } };
}

describe("the lease in Consul", () => {
  test("is free until one wants it, and then taken for the others", async () => {
    const all = new Contest();
    const [a, b] = [all.add("a"), all.add("b")];
    await all.pass(10_000);
    expect([a.states, b.states]).toEqual([[{ kind: "free" }], [{ kind: "free" }]]);
    const now = nowBy(a.process.clock);
    a.lease.want(true);
    await all.pass(10);
    expect(a.last()).toEqual(certainSince(now));
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
      let sentAt: Instant | undefined;
      const { ask } = a.wire;
      a.wire.ask = (request) => {
        // The first session, and then the look whether the lock is still ours.
        const isFirst = request.path.includes("session/create");
        if (isFirst || (sentAt === undefined && request.path.includes("?consistent"))) {
          sentAt = nowBy(a.process.clock);
        }
        return ask.call(a.wire, request);
      };
      const told = a.states.length;
      a.lease.want(true);
      await all.until(() => a.states.length > told && a.last()?.kind === "held", 60_000);
      expect(a.wire.asked.length).toBeGreaterThan(before);
      expect(sentAt && certainSince(sentAt)).toEqual(a.last());
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

  test("whose holder stops is the next one's at once, and nothing more is said", async () => {
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
      reason: `${AGENT} requires a token: set CONSUL_HTTP_TOKEN`,
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
