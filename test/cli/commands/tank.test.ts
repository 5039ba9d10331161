import { describe, expect, test } from "bun:test";
import type { TankView } from "../../../src/api/tank-view.ts";
import { viewTank } from "../../../src/api/tank-view.ts";
import type { HttpRequest, HttpResponse } from "../../../src/platform/network.ts";
import { fakeTank } from "../../api/fake-records.ts";
import { json, nodeAnswers, nodeFiles, runIn, type World } from "../fake-host.ts";

const running = { files: nodeFiles("/home/ann/.local/state/tankd"), alive: [42] };

function tank(id: string, name: string, more: Partial<TankView["tank"]> = {}): TankView {
  const view = viewTank(fakeTank(id, name), "here");
  return { ...view, tank: { ...view.tank, ...more } };
}

const REEF = tank("t1", "reef");
const POND = tank("t2", "pond", { status: "paused" });
const BAY = tank("t3", "bay", { status: "stopped" });
const TWINS = [tank("t4", "twin"), tank("t5", "twin")];
const TANKS = [REEF, POND, BAY, ...TWINS];

/** A node with these tanks that does what it is told, unless `refuse` has another answer. */
function world(
  refuse: (request: HttpRequest) => HttpResponse | undefined = () => undefined,
): World {
  const node = nodeAnswers({ "GET /api/tanks": { tanks: TANKS, count: TANKS.length } });
  return {
    ...running,
    answer: (request) => {
      const refused = refuse(request);
      if (refused !== undefined) return refused;
      if (request.path.startsWith("/.well-known/") || request.path === "/api/tanks") {
        return node(request);
      }
      const [, , , id = ""] = request.path.split("/");
      if (!TANKS.some((one) => one.tank.tank_id === id))
        return problem(404, "unknown_tank", "none");
      if (request.method === "DELETE") return json(200, { tank_id: id, removed: true });
      if (request.method === "GET")
        return json(
          200,
          TANKS.find((one) => one.tank.tank_id === id),
        );
      const { ticks = 0 } = JSON.parse(request.body ?? "{}");
      const done = { tank_id: id, command: "any", epoch: 1, tick: 1201, seq: 8 };
      return json(200, ticks > 0 ? { ...done, to_tick: 1201 + ticks } : done);
    },
  };
}

function problem(status: number, code: string, detail: string): HttpResponse {
  return json(status, { type: `urn:tankd:problem:${code}`, detail });
}

/** Method, path and body of what changes something. */
function changes(requests: readonly HttpRequest[]) {
  return requests
    .filter(({ method }) => method !== "GET")
    .map(({ method, path, body }) => [method, path, body === undefined ? {} : JSON.parse(body)]);
}

const run = (...words: readonly string[]) => runIn(world(), "tank", ...words);

test("a tank may be meant by an alias, and one of another node is not", async () => {
  const place = (tank_id: string, is_local: boolean) =>
    json(200, {
      tank: { tank_id, name: "any", server_id: "any" },
      server: { node_id: "n", status: "online", api_url: "http://h:1", is_local },
    });
  const asked = world((request) => {
    if (request.path === "/gateway/tanks/home") return place("t1", true);
    if (request.path === "/gateway/tanks/away") return place("far1", false);
    return undefined;
  });
  const here = await runIn(asked, "tank", "pause", "home");
  expect(here.out).toBe("Paused reef at tick 1,201.\n");
  expect(changes(here.requests)).toEqual([["POST", "/api/tanks/t1/pause", {}]]);
  expect((await runIn(asked, "tank", "show", "home")).out).toContain("reef");
  const there = await runIn(asked, "tank", "pause", "away");
  expect([there.code, changes(there.requests)]).toEqual([1, []]);
});

test("a tank of another server is meant by SERVER::TANK, and controlled from here", async () => {
  const far = { ...viewTank(fakeTank("far1", "lagoon"), "far") };
  const asked = world((request) => {
    if (request.path === `/gateway/tanks/${encodeURIComponent("far::lagoon")}`) {
      const server = { node_id: "n", status: "online", api_url: "http://h:1", is_local: false };
      return json(200, { tank: { tank_id: "far1", name: "lagoon", server_id: "far" }, server });
    }
    if (request.path === "/gateway/api/tanks/far1") return json(200, far);
    if (request.path !== "/api/tanks/far1/pause") return undefined;
    return json(200, { tank_id: "far1", command: "pause", tick: 7 });
  });
  const there = await runIn(asked, "tank", "pause", "far::lagoon");
  expect([there.code, there.out]).toEqual([0, "Paused lagoon at tick 7.\n"]);
  expect(changes(there.requests)).toEqual([["POST", "/api/tanks/far1/pause", {}]]);
});

describe("orders to one tank", () => {
  test.each([
    ["pause reef", "pause", {}, "Paused reef at tick 1,201."],
    ["pause t1", "pause", {}, "Paused reef at tick 1,201."],
    ["resume reef", "resume", {}, "reef continues from tick 1,201."],
    ["feed reef", "feed", { portions: 10 }, "Dropped 10 portions into reef."],
    ["feed reef --portions 1", "feed", { portions: 1 }, "Dropped 1 portion into reef."],
    ["spawn reef", "spawn", { fish: 1 }, "Added 1 new fish to reef."],
    ["spawn --fish 7 reef", "spawn", { fish: 7 }, "Added 7 new fish to reef."],
    ["speed reef 60", "speed", { tick_rate: 60 }, "reef runs at 60 ticks per second."],
    ["speed reef 0.5", "speed", { tick_rate: 0.5 }, "reef runs at 0.5 ticks per second."],
    [
      "forward reef 5000",
      "fast-forward",
      { ticks: 5000 },
      "reef runs to tick 6,201 as fast as possible.",
    ],
    ["speed reef max", "speed", { tick_rate: 0 }, "reef runs as fast as possible."],
  ])("%s", async (line, route, body, said) => {
    const ran = await run(...line.split(" "));
    expect(changes(ran.requests)).toEqual([["POST", `/api/tanks/t1/${route}`, body]]);
    expect([ran.code, ran.out, ran.err]).toEqual([0, `${said}\n`, ""]);
    const token = ran.requests.find(({ method }) => method === "POST")?.headers["authorization"];
    expect(token).toBe("Bearer secret-token-0123456789");
  });

  test("--json prints the node's answer", async () => {
    const ran = await run("feed", "reef", "--json");
    const done = { tank_id: "t1", command: "any", epoch: 1, tick: 1201, seq: 8 };
    expect(JSON.parse(ran.out)).toEqual(done);
  });

  test("the speed of a paused tank is for later", async () => {
    const { out } = await run("speed", "pond", "5");
    expect(out).toBe("pond will run at 5 ticks per second when it is resumed.\n");
  });

  test("a refusal is passed on", async () => {
    const full = world(({ method }) =>
      method === "POST" ? problem(422, "invalid", "The tank refused: full") : undefined,
    );
    const ran = await runIn(full, "tank", "spawn", "reef");
    expect([ran.code, ran.out, ran.err]).toEqual([1, "", "tankd: The tank refused: full\n"]);
  });
});

describe("orders to several tanks", () => {
  test("each is said; one named twice is told once", async () => {
    const ran = await run("pause", "reef", "pond", "t1");
    expect(changes(ran.requests).map(([, path]) => path)).toEqual([
      "/api/tanks/t1/pause",
      "/api/tanks/t2/pause",
    ]);
    expect(ran.out).toBe("Paused reef at tick 1,201.\nPaused pond at tick 1,201.\n");
  });

  test("--json lists the answers", async () => {
    const { out } = await run("pause", "reef", "pond", "--json");
    expect(JSON.parse(out)).toMatchObject({
      results: [{ tank_id: "t1" }, { tank_id: "t2" }],
      count: 2,
    });
  });

  test.each([
    ["pause", ["t1", "t4", "t5"]],
    ["resume", ["t2"]],
    ["feed", ["t1", "t2", "t4", "t5"]],
  ])("%s --all leaves out those that it does not concern", async (verb, ids) => {
    const ran = await run(verb, "--all");
    const told = changes(ran.requests).map(([, path]) => String(path).split("/")[3]);
    expect(told).toEqual(ids);
    expect([ran.code, ran.out.split("\n").length]).toEqual([0, 2]);
  });

  test("speed --all takes the rate alone, and leaves out those that have it", async () => {
    const ran = await run("speed", "--all", "60");
    expect(changes(ran.requests)).toHaveLength(4);
    const same = await run("speed", "--all", "30");
    expect(changes(same.requests)).toEqual([]);
    expect(same.out).toBe("Set the speed of 0 tanks; 5 others unchanged or stopped.\n");
  });

  test("a misspelt name leaves all of them as they are", async () => {
    const ran = await run("pause", "reef", "pnod");
    expect([ran.code, ran.err]).toEqual([1, "tankd: none; to list all: tankd tank ls --all\n"]);
    expect(changes(ran.requests)).toEqual([]);
  });

  test("one that refuses keeps the others from nothing", async () => {
    const broken = world(({ path }) =>
      path.startsWith("/api/tanks/t1/") ? problem(503, "not_ready", "it is stopped") : undefined,
    );
    const ran = await runIn(broken, "tank", "feed", "reef", "pond");
    expect([ran.code, ran.out]).toEqual([1, "Dropped 10 portions into pond.\n"]);
    expect(ran.err).toBe("tankd: reef: it is stopped\ntankd: 1 of 2 tanks failed\n");
  });
});

describe("wrong usage", () => {
  test.each([
    [["pause"], /which tank\?/],
    [["pause", "reef", "--all"], /not both/],
    [["pause", "twin"], /several tanks are called twin; give the id of one: t4, t5/],
    [["feed", "reef", "--portions", "0"], /--portions cannot be "0"/],
    [["spawn", "reef", "--fish", "x"], /--fish cannot be "x"/],
    [["speed", "reef"], /"reef" is not a rate/],
    [["speed", "60"], /which tank\?/],
    [["speed", "reef", "1001"], /the rate cannot be "1001": give a number from 0\.1 to 1000/],
    [["forward", "reef"], /"reef" is not a number of ticks/],
    [["forward", "reef", "0"], /the number of ticks cannot be "0": .* from 1 to 10000000/],
    [["rm"], /missing required argument 'tank'/],
    [["rm", "reef"], /there is no terminal to ask on; confirm with --yes/],
  ])("%j", async (words, said) => {
    const ran = await run(...words);
    expect(ran.err).toMatch(said);
    expect([ran.code, ran.out, changes(ran.requests)]).toEqual([2, "", []]);
  });
});

describe("rm", () => {
  const asked = (typed: string, ...words: readonly string[]) =>
    runIn({ ...world(), typed }, "tank", "rm", ...words);

  test("asks, and says how many fish go", async () => {
    const ran = await asked("y\n", "reef", "pond");
    expect(ran.questions).toEqual([
      "Remove reef (t1), pond (t2)? 4 fish are removed with these 2 tanks, for good. [y/N] ",
    ]);
    expect(changes(ran.requests)).toEqual([
      ["DELETE", "/api/tanks/t1", {}],
      ["DELETE", "/api/tanks/t2", {}],
    ]);
    expect([ran.code, ran.out]).toEqual([0, "Removed reef (t1).\nRemoved pond (t2).\n"]);
  });

  test.each(["\n", "n\n", "", "yeah\n"])("%j is no", async (typed) => {
    const ran = await asked(typed, "reef");
    expect([ran.code, ran.err]).toEqual([1, "tankd: nothing was removed\n"]);
    expect(changes(ran.requests)).toEqual([]);
  });

  test("--yes asks nobody; --json prints the node's answer", async () => {
    const ran = await runIn({ ...world(), typed: "n\n" }, "tank", "rm", "reef", "-y", "--json");
    expect(ran.questions).toEqual([]);
    expect(JSON.parse(ran.out)).toEqual({ tank_id: "t1", removed: true });
  });

  const open = {
    direction: "out",
    source_tank_id: "t1",
    destination_server_id: "lagoon",
    destination_node_id: "n2",
  };
  const held = (times: number) => {
    let refusals = 0;
    return world(({ method, path }) => {
      if (path.startsWith("/api/transfers")) {
        const rows = path.includes("pending") ? [open, { ...open, source_tank_id: "t9" }] : [open];
        return json(200, { transfers: rows, count: rows.length });
      }
      if (method !== "DELETE" || refusals++ >= times) return undefined;
      return problem(409, "escrow_open", "Fish are on their way");
    });
  };

  test("waits for fish that are on their way", async () => {
    const ran = await runIn(held(3), "tank", "rm", "reef", "--yes");
    expect([ran.code, ran.out]).toEqual([0, "Removed reef (t1).\n"]);
    expect(ran.err).toBe("tankd: fish of reef are in transit; waiting up to 30 s for them\n");
  });

  test("gives up saying how many there are and where they go", async () => {
    const ran = await runIn(held(1000), "tank", "rm", "reef", "--yes");
    expect([ran.code, ran.out]).toEqual([1, ""]);
    expect(ran.err).toContain(
      "reef was not removed: 2 of its fish are still in transit to lagoon;",
    );
  });

  test("--no-wait does not wait", async () => {
    const ran = await runIn(held(1), "tank", "rm", "reef", "--yes", "--no-wait");
    expect([ran.code, ran.err.includes("waiting")]).toEqual([1, false]);
    expect(changes(ran.requests)).toHaveLength(1);
  });
});

describe("forward --wait", () => {
  const forwarded = (views: readonly Partial<TankView>[]) => {
    let asked = 0;
    return world(({ method, path }) => {
      if (method !== "GET" || path !== "/api/tanks/t1") return undefined;
      const view = views[Math.min(asked++, views.length - 1)];
      return json(200, { ...REEF, ...view });
    });
  };
  const at = (tick: number) => ({ tank: { ...REEF.tank, tick } });

  test("ends when the tick is reached", async () => {
    const going = { fast_forward_to: 6201 };
    const node = forwarded([{ ...at(2000), ...going }, { ...at(4000), ...going }, at(6201)]);
    const ran = await runIn(node, "tank", "forward", "reef", "5000", "--wait");
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(ran.requests.filter(({ path }) => path === "/api/tanks/t1")).toHaveLength(3);
  });

  test("fails when the tank ends before", async () => {
    const stopped = { ...at(2000), fast_forward_to: null, stopped_reason: "the disk is gone" };
    const ran = await runIn(forwarded([stopped]), "tank", "forward", "reef", "5000", "--wait");
    expect([ran.code, ran.err]).toEqual([1, "tankd: reef ended at tick 2,000: the disk is gone\n"]);
  });
});

test("show and ls print rate, lag and the reason of a stop", async () => {
  const stopped: TankView = {
    ...BAY,
    stopped_reason: "its log has lost entries",
    tick_lag: 3,
    skipped_ticks: 40,
    fast_forward_to: 9000,
    past_from_tick: 0,
  };
  const tanks = { tanks: [REEF, stopped], count: 2 };
  const answer = nodeAnswers({ "GET /api/tanks": tanks, "GET /api/tanks/t3": stopped });
  const shown = await runIn({ ...running, answer }, "tank", "show", "bay");
  expect(shown.out).toContain("stopped: its log has lost entries\n");
  expect(shown.out).toContain("(fast-forward to tick 9000, then 30 requested)\n");
  expect(shown.out).toContain("3 ticks; 40 ticks skipped since it was loaded\n");
  expect(shown.out).toMatch(/^past +back to tick 0: [\d,]+ ticks, \d+ s at 30 a second$/m);
  const listed = await runIn({ ...running, answer }, "tank", "ls");
  expect(listed.out).toMatch(
    /TICKS\/S +ASKED +LAG\n.* 30 +30 +0\n.* to 9000 +3\nStopped: its log has lost entries\n$/s,
  );
});
