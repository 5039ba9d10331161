import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type EntryInput, Registry } from "../../src/cluster/registry/registry.ts";
import {
  entryFromText,
  entryToText,
  statusAfter,
} from "../../src/cluster/registry/registry-entry.ts";
import { serverRecordSchema } from "../../src/cluster/server-record.ts";
import { LIMITS } from "../../src/platform/limits.ts";

const START = "2026-01-01T00:00:00.000Z";

function setUp(bootId = "boot") {
  const time = { nowMs: 0 };
  const clock = {
    wallMs: () => Date.parse(START) + time.nowMs,
    monotonicMs: () => time.nowMs,
  };
  const changes: string[] = [];
  const registry = new Registry(clock, bootId, (key, entry) => {
    changes.push(`${key} ${entry?.status ?? "removed"}`);
  });
  return { registry, time, changes };
}

function input(key: string, change: Partial<EntryInput> = {}): EntryInput {
  const label = change.label ?? key;
  return {
    key,
    label,
    addresses: [{ host: "10.0.0.1", port: 8000 }],
    tanks: [],
    priority: 100,
    mayClaim: true,
    bootId: "b",
    intervalMs: 10_000,
    owner: undefined,
    record: serverRecordSchema.parse({
      server_id: label,
      node_id: key,
      hostname: "h",
      host: "10.0.0.1",
      port: 8000,
      status: "online",
      role: "worker",
      version: "",
      platform: "",
      architecture: "",
      tank_count: 0,
      fish_count: 0,
      active_connections: 0,
      capabilities: [],
      tags: [],
      resources: {},
      region: null,
      zone: null,
      cpu_percent: 0,
      memory_mb: 0,
      uptime_seconds: 0,
      registered_at: START,
      last_heartbeat: START,
      last_seen: START,
      rtt_ms: null,
      reachable: true,
      discovered_by: [],
      is_local: false,
      api_url: "",
      signed: true,
    }),
    ...change,
  };
}

describe("the status of a server", () => {
  test("follows its silence by the interval it declared", () => {
    expect([0, 19_999, 20_000, 29_999, 30_000].map((ms) => statusAfter(ms, 10_000))).toEqual([
      "online",
      "online",
      "degraded",
      "degraded",
      "offline",
    ]);
    expect(statusAfter(6_000, 2_000)).toBe("offline");
    expect(statusAfter(60_000, 30_000)).toBe("degraded");
  });

  test("ages, revives with a sign of life, and ends in oblivion", () => {
    const { registry, time, changes } = setUp();
    registry.put(input("a"));
    const age = (nowMs: number) => {
      time.nowMs = nowMs;
      registry.age("self", undefined, 3_600_000);
      return registry.get("a")?.status;
    };
    expect(age(25_000)).toBe("degraded");
    registry.see("a");
    expect(registry.get("a")?.status).toBe("online");
    expect(age(40_000)).toBe("online");
    expect(age(60_000)).toBe("offline");
    registry.beat("a", { fish_count: 5 });
    expect(registry.get("a")).toMatchObject({ status: "online", record: { fish_count: 5 } });
    expect(age(100_000)).toBe("offline");
    expect(age(3_700_000)).toBe("offline");
    expect(age(3_700_001)).toBeUndefined();
    expect(changes.at(-1)).toBe("a removed");
  });

  test("is the hub's to judge while the hub vouches for it", () => {
    const { registry, time } = setUp();
    const other = setUp("hub");
    other.registry.put(input("a"));
    registry.apply(other.registry.delta({ of: null, version: 0 }).entries, "hub", "self");
    time.nowMs = 500_000;
    registry.age("self", "hub", 1_000);
    expect(registry.get("a")?.status).toBe("online");
    registry.age("self", undefined, 1_000);
    expect(registry.get("a")?.status).toBe("offline");
  });
});

describe("labels", () => {
  test("belong to the first; a later one gets a suffix and keeps it", () => {
    const { registry } = setUp();
    registry.put(input("aaaaaaaa", { label: "pi" }));
    registry.put(input("bbbbbbbb", { label: "pi" }));
    registry.put(input("aaaaaaaa", { label: "pi" }));
    expect(registry.find("pi")?.key).toBe("aaaaaaaa");
    expect(registry.find("pi-bbbbbb")?.key).toBe("bbbbbbbb");
    registry.remove("aaaaaaaa");
    registry.put(input("bbbbbbbb", { label: "pi" }));
    expect(registry.find("pi")?.key).toBe("bbbbbbbb");
    expect(registry.find("bbbbbbbb")?.label).toBe("pi");
  });

  test("never outgrow the limit, and are never shown twice", () => {
    const { registry } = setUp();
    const label = "x".repeat(LIMITS.nameCharactersMax);
    for (const key of ["aaaaaaaa", "bbbbbbbb"]) registry.put(input(key, { label }));
    const shown = registry.entries().map(({ record }) => record.server_id);
    expect(new Set(shown).size).toBe(2);
    for (const name of shown) expect(name.length).toBeLessThanOrEqual(LIMITS.nameCharactersMax);
  });
});

describe("a copy of the registry", () => {
  test("is the same after any history, followed in any steps", () => {
    const key = fc.constantFrom("a", "b", "c", "d");
    const step = fc.oneof(
      key.map((k) => ({ kind: "put", k }) as const),
      key.map((k) => ({ kind: "remove", k }) as const),
      key.map((k) => ({ kind: "beat", k }) as const),
      key.map((k) => ({ kind: "offline", k }) as const),
      fc.constant({ kind: "follow", k: "" } as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { registry } = setUp("hub");
        const copy = setUp("worker").registry;
        let position: { of: string | null; version: number } = { of: null, version: 0 };
        const follow = () => {
          const delta = registry.delta(position);
          copy.apply(delta.entries, delta.of, "self");
          position = { of: delta.of, version: delta.version };
        };
        let fish = 0;
        for (const { kind, k } of steps) {
          if (kind === "put") registry.put(input(k));
          if (kind === "remove") registry.remove(k);
          if (kind === "beat") registry.beat(k, { fish_count: ++fish });
          if (kind === "offline") registry.markOffline(k);
          if (kind === "follow") follow();
        }
        follow();
        const shown = (one: Registry) =>
          one
            .entries()
            .map(({ key, status, record }) => `${key} ${status} ${record.fish_count}`)
            .sort();
        expect(shown(copy)).toEqual(shown(registry));
        expect(registry.delta(position).entries).toEqual([]);
      }),
    );
  });

  test("comes in pages", () => {
    const { registry } = setUp("hub");
    for (let count = 0; count < 450; count++) registry.put(input(`n${count}`));
    const copy = setUp("worker").registry;
    let position: { of: string | null; version: number } = { of: null, version: 0 };
    const pages: number[] = [];
    for (let more = true; more; ) {
      const delta = registry.delta(position);
      pages.push(delta.entries.length);
      copy.apply(delta.entries, delta.of, "self");
      position = delta;
      more = delta.more;
    }
    expect(pages).toEqual([200, 200, 50]);
    expect(copy.entries()).toHaveLength(450);
  });

  test("never replaces what a node knows of itself, but its shown name", () => {
    const { registry } = setUp("hub");
    registry.put(input("first", { label: "pi" }));
    registry.put(input("self", { label: "pi" }));
    const copy = setUp("worker").registry;
    copy.put(input("self", { label: "pi", tanks: [{ tank_id: "t", name: "t", epoch: 1 }] }));
    copy.apply(registry.delta({ of: null, version: 0 }).entries, "hub", "self");
    expect(copy.get("self")).toMatchObject({
      record: { server_id: "pi-self" },
      tanks: [{ tank_id: "t" }],
    });
  });
});

describe("bounds", () => {
  test("a full registry gives the longest absent one's place away, and no one's who is here", () => {
    const { registry, time } = setUp();
    for (let count = 0; count < LIMITS.serversMax; count++) registry.put(input(`n${count}`));
    expect(registry.put(input("late"))).toBeUndefined();
    registry.markOffline("n5");
    time.nowMs = 10;
    registry.markOffline("n3");
    expect(registry.put(input("late"))?.key).toBe("late");
    expect(registry.get("n5")).toBeUndefined();
    expect(registry.get("n3")).toBeDefined();
  });
});

describe("a registry that is full of servers without a key", () => {
  test("has room for one that has signed, at the cost of the most silent", () => {
    const { registry, time } = setUp();
    const unsigned = (key: string) => {
      const { record, ...rest } = input(key);
      return { ...rest, record: { ...record, signed: false } };
    };
    for (let count = 0; count < LIMITS.serversMax; count++) registry.put(unsigned(`n${count}`));
    time.nowMs = 10;
    registry.beat("n0", {});
    expect(registry.put(unsigned("late"))).toBeUndefined();
    expect(registry.put(input("node"))?.key).toBe("node");
    expect(registry.get("n0")).toBeDefined();
    expect(registry.get("n1")).toBeUndefined();
  });
});

describe("what is stored", () => {
  test("comes back offline, without the figures of its last hour", () => {
    const { registry } = setUp();
    const entry = registry.put(input("a", { label: "pi" }));
    if (!entry) throw new Error("there is room");
    const text = entryToText(entry);
    const beaten = registry.beat("a", { fish_count: 9, cpu_percent: 50, uptime_seconds: 7 });
    expect(beaten && entryToText(beaten)).toBe(text);
    expect(entryFromText(text, 77)).toMatchObject({
      key: "a",
      label: "pi",
      status: "offline",
      offlineSinceMs: 77,
      addresses: [{ host: "10.0.0.1", port: 8000 }],
    });
    for (const broken of ["", "{}", "null", text.slice(1)]) {
      expect(entryFromText(broken, 0)).toBeUndefined();
    }
  });
});
