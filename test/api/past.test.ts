import { describe, expect, test } from "bun:test";
import { Problem } from "../../src/platform/errors.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { ENGINE_VERSION } from "../../src/sim/index.ts";
import { ARCHIVE_TYPE } from "../../src/tanks/archive/archive.ts";
import { inProcessReplay } from "../../src/tanks/replay/in-process-replay.ts";
import { ReplayExecutor } from "../../src/tanks/replay/replay-executor.ts";
import type { ReplayService } from "../../src/tanks/replay/replay-service.ts";
import { createReplayService } from "../../src/tanks/replay/replay-service.ts";
import { chronicleIn, digestAt, livedPast } from "../tanks/past.ts";
import { clientOf } from "./client.ts";
import { fakeTank } from "./fake-records.ts";
import { FakeNode } from "./fakes.ts";

const lived = await livedPast();
const last = (await chronicleIn(lived)).snapshots.at(-1)?.tick ?? 0;

/** A node that hosts the tank with this past. */
function nodeWithPast(): FakeNode {
  const { bench, row } = lived;
  const node = new FakeNode();
  const timers = {
    after: (delayMs: number, task: () => void) => {
      const timer = setTimeout(task, delayMs);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
  const clock = { wallMs: () => 0, monotonicMs: () => performance.now() };
  const controls = { paused: false, tickRate: 30, fastForwardTo: undefined };
  const executor = new ReplayExecutor(
    { journal: bench.store.journal, files: bench.host.disk },
    { clock, timers, engineVersion: ENGINE_VERSION, controls },
  );
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  node.replay = createReplayService({
    spawnReplay: () => inProcessReplay(executor),
    timers,
    clock,
    log,
    version: "1.2.3",
  });
  node.hosted.set(row.tank_id, fakeTank(row.tank_id, "pond"));
  return node;
}

const path = `/api/tanks/${lived.row.tank_id}`;

describe("the past", () => {
  test("has a window", async () => {
    const { ask } = clientOf(nodeWithPast());
    const { status, body } = await ask(`${path}/past`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      epoch: 1,
      from_tick: 0,
      from_seq: 0,
      to_tick: last,
      whole: true,
      notes: [expect.stringContaining("the past reaches back to tick 0")],
    });
    expect(body.snapshots.at(-1)).toMatchObject({ tick: last, digest: digestAt(lived, last) });
  });

  test("is shown at a tick as a viewer would have seen it", async () => {
    const { ask } = clientOf(nodeWithPast());
    const { status, body } = await ask(`${path}/past/777`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ tick: 777, digest: digestAt(lived, 777) });
    const { hello, frame, plants, looks } = body.scene;
    expect(hello).toMatchObject({ type: "hello", width: 1088, height: 612 });
    expect(frame).toMatchObject({ type: "frame", tick: 777, seq: body.seq });
    expect(frame.fish.length).toBe(body.stats.fish_count);
    expect(frame.fish[0].length).toBe(hello.fields.fish.length);
    expect(plants.plants.length).toBe(body.stats.plant_count);
    expect(looks.looks.map((one: { plant_id: string }) => one.plant_id)).toEqual(
      plants.plants.map(([id]: [string]) => id),
    );
    expect(looks.looks[0].stems.length).toBeGreaterThan(4);
  });

  test.each([
    [`${path}/past/${last + 1}`, 404, "outside_history"],
    ["/api/tanks/nobody/past", 404, "unknown_tank"],
    ["/api/tanks/nobody/past/1", 404, "unknown_tank"],
    [`${path}/past/x`, 400, "bad_request"],
    [`${path}/past/-1`, 400, "bad_request"],
  ])("%s is a %d", async (asked, status, code) => {
    const { ask } = clientOf(nodeWithPast());
    const answer = await ask(asked);
    expect([answer.status, answer.body.type]).toEqual([status, `urn:tankd:problem:${code}`]);
    if (code === "outside_history") expect(answer.body.detail).toContain(`ticks 0 to ${last}`);
  });

  test("asks those who come when others wait to come again", async () => {
    const { ask } = clientOf(nodeWithPast());
    const answers = await Promise.all(
      Array.from({ length: LIMITS.replayRequestsMax + 4 }, (_, index) =>
        ask(`${path}/past/${index}`),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBe(3);
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
  });
});

describe("a tank as a file", () => {
  const headers = { "content-type": ARCHIVE_TYPE };

  async function exported(node: FakeNode): Promise<Uint8Array<ArrayBuffer>> {
    return (await node.replay.pack(lived.row.tank_id)).bytes;
  }

  test("is given to who has the token, under a name that every system can store", async () => {
    const node = nodeWithPast();
    const { ask } = clientOf(node);
    expect((await ask(`${path}/export`)).status).toBe(401);
    const { status, headers: said } = await ask(`${path}/export`, { token: true });
    expect(status).toBe(200);
    expect(said.get("content-type")).toBe(ARCHIVE_TYPE);
    expect(said.get("content-disposition")).toBe('attachment; filename="pond.tank"');
    expect(Number(said.get("content-length"))).toBe((await exported(node)).length);
  });

  test("becomes a tank of its own, under its name or another", async () => {
    const node = nodeWithPast();
    const { ask } = clientOf(node);
    const import_ = async (query = "") =>
      ask(`/api/tanks/import${query}`, {
        method: "POST",
        token: true,
        headers,
        body: await exported(node),
      });
    const first = await import_();
    expect(first.status).toBe(201);
    expect(first.headers.get("location")).toBe(`/api/tanks/${first.body.tank.tank_id}`);
    expect(first.body).toMatchObject({
      tank: { name: "pond-2" },
      forked_from: { tank_id: lived.row.tank_id, tick: last, digest: digestAt(lived, last) },
    });
    expect((await import_("?name=lake")).body.tank.name).toBe("lake");
    expect((await import_("?name=")).status).toBe(400);
    expect((await import_("?nam=x")).status).toBe(400);
  });

  test("is imported once for one Idempotency-Key", async () => {
    const node = nodeWithPast();
    const { ask } = clientOf(node);
    const before = node.hosted.size;
    const body = await exported(node);
    const keyed = { ...headers, "idempotency-key": "k" };
    const asked = { method: "POST", token: true, headers: keyed } as const;
    const one = await ask("/api/tanks/import", { ...asked, body: body.slice() });
    const two = await ask("/api/tanks/import", { ...asked, body: body.slice() });
    expect(two.text).toBe(one.text);
    expect(node.hosted.size).toBe(before + 1);
    const other = await ask("/api/tanks/import", { ...asked, body: body.slice(1) });
    expect(other.status).toBe(422);
  });

  test.each([
    ["without the token", {}, false, 401, "token_required"],
    ["as JSON", { "content-type": "application/json" }, true, 415, "archive_type_required"],
    ["without a type", {}, true, 415, "archive_type_required"],
    ["that is none", headers, true, 422, "bad_archive"],
    [
      "that is too large",
      { ...headers, "content-length": String(LIMITS.archiveBytesMax + 1) },
      true,
      413,
      "body_too_large",
    ],
  ])("%s is refused", async (_, sent, token, status, code) => {
    const { ask } = clientOf(nodeWithPast());
    const body = new Uint8Array(100);
    const answer = await ask("/api/tanks/import", { method: "POST", token, headers: sent, body });
    expect([answer.status, answer.body.type]).toEqual([status, `urn:tankd:problem:${code}`]);
  });

  test("of another engine is refused with the version that can read it", async () => {
    const node = nodeWithPast();
    const foreign: ReplayService["fork"] = () =>
      Promise.reject(new Problem("other_engine", "use tankd 9.9.9, which made it"));
    node.replay = { ...node.replay, fork: foreign };
    const { ask } = clientOf(node);
    const body = new Uint8Array(100);
    const answer = await ask("/api/tanks/import", { method: "POST", token: true, headers, body });
    expect([answer.status, answer.body.detail]).toEqual([409, "use tankd 9.9.9, which made it"]);
  });
});
