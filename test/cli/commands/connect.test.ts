import { describe, expect, test } from "bun:test";
import type { HttpRequest } from "../../../src/platform/network.ts";
import { json, nodeAnswers, nodeFiles, runIn } from "../fake-host.ts";

const running = { files: nodeFiles("/home/ann/.local/state/tankd"), alive: [42] };

const server = { node_id: "n", status: "online", api_url: "http://far:1" };
const place = (tank_id: string, name: string, server_id: string) => ({
  tank: { tank_id, name, server_id },
  server: { ...server, is_local: server_id === "here" },
});
const REEF = place("t1", "reef", "here");
const POND = place("t2", "pond", "here");
const LAGOON = place("t3", "lagoon", "far");

function connection(id: string, to: typeof REEF, change: object = {}) {
  return {
    connection_id: id,
    source_tank_id: "t1",
    source_server_id: "here",
    destination_tank_id: to.tank.tank_id,
    destination_server_id: to.tank.server_id,
    probability: 25,
    direction: "both",
    origin: "manual",
    ...change,
  };
}

function nodeWith(connections: readonly object[], routes: Readonly<Record<string, unknown>> = {}) {
  const tanks = [REEF, POND].map(({ tank }) => ({
    tank: { ...tank, description: "", created_at: "x", epoch: 1, tick: 0, seq: 0 },
  }));
  const places = [REEF, POND, LAGOON];
  const named = places.map((one) => [`GET /gateway/tanks/${one.tank.name}`, one]);
  const answer = nodeAnswers({
    "GET /api/tanks": { tanks: [], count: tanks.length },
    "GET /gateway/tanks": { tanks: places },
    ...Object.fromEntries(named),
    "GET /api/connections": { connections, count: connections.length },
    ...routes,
  });
  return (request: HttpRequest) => {
    if (request.method !== "DELETE") return answer(request);
    return json(200, { connection_id: request.path.split("/").at(-1), removed: true });
  };
}

const AUTO = connection("c1", LAGOON, { origin: "auto" });
const OWN = connection("c2", POND, { direction: "left" });

describe("connect", () => {
  const connect = (made: object, ...words: readonly string[]) =>
    runIn({ ...running, answer: nodeWith([], { "POST /api/connections": made }) }, ...words);

  test("says what it has made", async () => {
    const made = { ...connection("c3", LAGOON), previous: null };
    const ran = await connect(made, "connect", "reef", "lagoon");
    expect(ran.out).toBe(
      "Fish of reef now migrate to lagoon on far: 25 % at each draw, direction both.\n",
    );
  });

  test("says that it is paused", async () => {
    const made = { ...connection("c3", LAGOON, { probability: 0 }), previous: null };
    const ran = await connect(made, "connect", "reef", "lagoon", "--probability", "0");
    expect(ran.out).toBe(
      "The connection from reef to lagoon on far is paused (0 %), direction both: " +
        "no fish leave by it.\n",
    );
  });

  test("says what it has changed", async () => {
    const made = { ...connection("c1", LAGOON), previous: AUTO };
    const ran = await connect(made, "connect", "reef", "lagoon");
    expect(ran.out).toEndWith(
      "\nIt changed the connection that was there: " +
        "automatic, 25 % at each draw, direction both.\n",
    );
  });

  test("says what it takes the place of", async () => {
    const ran = await connect({ ...OWN, previous: AUTO }, "connect", "reef", "pond");
    expect(ran.out).toEndWith(
      "\nIt takes the place of the connection to lagoon on far: " +
        "automatic, 25 % at each draw, direction both.\n",
    );
  });

  test("says the terms that were asked for, to several destinations", async () => {
    const ends = [LAGOON, POND].map(({ tank: { tank_id, server_id } }) => ({
      tank_id,
      server_id,
      health: "ok",
      health_reason: null,
      rtt_ms: null,
      sent: 0,
      delivered: 0,
      returned: 0,
      last_delivered_at: null,
    }));
    const terms = { selection: "best:speed", count: 2, rate: 60, strategy: "round-robin" };
    const made = { ...connection("c3", LAGOON), ...terms, destinations: ends, previous: null };
    const words = ["--select", "best:speed", "--count", "2", "--rate", "1/s"];
    const strategy = ["--strategy", "round-robin"];
    const ran = await connect(made, "connect", "reef", "lagoon", "pond", ...words, ...strategy);
    expect(ran.out).toBe(
      "Fish of reef now migrate to lagoon on far and pond on here: 25 % at each draw, " +
        "2 fish each, best:speed, direction both, at most 60 a minute, round-robin.\n",
    );
    const asked = ran.requests.find(({ method }) => method === "POST")?.body ?? "";
    expect(JSON.parse(asked)).toEqual({
      source_tank_id: "t1",
      destinations: ends.map(({ tank_id, server_id }) => ({ tank_id, server_id })),
      ...terms,
    });
  });

  test("copies, asks for fair replacement, and goes back to moving", async () => {
    const terms = { mode: "copy", replacement: "fair" };
    const made = { ...connection("c3", LAGOON), ...terms, previous: null };
    const ran = await connect(made, "connect", "reef", "lagoon", "--copy", "--replace", "fair");
    expect(ran.out).toBe(
      "Copies of the fish of reef now migrate to lagoon on far: 25 % at each draw, direction " +
        "both, copied, not moved, fair replacement in a full tank.\n",
    );
    const asked = ran.requests.find(({ method }) => method === "POST")?.body ?? "";
    expect(JSON.parse(asked)).toMatchObject(terms);
    const changed = connection("c2", POND);
    const answer = nodeWith([OWN], { "PATCH /api/connections/c2": changed });
    const back = await runIn({ ...running, answer }, "connect", "--change", "c2", "--move");
    const patched = back.requests.find(({ method }) => method === "PATCH")?.body ?? "";
    expect(JSON.parse(patched)).toEqual({ mode: "move" });
    const both = await runIn(running, "connect", "reef", "lagoon", "--copy", "--move");
    expect([both.code, both.err]).toEqual([2, expect.stringContaining("--copy or --move")]);
  });

  test("changes what was asked for and nothing else", async () => {
    const made = connection("c2", POND, { status: "paused" });
    const answer = nodeWith([OWN], { "PATCH /api/connections/c2": made });
    const ran = await runIn({ ...running, answer }, "connect", "--change", "c2", "--pause");
    expect(ran.out).toBe(
      "The connection from reef to pond is changed: paused (25 %), direction both.\n",
    );
    const asked = ran.requests.find(({ method }) => method === "PATCH")?.body ?? "";
    expect(JSON.parse(asked)).toEqual({ status: "paused" });
  });

  test("makes a topology, and says what is left to other nodes", async () => {
    const made = {
      name: "ring",
      connections: [connection("c3", LAGOON, { topology: "ring" })],
      elsewhere: [{ tank_id: "t3", server_id: "far" }],
    };
    const answer = nodeWith([], { "POST /api/topologies": made });
    const words = ["connect", "--topology", "ring", "reef", "lagoon", "--probability", "25"];
    const ran = await runIn({ ...running, answer }, ...words);
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(ran.out).toContain("The topology ring has 1 connection.\n");
    expect(ran.out).toContain("Those from 1 tank of far were not made");
    const asked = ran.requests.find(({ method }) => method === "POST")?.body ?? "";
    expect(JSON.parse(asked)).toEqual({
      topology: "ring",
      tanks: [
        { tank_id: "t1", server_id: "here" },
        { tank_id: "t3", server_id: "far" },
      ],
      probability: 25,
    });
  });

  test.each([
    ["connect which tanks?", ["connect"]],
    ["connect reef with which tank?", ["connect", "reef"]],
    ["give two tanks, or --rm ID", ["connect", "reef", "pond", "--rm", "c1"]],
    ["give two tanks, or --rm ID", ["connect", "--rm", "c1", "--direction", "left"]],
    ["give two tanks, or --change ID", ["connect", "reef", "--change", "c1", "--pause"]],
    ["change what of c1?", ["connect", "--change", "c1"]],
    ["a ring of which tanks?", ["connect", "--topology", "ring", "reef"]],
    ["--as goes with --topology", ["connect", "reef", "pond", "--as", "mine"]],
    ["give --pause or --resume", ["connect", "reef", "pond", "--pause", "--resume"]],
    ["--rate cannot be", ["connect", "reef", "pond", "--rate", "10/day"]],
    ["--rate cannot be", ["connect", "reef", "pond", "--rate", "0"]],
    ["--count cannot be", ["connect", "reef", "pond", "--count", "0"]],
  ])("wrong usage: %s", async (said, words) => {
    const ran = await runIn({ ...running, answer: nodeWith([]) }, ...words);
    expect([ran.code, ran.requests]).toEqual([2, []]);
    expect(ran.err).toContain(said);
  });
});

describe("disconnect", () => {
  const disconnect = (connections: readonly object[], ...words: readonly string[]) =>
    runIn({ ...running, answer: nodeWith(connections) }, "disconnect", ...words);
  const cut = ({ requests }: Awaited<ReturnType<typeof runIn>>) =>
    requests.filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/").at(-1));

  test.each([
    ["two tanks", ["reef", "pond"]],
    ["an id", ["c2"]],
    ["a tank and the id of another", ["reef", "t2"]],
  ])("by %s", async (_, words) => {
    const ran = await disconnect([AUTO, OWN], ...words);
    expect([ran.code, ran.err, cut(ran)]).toEqual([0, "", ["c2"]]);
    expect(ran.out).toBe(
      "Fish of reef no longer migrate to pond on here; those in transit still arrive.\n",
    );
    expect(ran.requests.find(({ method }) => method === "DELETE")?.headers["authorization"]).toBe(
      "Bearer secret-token-0123456789",
    );
  });

  test("by its only tank, also as connect --rm, and as JSON", async () => {
    expect(cut(await disconnect([OWN], "reef"))).toEqual(["c2"]);
    const answer = nodeWith([OWN]);
    expect(cut(await runIn({ ...running, answer }, "connect", "--rm", "c2"))).toEqual(["c2"]);
    const asJson = await disconnect([OWN], "c2", "--json");
    expect(JSON.parse(asJson.out)).toEqual({ connection_id: "c2", removed: true });
  });

  test("the automatic one, which does not come back", async () => {
    const ran = await disconnect([AUTO], "reef", "lagoon");
    expect(ran.out).toContain("again: tankd connect reef far::lagoon\n");
  });

  test("all of the node, and as JSON", async () => {
    const ran = await disconnect([AUTO, OWN], "--all");
    expect(cut(ran)).toEqual(["c1", "c2"]);
    expect(ran.out).toEndWith("\nRemoved 2 connections.\n");
    const asJson = await disconnect([AUTO, OWN], "--all", "--json");
    expect(JSON.parse(asJson.out)).toMatchObject({ results: [{ removed: true }, {}], count: 2 });
  });

  test.each([
    ["nothing", [AUTO], [], 2, "disconnect what?"],
    ["two tanks and --all", [AUTO], ["reef", "pond", "--all"], 2, "not both"],
    ["a tank with two", [AUTO, OWN], ["reef"], 2, "reef is connected to lagoon and pond"],
    ["neither an id nor a tank", [AUTO], ["c9"], 1, "c9 is neither a connection nor a tank"],
    ["two that are not connected", [OWN], ["reef", "lagoon"], 1, "from reef to lagoon"],
    ["a tank that nobody has", [OWN], ["reef", "none"], 1, "no node has a tank none"],
  ] as const)("by %s is refused", async (_, connections, words, code, said) => {
    const ran = await disconnect(connections, ...words);
    expect([ran.code, ran.out, cut(ran)]).toEqual([code, "", []]);
    expect(ran.err).toContain(said);
  });
});

describe("connections", () => {
  const list = (connections: readonly object[], auto_connection?: string) => {
    const answer = nodeWith(connections, { "GET /api/servers/local": { auto_connection } });
    return runIn({ ...running, answer }, "connections");
  };

  test("names those that are paused", async () => {
    const { out } = await list([AUTO, connection("c4", POND, { probability: 0 })]);
    expect(out).toContain("reef  pond    here    paused   both");
  });

  test.each([
    ["on", "an automatic one appears while another node is online"],
    [undefined, "an automatic one appears while another node is online"],
    ["off", "none comes by itself: auto_connect is off"],
    ["removed", "was removed by hand and does not come back"],
  ])("without any, where automatic ones are %p", async (auto, said) => {
    const { out } = await list([], auto);
    expect(out).toContain(said);
    expect(out).toEndWith(". To create one: tankd connect SRC DST\n");
  });
});
