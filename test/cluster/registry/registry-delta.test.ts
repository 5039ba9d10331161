import { describe, expect, test } from "bun:test";
import { unsignedKey } from "../../../src/cluster/registry/registry-entry.ts";
import { LIMITS } from "../../../src/platform/limits.ts";

import { input, setUp, unsigned } from "./registry-support.ts";

describe("what followers are told", () => {
  test("is not each heartbeat, but its figures from time to time, all together", () => {
    const { registry, time } = setUp("hub");
    const copy = setUp("worker").registry;
    for (const key of ["self", "a", "b"]) registry.put(input(key));
    let position = registry.delta({ of: null, version: 0 });
    copy.apply(position);
    const ask = () => {
      const delta = registry.delta(position);
      copy.apply(delta);
      position = delta;
      return [delta.entries.length, delta.figures.length];
    };
    registry.beat("a", { fish_count: 5, cpu_percent: 3 });
    registry.put(input("a", { record: { ...input("a").record, fish_count: 6 } }));
    registry.see("b");
    expect(ask()).toEqual([0, 0]);
    time.nowMs = 10_000;
    registry.age(undefined, 3_600_000);
    expect(ask()).toEqual([0, 1]);
    expect(copy.get("a")?.record.fish_count).toBe(6);
    registry.age(undefined, 3_600_000);
    expect(ask()).toEqual([0, 0]);
    registry.put(input("a", { tanks: [{ tank_id: "t", name: "t", epoch: 1 }] }));
    expect(ask()).toEqual([1, 0]);
    registry.beat("b", { status_reason: "its tanks are frozen" });
    expect(ask()).toEqual([1, 0]);
  });

  test("holds again when the hub speaks again, whatever its silence was taken for", () => {
    const hub = setUp("hub").registry;
    hub.put(input("a"));
    const { registry, time } = setUp("worker");
    registry.apply(hub.delta({ of: null, version: 0 }));
    const age = (nowMs: number, vouching?: string) => {
      time.nowMs = nowMs;
      registry.age(vouching, 3_600_000);
      return registry.get("a")?.status;
    };
    expect(age(600_000, "hub")).toBe("online");
    // Only from now on its silence counts: nobody repeats what has not changed.
    expect(age(615_000)).toBe("online");
    expect(age(620_000)).toBe("degraded");
    expect(age(630_000)).toBe("offline");
    expect(age(631_000, "hub")).toBe("online");
    expect(registry.get("a")?.offlineSinceMs).toBeUndefined();
  });

  test("leaves nobody behind who has left while nobody listened, even of the same hub", () => {
    const { registry: hub } = setUp("hub");
    const { registry, time } = setUp("worker");
    for (const key of ["a", "b"]) hub.put(input(key));
    registry.apply(hub.delta({ of: null, version: 0 }));
    hub.remove("a");
    const again = hub.delta({ of: null, version: 0 });
    expect(again).toMatchObject({ whole: true, removed: [] });
    registry.apply(again);
    time.nowMs = 30_000;
    registry.age("hub", 3_600_000);
    expect(registry.get("a")?.status).toBe("offline");
    expect(registry.get("b")?.status).toBe("online");
  });

  test("begins anew where more has left than is remembered", () => {
    const { registry } = setUp("hub");
    registry.put(input("a"));
    const before = registry.delta({ of: null, version: 0 });
    for (let number = 0; number <= LIMITS.removalsRememberedMax; number++) {
      registry.put(input(`n${number}`));
      registry.remove(`n${number}`);
    }
    const after = registry.delta(before);
    expect([after.whole, after.entries.map(({ key }) => key)]).toEqual([true, ["a"]]);
    expect(registry.delta(after)).toMatchObject({ whole: false, entries: [], removed: [] });
  });

  test("keeps the owner of a server without a key, its label and its interval", () => {
    const hub = setUp("hub").registry;
    hub.put(input("node", { label: "reef" }));
    hub.put({ ...unsigned("reef"), source: "10.0.0.9", via: "node", intervalMs: 2_000 });
    const copy = setUp("worker").registry;
    copy.apply(hub.delta({ of: null, version: 0 }));
    expect(copy.get(unsignedKey("reef"))).toMatchObject({
      label: "reef",
      source: "10.0.0.9",
      via: "node",
      intervalMs: 2_000,
      record: { server_id: "reef-unsigned" },
    });
  });
});
