import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Registry } from "../../../src/cluster/registry/registry.ts";
import {
  type EntryInput,
  entryFromText,
  entryToText,
  statusAfter,
  unsignedKey,
} from "../../../src/cluster/registry/registry-entry.ts";
import { LIMITS } from "../../../src/platform/limits.ts";

import { input, setUp, unsigned } from "./registry-support.ts";

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
      registry.age(undefined, 3_600_000);
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
    registry.apply(other.registry.delta({ of: null, version: 0 }));
    time.nowMs = 500_000;
    registry.age("hub", 1_000);
    expect(registry.get("a")?.status).toBe("online");
    time.nowMs += 30_000;
    registry.age(undefined, 1_000);
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

  test("of a node take precedence over those of servers without a key, and of strangers", () => {
    const { registry } = setUp();
    const stranger = input("strange1", { label: "reef" });
    registry.put(unsigned("reef"));
    expect(registry.find("reef")?.key).toBe(unsignedKey("reef"));
    registry.put({ ...stranger, record: { ...stranger.record, member: false } });
    expect(registry.find("reef")?.key).toBe("strange1");
    registry.put(input("aaaaaaaa", { label: "reef" }));
    expect(registry.find("reef")?.key).toBe("aaaaaaaa");
    const shown = registry.entries().map(({ record }) => record.server_id);
    expect(shown.toSorted()).toEqual(["reef", "reef-strang", "reef-unsigned"]);
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
        const { registry, time } = setUp("hub");
        const copy = setUp("worker").registry;
        let position: { of: string | null; version: number } = { of: null, version: 0 };
        const follow = () => {
          const delta = registry.delta(position);
          copy.apply(delta);
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
        // Figures are told from time to time only.
        time.nowMs += 10_000;
        registry.age(undefined, 3_600_000);
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
      copy.apply(delta);
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
    copy.apply(registry.delta({ of: null, version: 0 }));
    expect(copy.get("self")).toMatchObject({
      record: { server_id: "pi-self" },
      tanks: [{ tank_id: "t" }],
    });
  });
});

describe("a full list", () => {
  function full(change: (key: string, number: number) => Partial<EntryInput> = () => ({})) {
    const lab = setUp();
    for (let number = 0; number < LIMITS.serversMax; number++) {
      const key = `n${number}`;
      lab.registry.put(input(key, change(key, number)));
    }
    return lab;
  }

  test("gives the longest absent one's place away, and no confirmed one's who is here", () => {
    const { registry, time, confirm } = full();
    for (const { key } of registry.entries()) confirm(key);
    confirm("late");
    expect(registry.put(input("late"))).toBeUndefined();
    registry.markOffline("n5");
    time.nowMs = 10;
    registry.markOffline("n3");
    expect(registry.put(input("late"))?.key).toBe("late");
    expect(registry.get("n5")).toBeUndefined();
    expect(registry.get("n3")).toBeDefined();
  });

  test("gives the unconfirmed away before a confirmed one that is absent", () => {
    const { registry, time, confirm } = full();
    for (const { key } of registry.entries()) if (key !== "n7") confirm(key);
    registry.markOffline("n5");
    time.nowMs = 10;
    expect(registry.put(input("late"))?.key).toBe("late");
    expect(registry.get("n7")).toBeUndefined();
    expect(registry.get("n5")).toBeDefined();
  });

  test("takes the absent first, then from the source that has brought the most", () => {
    const { registry, time } = full((_, number) => ({
      source: number < 600 ? "10.0.0.1" : `10.0.1.${number % 250}`,
    }));
    registry.markOffline("n800");
    time.nowMs = 10;
    // Of the busy source all but two have spoken since; the others are more silent than they.
    for (let number = 0; number < 598; number++) registry.see(`n${number}`);
    for (let number = 0; number < 4; number++) {
      const late = input(`late${number}`, { source: "10.9.9.9" });
      expect(registry.put(late)?.key).toBe(late.key);
    }
    const keys = new Set(registry.entries().map(({ key }) => key));
    expect(keys.size).toBe(LIMITS.serversMax);
    const gone = Array.from({ length: LIMITS.serversMax }, (_, number) => `n${number}`).filter(
      (key) => !keys.has(key),
    );
    expect(gone).toContain("n800");
    expect(gone).toContain("n598");
    expect(gone).toContain("n599");
    expect(gone.filter((key) => Number(key.slice(1)) < 598)).toHaveLength(1);
  });

  test("is no reason to forget a peer of which nothing but its place is asked", () => {
    const { registry, peers, confirm } = full();
    for (const { key } of registry.entries()) confirm(key);
    expect(registry.put(input("late"))).toBeUndefined();
    expect(peers.get("late")).toBeUndefined();
  });
});

describe("the peer table and the list", () => {
  test("whoever leaves the table leaves the list, and followers hear of it", () => {
    const { registry, peers, changes } = setUp("hub");
    const copy = setUp("worker").registry;
    for (const key of ["a", "b"]) registry.put(input(key));
    const first = registry.delta({ of: null, version: 0 });
    copy.apply(first);
    peers.forget("a");
    expect(registry.get("a")).toBeUndefined();
    expect(changes.at(-1)).toBe("a removed");
    const next = registry.delta(first);
    expect(next).toMatchObject({ removed: ["a"], entries: [], figures: [] });
    copy.apply(next);
    expect(copy.entries().map(({ key }) => key)).toEqual(["b"]);
  });

  test("a node that leaves the list stays in the table, a server without a key does not", () => {
    const { registry, peers } = setUp();
    registry.put(input("node"));
    registry.put(unsigned("tank-world"));
    for (const key of ["node", unsignedKey("tank-world")]) {
      expect(registry.remove(key)).toBe(true);
      expect(registry.remove(key)).toBe(false);
    }
    expect(peers.get("node")?.registration).toBeUndefined();
    expect(peers.get("node")).toBeDefined();
    expect(peers.get(unsignedKey("tank-world"))).toBeUndefined();
  });
});

describe("what is stored", () => {
  test("comes back offline, without the figures of its last hour", () => {
    const { registry } = setUp();
    const entry = registry.put(input("a", { label: "pi", source: "10.0.0.7" }));
    if (!entry) throw new Error("there is room");
    const text = entryToText(entry);
    const beaten = registry.beat("a", { fish_count: 9, cpu_percent: 50, uptime_seconds: 7 });
    expect(beaten && entryToText(beaten)).toBe(text);
    expect(entryFromText(text, 77)).toMatchObject({
      key: "a",
      label: "pi",
      status: "offline",
      offlineSinceMs: 77,
      source: "10.0.0.7",
      addresses: [{ host: "10.0.0.1", port: 8000 }],
    });
    // Listed by an earlier version without the signature of the node that it names.
    const ghost = text.replace('"signed":true', '"signed":false');
    for (const broken of ["", "{}", "null", text.slice(1), ghost]) {
      expect(entryFromText(broken, 0)).toBeUndefined();
    }
  });
});
