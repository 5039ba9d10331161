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

  test.each([
    ["connect which tanks?", ["connect"]],
    ["connect reef with which tank?", ["connect", "reef"]],
    ["give two tanks, or --rm ID", ["connect", "reef", "pond", "--rm", "c1"]],
    ["give two tanks, or --rm ID", ["connect", "--rm", "c1", "--direction", "left"]],
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
