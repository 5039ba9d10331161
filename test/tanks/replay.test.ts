import { describe, expect, test } from "bun:test";
import { digest, ENGINE_VERSION, statsOf } from "../../src/sim/index.ts";
import { type Chronicle, promiseOf } from "../../src/tanks/replay/chronicle.ts";
import { describeDivergence } from "../../src/tanks/replay/divergence.ts";
import { DamagedSnapshot } from "../../src/tanks/snapshots/snapshot-file.ts";
import { refusal } from "./harness.ts";
import { chronicleIn, digestAt, livedPast, rewritten, travelIn } from "./past.ts";

describe("a tank's past", () => {
  test("is lived again from the oldest state to any tick, by either way", async () => {
    const past = await livedPast();
    const chronicle = await chronicleIn(past);
    const { tick } = promiseOf(chronicle);
    expect(tick).toBeGreaterThan(900);
    const ticks = [0, 1, 137, 420, 421, tick - 1, tick];
    for (const entry of chronicle.entries.slice(0, 6)) ticks.push(entry.tick);
    for (const to of ticks) {
      for (const from of ["oldest", "nearest"] as const) {
        const { replay, divergence, notes } = await travelIn(past.bench, chronicle, { to, from });
        expect(divergence).toBeUndefined();
        expect(notes).toEqual([]);
        expect(replay.world.tick).toBe(to);
        // Everything that was applied at this tick is.
        const last = chronicle.entries.findLast((entry) => entry.tick <= to);
        expect(replay.place.seq).toBe(last?.seq ?? 0);
        expect(digest(replay.world)).toBe(digestAt(past, to));
      }
    }
  });

  test("with every entry, mark and snapshot compared", async () => {
    const past = await livedPast();
    const chronicle = await chronicleIn(past);
    const { replay } = await travelIn(past.bench, chronicle);
    const marks = chronicle.entries.filter((entry) => entry.digest !== null).length;
    expect(marks).toBeGreaterThan(1);
    expect(chronicle.snapshots.length).toBeGreaterThan(1);
    expect(replay.checked).toEqual({
      entries: chronicle.entries.length,
      marks,
      snapshots: chronicle.snapshots.length,
      ticks: promiseOf(chronicle).tick,
    });
    expect(replay.controls).toMatchObject({ paused: false, tickRate: 23 });
    expect(statsOf(replay.world).alive).toBeGreaterThan(0);
  });

  test("begins at the older snapshot if the log is trimmed, and says its ticks", async () => {
    const past = await livedPast({ logRetention: "trim" });
    const chronicle = await chronicleIn(past);
    const oldest = chronicle.snapshots[0];
    const { tick } = promiseOf(chronicle);
    const { replay, divergence } = await travelIn(past.bench, chronicle);
    expect(divergence).toBeUndefined();
    expect(replay.origin.seq).toBe(oldest?.seq ?? -1);
    expect(digest(replay.world)).toBe(digestAt(past, tick));
    const early = travelIn(past.bench, chronicle, { to: 1 });
    expect(early).rejects.toThrow(`available are ticks ${oldest?.tick} to ${tick}`);
    expect(await refusal(travelIn(past.bench, chronicle, { to: tick + 1 }))).toBe(
      "outside_history",
    );
  });

  test("ends where it was committed last, also after a kill", async () => {
    const past = await livedPast({ kill: true, logRetention: "trim" });
    const chronicle = await chronicleIn(past);
    const { replay, promise, divergence } = await travelIn(past.bench, chronicle);
    expect(divergence).toBeUndefined();
    expect(replay.place).toEqual(promise);
    const tanks = await past.bench.start();
    const { stats } = tanks.list()[0] ?? {};
    expect(past.bench.loaded?.report.stats.tick).toBe(promise.tick);
    expect(past.bench.loaded?.digest).toBe(digest(replay.world));
    expect(stats?.alive).toBe(statsOf(replay.world).alive);
  });

  test("goes round a damaged snapshot and says so", async () => {
    const past = await livedPast({ logRetention: "trim" });
    const chronicle = await chronicleIn(past);
    const [oldest, newest] = chronicle.snapshots;
    past.bench.host.disk.damage(oldest?.file ?? "", 500);
    const { replay, notes } = await travelIn(past.bench, chronicle);
    expect(replay.origin.seq).toBe(newest?.seq ?? -1);
    expect(notes).toEqual([expect.stringContaining(`snapshot at entry ${oldest?.seq}`)]);
    past.bench.host.disk.damage(newest?.file ?? "", 500);
    expect(await refusal(travelIn(past.bench, chronicle))).toBe("outside_history");
  });

  test("can be given up", async () => {
    const past = await livedPast();
    const signal = AbortSignal.abort(new Error("enough"));
    const chronicle = await chronicleIn(past);
    expect(travelIn(past.bench, chronicle, { signal })).rejects.toThrow("enough");
  });
});

describe("the first difference is named", () => {
  async function divergenceOf(change: (chronicle: Chronicle) => Chronicle) {
    const past = await livedPast();
    const changed = change(await chronicleIn(past));
    const { divergence, replay } = await travelIn(past.bench, changed);
    if (!divergence) throw new Error("nothing differs");
    expect(describeDivergence(divergence)).toContain(String(divergence.seq));
    return { divergence, replay, changed };
  }

  const nth = (chronicle: Chronicle, kind: string, at = 0) => {
    const found = chronicle.entries.filter((entry) => entry.kind === kind)[at];
    if (!found) throw new Error(`there is no ${kind}`);
    return found;
  };

  test("a bit that flipped in an entry", async () => {
    const { divergence, replay } = await divergenceOf((chronicle) => {
      const { seq } = nth(chronicle, "feed", 1);
      const entries = chronicle.entries.map((entry) =>
        entry.seq === seq ? { ...entry, tick: entry.tick ^ 1024 } : entry,
      );
      return { ...chronicle, entries };
    });
    expect(divergence.kind).toBe("chain");
    // It came as far as the log is sound.
    expect(replay.place.seq).toBe(divergence.seq - 1);
  });

  test("an entry that is missing", async () => {
    const { divergence } = await divergenceOf((chronicle) => {
      const { seq } = nth(chronicle, "spawn", 1);
      return { ...chronicle, entries: chronicle.entries.filter((entry) => entry.seq !== seq) };
    });
    expect(divergence).toMatchObject({ kind: "chain", expected: `entry ${divergence.seq - 1}` });
  });

  test("a mark of another state", async () => {
    const wrong = "0".repeat(32);
    const { divergence, changed } = await divergenceOf((chronicle) => {
      const { seq } = nth(chronicle, "mark", 1);
      return rewritten(chronicle, (entry) => (entry.seq === seq ? { digest: wrong } : {}));
    });
    const { seq, tick } = nth(changed, "mark", 1);
    expect(divergence).toMatchObject({ kind: "mark", seq, tick, expected: wrong });
    expect(divergence.found).toMatch(/^[0-9a-f]{32}$/);
  });

  test("a snapshot of another state", async () => {
    const wrong = "0".repeat(32);
    const { divergence } = await divergenceOf((chronicle) => {
      const [first, ...others] = chronicle.snapshots;
      if (!first) throw new Error("no snapshot");
      return { ...chronicle, snapshots: [{ ...first, digest: wrong }, ...others] };
    });
    expect(divergence).toMatchObject({ kind: "snapshot", expected: wrong });
  });

  test("a command that did something else", async () => {
    const { divergence } = await divergenceOf((chronicle) => {
      const { seq } = nth(chronicle, "feed", 1);
      const payload = new TextEncoder().encode('{"portions":9}');
      return rewritten(chronicle, (entry) => (entry.seq === seq ? { payload } : {}));
    });
    expect(["mark", "snapshot"]).toContain(divergence.kind);
  });

  test("a command that cannot be carried out", async () => {
    const { divergence } = await divergenceOf((chronicle) => {
      const { seq } = nth(chronicle, "feed", 1);
      const payload = new TextEncoder().encode('{"portions":100000}');
      return rewritten(chronicle, (entry) => (entry.seq === seq ? { payload } : {}));
    });
    expect(divergence.kind).toBe("command");
  });

  test("entries that were acknowledged and are gone", async () => {
    const { divergence } = await divergenceOf((chronicle) => ({
      ...chronicle,
      snapshots: chronicle.snapshots.slice(0, 1),
      entries: chronicle.entries.slice(0, -2),
    }));
    expect(divergence.kind).toBe("lost");
  });
});

describe("a log of two engines", () => {
  test("is checked from the oldest snapshot of this one on", async () => {
    const past = await livedPast();
    const chronicle = await chronicleIn(past);
    const [, boundary] = chronicle.snapshots;
    if (!boundary) throw new Error("no snapshot");
    const mixed = rewritten(chronicle, ({ seq }) => ({
      engine_version: seq <= boundary.seq ? ENGINE_VERSION - 1 : ENGINE_VERSION,
    }));
    const { replay, divergence, notes } = await travelIn(past.bench, mixed);
    expect(divergence).toBeUndefined();
    expect(replay.origin.seq).toBe(boundary.seq);
    expect(notes).toEqual([expect.stringContaining(`engine ${ENGINE_VERSION - 1}`)]);
    expect(digest(replay.world)).toBe(digestAt(past, replay.world.tick));
  });

  test("that ends with the other is refused, naming its version", async () => {
    const past = await livedPast({ kill: true });
    const chronicle = await chronicleIn(past);
    const newer = ENGINE_VERSION + 1;
    const foreign = rewritten(chronicle, () => ({ engine_version: newer }));
    const going = travelIn(past.bench, { ...foreign, snapshots: foreign.snapshots.slice(0, 1) });
    expect(going).rejects.toThrow(`engine ${newer}`);
    expect(await refusal(going)).toBe("other_engine");
  });

  test("or a state that is not there in this form is passed over", async () => {
    const past = await livedPast({ logRetention: "trim" });
    const chronicle = await chronicleIn(past);
    const gone = { ...chronicle, stateOf: () => Promise.reject(new DamagedSnapshot("gone")) };
    expect(await refusal(travelIn(past.bench, gone))).toBe("outside_history");
  });
});
