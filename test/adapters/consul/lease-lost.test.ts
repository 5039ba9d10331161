import { describe, expect, test } from "bun:test";
import { contest, KEY, nameOf, RETRIES_MS, TAKEOVER_MS, TTL_MS } from "./contenders.ts";
import { AGENT } from "./set-up.ts";

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
      reason: "this machine was suspended for too long",
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
    expect(holder.last()).toEqual({ kind: "free" });
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
