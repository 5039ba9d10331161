import { describe, expect, test } from "bun:test";
import { clientOf } from "./client.ts";

test.each([
  ["feed", { portions: 3 }, { kind: "feed", portions: 3 }],
  ["feed", undefined, { kind: "feed", portions: 10 }],
  ["spawn", { fish: 4 }, { kind: "spawn", fish: 4 }],
  ["spawn", undefined, { kind: "spawn", fish: 1 }],
  ["pause", undefined, { kind: "pause" }],
  ["resume", {}, { kind: "resume" }],
  ["speed", { tick_rate: 0 }, { kind: "set_tick_rate", ticksPerSecond: 0 }],
  ["speed", { tick_rate: 0.1 }, { kind: "set_tick_rate", ticksPerSecond: 0.1 }],
  ["speed", { tick_rate: 1000 }, { kind: "set_tick_rate", ticksPerSecond: 1000 }],
] as const)("%s with %j is submitted", async (route, json, submitted) => {
  const { ask, node } = clientOf();
  const path = `/api/tanks/tank-1/${route}`;
  const { status, body } = await ask(path, { method: "POST", token: true, json });
  expect(status).toBe(200);
  const place = { epoch: 1, tick: 1201, seq: 8 };
  expect(body).toEqual({ tank_id: "tank-1", command: submitted.kind, ...place });
  expect(node.commands).toEqual([{ tankId: "tank-1", command: submitted }]);
});

test("commands refuse unknown fields, impossible numbers and unknown tanks", async () => {
  const { ask, node } = clientOf();
  const post = (path: string, json: unknown) => ask(path, { method: "POST", token: true, json });
  expect((await post("/api/tanks/tank-1/pause", { now: 1 })).body.errors[0].field).toBe("now");
  expect((await post("/api/tanks/tank-1/feed", { portions: 0 })).status).toBe(422);
  expect((await post("/api/tanks/tank-1/spawn", { fish: 10_001 })).status).toBe(422);
  expect((await post("/api/tanks/none/feed", {})).status).toBe(404);
  for (const tick_rate of [-1, 0.05, 1001, "30", null, undefined]) {
    const { status, body } = await post("/api/tanks/tank-1/speed", { tick_rate });
    expect([status, body.errors[0].field]).toEqual([422, "tick_rate"]);
  }
  expect(node.commands).toEqual([]);
  const full = await post("/api/tanks/tank-1/spawn", { fish: 6000 });
  expect([full.status, full.body.detail]).toEqual([422, "The tank refused (tank_full): no room"]);
});

test("fast-forward says up to which tick it goes", async () => {
  const { ask, node } = clientOf();
  const post = (json: unknown) =>
    ask("/api/tanks/tank-1/fast-forward", { method: "POST", token: true, json });
  const done = { tank_id: "tank-1", command: "fast_forward", epoch: 1, tick: 1201, seq: 8 };
  expect((await post({ ticks: 500 })).body).toEqual({ ...done, to_tick: 1701 });
  expect(node.commands).toEqual([
    { tankId: "tank-1", command: { kind: "fast_forward", ticks: 500 } },
  ]);
  const hosted = node.hosted.get("tank-1");
  if (hosted) node.hosted.set("tank-1", { ...hosted, fastForwardTo: 9000 });
  expect((await post({ ticks: 500 })).body.to_tick).toBe(9000);
  for (const ticks of [0, 1.5, 10_000_001, "9", undefined]) {
    const { status, body } = await post({ ticks });
    expect([status, body.errors[0].field]).toEqual([422, "ticks"]);
  }
});

describe("a repeated Idempotency-Key", () => {
  const post = (ask: ReturnType<typeof clientOf>["ask"], path: string, json: unknown) => {
    const headers = { "idempotency-key": "k" };
    return ask(`/api/tanks/${path}`, { method: "POST", token: true, json, headers });
  };

  test.each([
    ["feed", { portions: 3 }],
    ["spawn", { fish: 2 }],
    ["fast-forward", { ticks: 100 }],
  ])("%s is done once", async (route, json) => {
    const { ask, node } = clientOf();
    const first = await post(ask, `tank-1/${route}`, json);
    const second = await post(ask, `tank-1/${route}`, json);
    expect([second.status, second.text]).toEqual([200, first.text]);
    expect(node.commands).toHaveLength(1);
  });

  test("is refused for another tank or another body", async () => {
    const { ask, node } = clientOf();
    await post(ask, "tank-1/feed", { portions: 3 });
    expect((await post(ask, "tank-2/feed", { portions: 3 })).status).toBe(422);
    expect((await post(ask, "tank-1/feed", { portions: 4 })).status).toBe(422);
    expect(node.commands).toHaveLength(1);
  });

  test("says nothing about what may be repeated", async () => {
    const { ask, node } = clientOf();
    await post(ask, "tank-1/pause", {});
    await post(ask, "tank-2/pause", {});
    expect(node.commands).toHaveLength(2);
  });
});
