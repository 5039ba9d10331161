import { describe, expect, test } from "bun:test";
import type { HttpRequest, HttpResponse } from "../../../src/platform/network.ts";
import { json, nodeAnswers, nodeFiles, runIn } from "../fake-host.ts";

const running = { files: nodeFiles("/home/ann/.local/state/tankd"), alive: [42] };
const server = { status: "online", api_url: "http://far:1", is_local: true, node_id: "n" };
const REEF = { tank: { tank_id: "t-1", name: "reef", server_id: "here" }, server };

const MOVE = {
  move_id: "m-1",
  tank_id: "t-1",
  name: "reef",
  direction: "out",
  epoch: 2,
  state: "sealed",
  peer_node_id: "n-2",
  peer_server_id: "far",
  reason: null,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};

/** Answers of a route, one after the other; the last one again and again. */
function inTurn(routes: Readonly<Record<string, readonly unknown[]>>, more: object = {}) {
  const base = nodeAnswers({ "GET /gateway/tanks/reef": REEF, ...more });
  const counts = new Map<string, number>();
  return (request: HttpRequest): HttpResponse | undefined => {
    const key = `${request.method} ${request.path}`;
    const answers = routes[key];
    if (answers === undefined) return base(request);
    const at = counts.get(key) ?? 0;
    counts.set(key, at + 1);
    return json(200, answers[Math.min(at, answers.length - 1)]);
  };
}

describe("tank move TANK SERVER", () => {
  const done = {
    tank_id: "t-1",
    move_id: "m-1",
    state: "done",
    server_id: "far",
    name: "reef",
    epoch: 2,
    duration_ms: 85,
  };
  const move = (answer: ReturnType<typeof inTurn>) =>
    runIn({ ...running, answer }, "tank", "move", "reef", "far");

  test("says where the tank is now, and under which name", async () => {
    const ran = await move(inTurn({ "POST /api/tanks/t-1/move": [done] }));
    expect([ran.code, ran.out]).toEqual([0, "Moved reef to far, in 85 ms.\n"]);
    expect(JSON.parse(ran.requests.at(-1)?.body ?? "")).toEqual({ server_id: "far" });
    const other = { ...done, name: "reef-2" };
    const renamed = await move(inTurn({ "POST /api/tanks/t-1/move": [other] }));
    expect(renamed.out).toBe("Moved reef to far, as reef-2, in 85 ms.\n");
  });

  test("waits for a move that takes longer", async () => {
    const begun = { tank_id: "t-1", move_id: "m-1", state: "moving", server_id: "far" };
    const path = "GET /gateway/api/tanks/t-1/move";
    const arrived = { ...MOVE, direction: "in", state: "activated" };
    const ran = await move(
      inTurn({ "POST /api/tanks/t-1/move": [begun], [path]: [MOVE, MOVE, arrived] }),
    );
    expect([ran.code, ran.out]).toEqual([0, "Moved reef to far.\n"]);
    const aborted = { ...MOVE, state: "aborted", reason: "far is silent" };
    const stayed = await move(
      inTurn({ "POST /api/tanks/t-1/move": [begun], [path]: [MOVE, aborted] }),
    );
    expect([stayed.code, stayed.out]).toEqual([1, ""]);
    expect(stayed.err).toContain("reef did not move, and goes on where it was: far is silent");
  });
});

describe("drain", () => {
  const status = {
    state: "draining",
    to_server_id: null,
    started_at: "2026-01-01T00:00:00Z",
    tanks_left: 2,
    moving: "reef",
    moved: [],
    waiting: null,
  };
  const gone = [{ tank_id: "t-1", name: "reef", server_id: "far" }];
  const both = [...gone, { tank_id: "t-2", name: "pond", server_id: "pi" }];

  test("tells each tank that has gone, what it waits for, and that the node is empty", async () => {
    const answer = inTurn({
      "POST /api/drain": [status],
      "GET /api/drain": [
        status,
        { ...status, tanks_left: 1, moved: gone, waiting: "pi is offline" },
        { ...status, tanks_left: 1, moved: gone, waiting: "pi is offline" },
        { ...status, state: "drained", tanks_left: 0, moved: both },
      ],
    });
    const ran = await runIn({ ...running, answer }, "drain");
    expect([ran.code, ran.out]).toEqual([
      0,
      "Moved reef to far.\nMoved pond to pi.\n" +
        "This node hosts no tanks; stop it or upgrade it: tankd stop\n",
    ]);
    expect(ran.err).toBe("tankd: pi is offline\n");
  });

  test("passes on the only destination, and does not wait where that is asked", async () => {
    const answer = inTurn({ "POST /api/drain": [status] });
    const ran = await runIn({ ...running, answer }, "drain", "--to", "far", "--no-wait");
    expect(JSON.parse(ran.requests.at(-1)?.body ?? "")).toEqual({ server_id: "far" });
    expect(ran.out).toContain("2 tanks to move; the node goes on by itself");
  });

  test("is cancelled", async () => {
    const answer = inTurn({
      "GET /api/drain": [status],
      "DELETE /api/drain": [{ cancelled: true }],
    });
    const ran = await runIn({ ...running, answer }, "drain", "--cancel");
    expect(ran.out).toBe("Ended the drain; this node hosts 2 tanks.\n");
    const off = inTurn({
      "GET /api/drain": [{ ...status, state: "off", started_at: null }],
      "DELETE /api/drain": [{ cancelled: false }],
    });
    const none = await runIn({ ...running, answer: off }, "drain", "--cancel");
    expect(none.out).toBe("This node is not being drained.\n");
    const wrong = await runIn({ ...running, answer }, "drain", "--cancel", "--to", "far");
    expect([wrong.code, wrong.requests]).toEqual([2, []]);
  });
});
