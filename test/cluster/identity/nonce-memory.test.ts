import { describe, expect, test } from "bun:test";
import { NonceMemory } from "../../../src/cluster/identity/nonce-memory.ts";
import { LIMITS } from "../../../src/platform/limits.ts";

const SECONDS = { created: 1_000, oldest: 700 };
const { created, oldest } = SECONDS;

/** So many keys that nobody has seen, each with one request. */
function flood(memory: NonceMemory, keys: number, source: (key: number) => string): string[] {
  return Array.from({ length: keys }, (_, key) =>
    memory.admit(`stranger-${source(key)}-${key}`, "n", created, oldest, source(key)),
  );
}

test("knows a replay for as long as the window lasts", () => {
  const memory = new NonceMemory();
  expect(memory.admit("a", "n1", 1_000, 700)).toBe("fresh");
  expect(memory.admit("b", "n1", 1_000, 700)).toBe("fresh");
  expect(memory.admit("a", "n1", 1_000, 1_000)).toBe("used");
});

test("when it is full refuses what is as old as what it forgot", () => {
  for (const isKnown of [true, false]) {
    const memory = new NonceMemory(() => isKnown);
    for (let count = 0; count <= 20_000; count++) memory.admit("a", `n${count}`, 1_000 + count, 0);
    expect(memory.admit("a", "n0", 1_000, 0)).toBe("used");
    expect(memory.admit("a", "new", 30_000, 0)).toBe("fresh");
  }
});

test("a clock that is set back locks nobody out", () => {
  const memory = new NonceMemory();
  memory.admit("a", "n1", 10_000, 9_700);
  memory.admit("a", "n2", 20_000, 19_700);
  expect(memory.admit("a", "n3", 5_000, 4_700)).toBe("fresh");
});

describe("any number of fresh keys", () => {
  test("makes no replay of anybody pass inside the window", () => {
    const memory = new NonceMemory((nodeId) => nodeId === "member");
    for (const one of ["member", "guest"]) memory.admit(one, "n", created, oldest, "10.0.0.1");
    flood(memory, 2 * LIMITS.strangersRememberedMax, (key) => `10.1.${key % 64}.1`);
    flood(memory, 2 * LIMITS.strangersRememberedMax, (key) => `10.2.${key % 64}.1`);
    expect(memory.admit("member", "n", created, oldest, "10.3.0.1")).toBe("used");
    expect(memory.admit("guest", "n", created, oldest, "10.3.0.1")).toBe("used");
  });

  test("of one address leaves room for strangers of others", () => {
    const memory = new NonceMemory();
    const taken = flood(memory, LIMITS.strangersRememberedMax, () => "10.1.0.1");
    expect(taken.filter((use) => use === "fresh")).toHaveLength(
      LIMITS.strangersRememberedPerSourceMax,
    );
    expect(taken.at(-1)).toBe("crowded");
    expect(memory.admit("guest", "n", created, oldest, "10.0.0.1")).toBe("fresh");
  });

  test("of a proxy on this machine, which may bring everybody, has no share", () => {
    const memory = new NonceMemory();
    for (let key = 0; key < LIMITS.strangersRememberedMax; key++) {
      expect(memory.admit(`stranger-${key}`, "n", created, oldest)).toBe("fresh");
    }
    expect(memory.admit("guest", "n", created, oldest)).toBe("crowded");
  });

  test("of many addresses leaves members room of their own", () => {
    const known = new Set(["member"]);
    const memory = new NonceMemory((nodeId) => known.has(nodeId));
    memory.admit("soon", "n", created, oldest, "10.0.0.1");
    flood(memory, 2 * LIMITS.strangersRememberedMax, (key) => `10.1.${key % 64}.1`);
    expect(memory.admit("guest", "n", created, oldest, "10.0.0.1")).toBe("crowded");
    expect(memory.admit("member", "n", created, oldest, "10.0.0.1")).toBe("fresh");
    // Who becomes known leaves a place among the strangers, and no replay behind.
    known.add("soon");
    expect(memory.admit("soon", "n", created, oldest, "10.0.0.1")).toBe("used");
    expect(memory.admit("guest", "n", created, oldest, "10.0.0.1")).toBe("fresh");
  });

  test("is forgotten when its requests are too old to be said again", () => {
    const memory = new NonceMemory();
    flood(memory, 2 * LIMITS.strangersRememberedMax, (key) => `10.1.${key % 64}.1`);
    expect(memory.admit("guest", "n", created, created, "10.0.0.1")).toBe("crowded");
    expect(memory.admit("guest", "n", created + 1, created + 1, "10.0.0.1")).toBe("fresh");
  });

  test("that are known too may fill the room of those, and then share with strangers", () => {
    const memory = new NonceMemory(() => true);
    const taken = flood(memory, LIMITS.peersMax + LIMITS.strangersRememberedMax, () => "10.1.0.1");
    const fresh = taken.filter((use) => use === "fresh").length;
    expect(fresh).toBe(LIMITS.peersMax + LIMITS.strangersRememberedPerSourceMax);
    expect(memory.admit("stranger-10.1.0.1-0", "n", created, oldest, "10.1.0.1")).toBe("used");
  });

  test("that became known when it was full costs nobody a place, nor a nonce", () => {
    const known = new Set<string>();
    const memory = new NonceMemory((nodeId) => known.has(nodeId) || nodeId.startsWith("stranger"));
    memory.admit("late", "n", 1, 0, "10.0.0.1");
    flood(memory, LIMITS.peersMax, () => "10.1.0.1");
    known.add("late");
    expect(memory.admit("late", "m", created, oldest, "10.0.0.1")).toBe("fresh");
    expect(memory.admit("late", "m", created, oldest, "10.0.0.1")).toBe("used");
    known.delete("late");
    const more = flood(memory, 2 * LIMITS.strangersRememberedMax, (key) => `10.2.${key % 64}.1`);
    const fresh = more.filter((use) => use === "fresh").length;
    expect(fresh).toBe(LIMITS.strangersRememberedMax - 1);
  });
});
