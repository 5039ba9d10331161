import { describe, expect, test } from "bun:test";
import type { HttpRequest, HttpResponse } from "../../../src/platform/network.ts";
import { json, nodeAnswers, nodeFiles, runIn } from "../fake-host.ts";

const running = { files: nodeFiles("/home/ann/.local/state/tankd"), alive: [42] };

const SENT = {
  success: true,
  transfer_id: "ab".repeat(16),
  state: "delivered",
  old_id: "f-1",
  new_id: "f-1",
  source_server: "here",
  dest_server: "far",
  timestamp: "2026-01-01T00:00:00Z",
};

function entry(tank_id: string, name: string, server_id: string, is_local: boolean) {
  const server = { status: "online", api_url: "http://far:1", is_local, node_id: server_id };
  return { tank: { tank_id, name, server_id }, server };
}
const REEF = entry("t-reef", "reef", "here", true);
const LAKE = entry("t-lake", "lake", "far", false);

/** A node that knows two tanks, of which those have the fish. */
function answering(homes: readonly string[], more: Readonly<Record<string, unknown>> = {}) {
  const base = nodeAnswers({
    "GET /gateway/tanks": { tanks: [REEF, LAKE], count: 2 },
    "GET /gateway/tanks/lake": LAKE,
    "GET /gateway/tanks/reef": REEF,
    "POST /gateway/transfer": SENT,
    ...more,
  });
  return (request: HttpRequest): HttpResponse | undefined => {
    const tank = /^\/gateway\/api\/tanks\/([^/]+)\/fish\//.exec(request.path)?.[1];
    if (tank === undefined) return base(request);
    if (homes.includes(tank)) return json(200, {});
    return json(404, { type: "urn:tankd:problem:unknown_fish", detail: "no such fish" });
  };
}

function posted(requests: readonly HttpRequest[]): unknown[] {
  return requests.flatMap(({ method, body = "" }) => (method === "POST" ? JSON.parse(body) : []));
}

describe("transfer FISH TANK", () => {
  test("finds the fish in whatever tank it is, and sends it", async () => {
    const ran = await runIn(
      { ...running, answer: answering(["t-reef"]) },
      ..."transfer f-1 lake".split(" "),
    );
    expect([ran.code, ran.out]).toEqual([0, "f-1 is in lake now, on far.\n"]);
    expect(posted(ran.requests)).toEqual([
      {
        source_tank_id: "t-reef",
        dest_tank_id: "t-lake",
        dest_server_id: "far",
        entity_id: "f-1",
        entity_type: "fish",
      },
    ]);
  });

  test("asks no tank where one is named", async () => {
    const words = ["transfer", "f-1", "lake", "--from", "reef"];
    const ran = await runIn({ ...running, answer: answering([]) }, ...words);
    expect([ran.code, posted(ran.requests).length]).toEqual([0, 1]);
    expect(ran.requests.some(({ path }) => path.includes("/fish/"))).toBe(false);
  });

  test("says that it is in escrow, and how to see more", async () => {
    const open = { ...SENT, success: false, state: "pending" };
    const answer = answering(["t-reef"], { "POST /gateway/transfer": open });
    const ran = await runIn({ ...running, answer }, "transfer", "f-1", "lake");
    expect(ran.out).toContain("f-1 is in escrow: far has not decided yet");
    expect(ran.out).toContain(`tankd transfers ${"ab".repeat(16)}`);
  });

  test("of a fish that no tank has fails, and sends nothing", async () => {
    const ran = await runIn({ ...running, answer: answering([]) }, "transfer", "f-1", "lake");
    expect([ran.code, ran.err]).toEqual([1, "tankd: no tank has a living fish f-1\n"]);
    expect(posted(ran.requests)).toEqual([]);
  });

  test("of a plant needs its tank", async () => {
    const words = ["transfer", "p-1", "lake", "--plant"];
    const ran = await runIn({ ...running, answer: answering([]) }, ...words);
    expect([ran.code, posted(ran.requests)]).toEqual([2, []]);
  });
});

const DETAIL = {
  transfer_id: "ab".repeat(16),
  direction: "out",
  state: "in_doubt",
  entity_type: "fish",
  entity_id: "f-1",
  source_tank_id: "t-reef",
  source_node_id: "n-1",
  source_server_id: "here",
  destination_tank_id: "t-lake",
  destination_node_id: "n-2",
  destination_server_id: "far",
  attempts: 3,
  reason: "no_answer",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  events: [
    { at: "2026-01-01T00:00:00.000Z", event: "initiated", detail: "" },
    { at: "2026-01-01T00:00:10.000Z", event: "in_doubt", detail: "no answer" },
  ],
};

test("transfers ID shows the events of one", async () => {
  const answer = nodeAnswers({ "GET /api/transfers/x": DETAIL });
  const ran = await runIn({ ...running, answer }, "transfers", "x");
  expect(ran.out).toContain("in_doubt (no_answer)");
  expect(ran.out).toContain("2026-01-01T00:00:10.000Z  in_doubt   no answer");
  const both = await runIn({ ...running, answer }, "transfers", "x", "--state", "pending");
  expect([both.code, both.requests]).toEqual([2, []]);
});

describe("transfer resolve", () => {
  const answer = nodeAnswers({
    "GET /api/transfers/x": DETAIL,
    "POST /api/transfers/x/resolve": { ...DETAIL, state: "returned" },
  });
  const resolve = (world: object, ...words: string[]) =>
    runIn({ ...running, answer, ...world }, "transfer", "resolve", "x", ...words);

  test("warns of what may be wrong, and asks", async () => {
    const ran = await resolve({ isTerminal: true, typed: "y" }, "--restore");
    expect(ran.questions[0]).toContain("Nobody asks far whether it has f-1");
    expect(ran.questions[0]).toContain("it will live twice");
    expect([ran.out, posted(ran.requests)]).toEqual([
      "f-1 is back in its tank.\n",
      [{ decision: "restore" }],
    ]);
    const lost = await resolve({ isTerminal: true, typed: "n" }, "--delivered");
    expect(lost.questions[0]).toContain("it is lost for good");
    expect([lost.code, posted(lost.requests)]).toEqual([1, []]);
  });

  test("without a terminal needs --yes", async () => {
    const ran = await resolve({}, "--restore");
    expect([ran.code, posted(ran.requests)]).toEqual([2, []]);
    expect(ran.err).toContain("confirm with --yes");
    expect((await resolve({}, "--restore", "--yes")).code).toBe(0);
  });

  test("takes one decision", async () => {
    expect((await resolve({}, "--yes")).code).toBe(2);
    expect((await resolve({}, "--yes", "--restore", "--delivered")).code).toBe(2);
  });
});
