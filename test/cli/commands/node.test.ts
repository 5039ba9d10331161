import { describe, expect, test } from "bun:test";
import { viewTank } from "../../../src/api/tank-view.ts";
import { identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { signChallenge } from "../../../src/cluster/identity/proof.ts";
import type { HttpRequest, HttpResponse } from "../../../src/platform/network.ts";
import { fakeTank } from "../../api/fake-records.ts";
import { identity, json, nodeAnswers, nodeFiles, runIn } from "../fake-host.ts";

const USER_DIRECTORY = "/home/ann/.local/state/tankd";
const running = { files: nodeFiles(USER_DIRECTORY), alive: [42] };

/** `GET /gateway/tanks/{tank_id}` */
function entry(tank_id: string, name: string, server_id: string, is_local = false) {
  const server = { status: "online", api_url: "http://far:1", is_local };
  return {
    tank: { tank_id, name, server_id },
    server: { ...server, node_id: `node-of-${server_id}` },
  };
}

/** `GET /gateway/tanks` with these tanks: id, name, server. */
function directory(...tanks: readonly (readonly [string, string, string])[]) {
  return { tanks: tanks.map(([id, name, server]) => entry(id, name, server)) };
}

describe("which node a command speaks to", () => {
  const answer = nodeAnswers({ "GET /api/tanks": { tanks: [], count: 0 } });

  test.each([
    ["the user's", {}, USER_DIRECTORY, []],
    ["XDG_STATE_HOME", { XDG_STATE_HOME: "/xdg" }, "/xdg/tankd", []],
    ["the system's", {}, "/var/lib/tankd", []],
    ["--data-dir", {}, "/data", ["--data-dir", "/data"]],
    ["a relative --data-dir", {}, "/desk/data", ["--data-dir", "data"]],
    ["TANKD_DATA_DIR", { TANKD_DATA_DIR: "/data" }, "/data", []],
  ] as const)("%s", async (_, environment, directory, flags) => {
    const world = { environment, files: nodeFiles(directory), alive: [42], answer };
    const ran = await runIn(world, "tank", "ls", "--json", ...flags);
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(JSON.parse(ran.out)).toEqual({ tanks: [], count: 0 });
  });

  test("a given directory is the only one", async () => {
    const ran = await runIn({ ...running, answer }, "status", "--data-dir", "/other");
    expect(ran.code).toBe(3);
    expect(ran.err).toBe(
      "tankd: no node is running on /other; start one with: tankd start --data-dir /other\n",
    );
  });

  test.each([
    ["no directory", {}],
    ["a dead process", { files: running.files }],
    ["nothing listens", running],
    ["a broken node.json", { files: { [`${USER_DIRECTORY}/node.json`]: "{" }, alive: [42] }],
  ])("none is running: %s", async (_, world) => {
    for (const command of ["status", "peers", "stop", "connections", "transfers"]) {
      const ran = await runIn(world, command);
      expect([ran.code, ran.out]).toEqual([3, ""]);
      expect(ran.err).toMatch(/^tankd: no node is running.*tankd start\n$/);
    }
  });
});

describe("the token", () => {
  const made = { connection_id: "c1" };
  const routes = {
    "GET /api/tanks": { tanks: [], count: 0 },
    "GET /gateway/tanks/b": entry("b-id", "b", "far"),
    "POST /api/connections": made,
  };

  test("goes to the proven node, with changes only", async () => {
    const world = { ...running, answer: nodeAnswers(routes) };
    const ran = await runIn(world, "connect", "a", "b", "--json");
    expect(JSON.parse(ran.out)).toEqual(made);
    const withToken = ran.requests.filter((request) => request.headers["authorization"]);
    expect(withToken.map(({ method }) => method)).toEqual(["POST"]);
    expect(withToken[0]?.headers["authorization"]).toBe("Bearer secret-token-0123456789");
    expect(JSON.parse(withToken[0]?.body ?? "")).toEqual({
      source_tank_id: "a",
      destination_tank_id: "b-id",
      destination_server_id: "far",
    });
  });

  test.each([
    ["another node", () => identityFromSeed(new Uint8Array(32).fill(9))],
    ["a liar with the right id", () => ({ ...identity, sign: () => new Uint8Array(64) })],
  ])("never goes to an impostor: %s", async (_, who) => {
    const impostor = who();
    const answer = () =>
      json(200, {
        node_id: identity.nodeId,
        public_key: impostor.publicKey,
        signature: signChallenge(impostor, "x"),
      });
    const ran = await runIn({ ...running, answer }, "connect", "a", "b");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("cannot prove that it is node");
    expect(ran.requests).toHaveLength(1);
    expect(JSON.stringify(ran.requests)).not.toContain("secret-token");
  });

  test("an old proof does not serve for a new challenge", async () => {
    const old = signChallenge(identity, "yesterday");
    const { nodeId, publicKey } = identity;
    const answer = () => json(200, { node_id: nodeId, public_key: publicKey, signature: old });
    const ran = await runIn({ ...running, answer }, "stop");
    expect([ran.code, ran.terminated]).toEqual([1, []]);
  });

  test.each([
    [{ TANKD_TOKEN: "remote-token-0123456789" }, []],
    [{ TANKD_TOKEN_FILE: "/run/token" }, []],
    [{}, ["--token-file", "/run/token"]],
  ])("for --url: %j %j", async (environment, flags) => {
    const files = { "/run/token": "remote-token-0123456789\n" };
    const world = { environment, files, answer: nodeAnswers(routes) };
    const ran = await runIn(
      world,
      "connect",
      "a",
      "b",
      "--json",
      "--url",
      "http://far:8000",
      ...flags,
    );
    expect(ran.code).toBe(0);
    const post = ran.requests.find(({ method }) => method === "POST");
    expect(post?.origin).toBe("http://far:8000");
    expect(post?.headers["authorization"]).toBe("Bearer remote-token-0123456789");
  });

  test("a missing one is explained", async () => {
    const problem = { type: "urn:tankd:problem:token_required", detail: "The token is missing." };
    const answer = () => json(401, problem);
    const ran = await runIn(
      { answer },
      "tank",
      "create",
      "--tank-name",
      "x",
      "--url",
      "http://far:1",
    );
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^tankd: this needs the node's control token: .*--token-file\n$/);
  });
});

describe("tanks of other nodes", () => {
  const connection = {
    connection_id: "c1",
    source_tank_id: "id1",
    source_server_id: "reef",
    destination_tank_id: "id2",
    destination_server_id: "lagoon",
    probability: 25,
    direction: "right",
    origin: "manual",
  };
  const routes = {
    "GET /api/tanks": { tanks: [], count: 0 },
    "GET /gateway/tanks": directory(
      ["id1", "cave", "reef"],
      ["id2", "cave", "lagoon"],
      ["id3", "bay", "lagoon"],
    ),
    "GET /gateway/tanks/reef%3A%3Aid1": entry("id1", "cave", "reef"),
    "GET /gateway/tanks/bay": entry("id3", "bay", "lagoon"),
    "GET /gateway/tanks/node-of-lagoon%3A%3Acave": entry("id2", "cave", "lagoon"),
    "GET /gateway/tanks/home": entry("own1", "home", "here", true),
    "GET /api/connections": { connections: [connection], count: 1 },
    "POST /api/connections": connection,
  };
  const connect = async (source: string, destination: string) => {
    const world = { ...running, answer: nodeAnswers(routes) };
    const ran = await runIn(world, "connect", source, destination);
    const post = ran.requests.find(({ method }) => method === "POST");
    return { ...ran, asked: post?.body === undefined ? undefined : JSON.parse(post.body) };
  };

  test.each([
    ["bay", { destination_tank_id: "id3", destination_server_id: "lagoon" }],
    ["node-of-lagoon::cave", { destination_tank_id: "id2", destination_server_id: "lagoon" }],
    ["reef::id1", { destination_tank_id: "id1", destination_server_id: "reef" }],
    // A large server names only some of its tanks to the others.
    ["lagoon::unlisted", { destination_tank_id: "unlisted", destination_server_id: "lagoon" }],
  ])("connect to %s", async (destination, wanted) => {
    const { asked } = await connect("reef::id1", destination);
    expect(asked).toEqual({ source_tank_id: "id1", source_server_id: "reef", ...wanted });
  });

  test("an alias of the source is the tank that it stands for", async () => {
    expect((await connect("home", "bay")).asked).toMatchObject({ source_tank_id: "own1" });
  });

  test("a name that several have is refused in the words of the node", async () => {
    const answer = (request: HttpRequest) =>
      request.path === "/gateway/tanks/cave"
        ? json(409, { type: "urn:tankd:problem:conflict", detail: "Several tanks are called cave" })
        : nodeAnswers(routes)(request);
    const ran = await runIn({ ...running, answer }, "connect", "id1", "cave");
    expect([ran.code, ran.err]).toEqual([1, "tankd: Several tanks are called cave\n"]);
  });

  test.each([
    ["none", 1, "no node has a tank none; to list all tanks: tankd tank ls --all"],
    ["lagoon::", 2, '"lagoon::" is not a tank: give its id, its name, or SERVER::TANK'],
  ])("connect to %s is refused", async (destination, code, sentence) => {
    const ran = await connect("id1", destination);
    expect([ran.code, ran.err, ran.asked]).toEqual([code, `tankd: ${sentence}\n`, undefined]);
  });

  test("connections are shown by the names of their tanks", async () => {
    const ran = await runIn({ ...running, answer: nodeAnswers(routes) }, "connections");
    expect(ran.out).toContain(
      "cave  cave  lagoon       25  right      -      -       -    -     -        -     manual  c1",
    );
  });

  test("tanks of one server that share a name are shown by their ids", async () => {
    const shared = directory(["id1", "cave", "reef"], ["id9", "cave", "reef"]);
    const answer = nodeAnswers({ ...routes, "GET /gateway/tanks": shared });
    expect((await runIn({ ...running, answer }, "connections")).out).toContain("\nid1 ");
  });
});

describe("what a foreign node says", () => {
  const evil = "a\u001b[2J\u009b1mb\nforged line\u202e";
  const body = directory(["id1", evil, "reef"]);
  const world = { ...running, answer: nodeAnswers({ "GET /gateway/tanks": body }) };

  test("cannot move the cursor or forge lines", async () => {
    const { out } = await runIn(world, "tank", "ls", "--all");
    expect(out).toContain("a\\u001b[2J\\u009b1mb\\u000aforged line\\u202e");
    expect(out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  });

  test("nor in JSON, which keeps its value", async () => {
    const { out } = await runIn(world, "tank", "ls", "--all", "--json");
    expect(JSON.parse(out)).toEqual(body);
    expect(out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  });

  test("nor in a refusal", async () => {
    const problem = { type: "urn:tankd:problem:unknown_tank", detail: `no ${evil}; bye` };
    const { err } = await runIn({ ...running, answer: refusing(problem) }, "transfers");
    expect(err).toBe("tankd: no a\\u001b[2J\\u009b1mb forged line\\u202e; bye\n");
  });
});

/** A node that proves its id and refuses everything else. */
function refusing(problem: unknown): (request: HttpRequest) => HttpResponse {
  const proves = nodeAnswers({});
  return (request) =>
    request.path.startsWith("/.well-known/") ? proves(request) : json(404, problem);
}

describe("tank create", () => {
  const tanks = { tanks: [], count: 0 };
  const answer = nodeAnswers({ "GET /api/tanks": tanks, "POST /api/tanks": { tank: {} } });

  test("asks for the place that was given", async () => {
    const place = ["--server=auto", "--region", "eu", "--tag", "lab", "--tag", "gpu"];
    const more = ["--resource", "cpu_cores=4", "--resource", "disk=ssd", "--resource", "gpu=true"];
    const words = ["tank", "create", ...place, ...more, "--json"];
    const ran = await runIn({ ...running, answer }, ...words);
    expect(JSON.parse(ran.requests.at(-1)?.body ?? "")).toEqual({
      name: "tank-1",
      server_id: "auto",
      region: "eu",
      tags: ["lab", "gpu"],
      resources: { cpu_cores: 4, disk: "ssd", gpu: true },
    });
  });

  test("says where the tank went, and why", async () => {
    const placement = { server_id: "pi", reason: "the least loaded of 2" };
    const made = { ...viewTank(fakeTank("t-1", "reef"), "pi"), placement };
    const placed = nodeAnswers({ "GET /api/tanks": tanks, "POST /api/tanks": made });
    const ran = await runIn({ ...running, answer: placed }, "tank", "create", "--server=auto");
    expect(ran.out).toBe("Created the tank reef (t-1) with 2 fish on pi: the least loaded of 2.\n");
  });

  test("a resource that is no pair is wrong usage", async () => {
    const ran = await runIn({ ...running, answer }, "tank", "create", "--resource", "gpu");
    expect([ran.code, ran.requests]).toEqual([2, []]);
  });

  test("takes the next number where another command was faster", async () => {
    const base = nodeAnswers({ "GET /api/tanks": tanks });
    const taken = ["tank-1", "tank-2"];
    const racing = (request: HttpRequest): HttpResponse => {
      if (request.method !== "POST") return base(request);
      const { name } = JSON.parse(request.body ?? "");
      const detail = `this node has a tank called ${name} already`;
      const problem = { type: "urn:tankd:problem:name_taken", detail };
      return taken.includes(name) ? json(409, problem) : json(201, { tank: { name } });
    };
    const numbered = await runIn({ ...running, answer: racing }, "tank", "create", "--json");
    expect(JSON.parse(numbered.out)).toEqual({ tank: { name: "tank-3" } });
    const named = ["tank", "create", "--tank-name", "tank-2"];
    const ran = await runIn({ ...running, answer: racing }, ...named);
    expect([ran.code, ran.err]).toEqual([1, "tankd: this node has a tank called tank-2 already\n"]);
  });

  test("too many fish are wrong usage, before any node is asked", async () => {
    const ran = await runIn({ ...running, answer }, "tank", "create", "--fish", "10001");
    expect([ran.code, ran.requests]).toEqual([2, []]);
  });
});

test("stop ends the proven process and waits for it", async () => {
  const files: Record<string, string> = { ...running.files };
  const onTerminate = () => void delete files[`${USER_DIRECTORY}/node.json`];
  const ran = await runIn({ ...running, files, answer: nodeAnswers({}), onTerminate }, "stop");
  expect(ran.terminated).toEqual([42]);
  expect([ran.code, ran.out]).toEqual([0, `Stopped the node of ${USER_DIRECTORY} (pid 42).\n`]);
});

describe("a node in another PID namespace", () => {
  const path = `${USER_DIRECTORY}/node.json`;
  const files = { ...running.files };
  files[path] = JSON.stringify({ ...JSON.parse(files[path] ?? ""), pid_namespace: "pid:[2]" });

  test("is not stopped, since its pid names another process here", async () => {
    const ran = await runIn({ ...running, files, answer: nodeAnswers({}) }, "stop");
    expect([ran.code, ran.terminated]).toEqual([1, []]);
    expect(ran.err).toContain(
      `the node of ${USER_DIRECTORY} has the pid 42 in another PID namespace`,
    );
  });

  test("is found, whatever runs here under its pid", async () => {
    const answer = nodeAnswers({ "GET /api/tanks": { tanks: [], count: 0 } });
    const ran = await runIn({ files, alive: [], answer }, "tank", "ls", "--json");
    expect([ran.code, ran.err]).toEqual([0, ""]);
  });
});

test("a node that dies while it stops, and leaves its node.json, was not stopped", async () => {
  const ran = await runIn({ ...running, answer: nodeAnswers({}) }, "stop");
  expect([ran.code, ran.out]).toEqual([1, ""]);
  expect(ran.err).toStartWith("tankd: the node (pid 42) has ended, but not in order");
});

test("a node's refusal is passed on with its sentence, and with what lists all", async () => {
  const problem = { type: "urn:tankd:problem:unknown_tank", detail: "There is no tank x" };
  const base = nodeAnswers({ "GET /api/tanks": { tanks: [], count: 0 } });
  const answer: typeof base = (request) =>
    request.path === "/api/tanks/x" ? json(404, problem) : base(request);
  const ran = await runIn({ ...running, answer }, "tank", "show", "x");
  expect([ran.code, ran.err]).toEqual([
    1,
    "tankd: There is no tank x; to list all: tankd tank ls --all\n",
  ]);
});

test("a foreign program at the URL is no tankd node", async () => {
  const answer = () => ({ status: 404, headers: {}, body: "<html>" });
  const ran = await runIn({ answer }, "status", "--url", "http://web:80");
  expect(ran.code).toBe(1);
  expect(ran.err).toContain("is it a tankd node?");
});

describe("colour", () => {
  test("only on a terminal without NO_COLOR", async () => {
    const config = (isTerminal: boolean, environment: Record<string, string>) =>
      runIn({ isTerminal, environment }, "config");
    expect((await config(true, {})).out).toContain("\x1b[");
    expect((await config(false, {})).out).not.toContain("\x1b[");
    expect((await config(true, { NO_COLOR: "1" })).out).not.toContain("\x1b[");
  });
});

describe("logs", () => {
  const log = Array.from({ length: 5 }, (_, line) => `line ${line + 1}\n`).join("");
  test("prints the last lines of the file", async () => {
    const world = { files: { [`${USER_DIRECTORY}/tankd.log`]: log } };
    expect((await runIn(world, "logs")).out).toBe(log);
    expect((await runIn(world, "logs", "-n", "2")).out).toBe("line 4\nline 5\n");
  });

  describe("lines for people", () => {
    const entry = (msg: string, fields = {}) =>
      JSON.stringify({ time: "2030-01-01T00:00:00.123Z", level: "warn", msg, ...fields });
    const decided = entry("role decided", { role: "hub", term: 1, caller: "a.ts:7" });
    const text = `${decided}\nat trace\x1b[2J\n`;
    const files = { [`${USER_DIRECTORY}/tankd.log`]: text };
    const shown =
      "2030-01-01T00:00:00.123Z WARN  role decided role=hub term=1 (a.ts:7)\nat trace\\u001b[2J\n";

    test("on a terminal, without colour where it is not wanted", async () => {
      const environment = { NO_COLOR: "1" };
      expect((await runIn({ files, isTerminal: true, environment }, "logs")).out).toBe(shown);
    });
    test("with colour", async () => {
      expect((await runIn({ files, isTerminal: true }, "logs")).out).toContain("\x1b[33mWARN");
    });
    test("JSON goes through a pipe as it is", async () => {
      expect((await runIn({ files }, "logs")).out).toBe(text);
    });
    test("LOG_FORMAT decides, LOG_TIME shortens", async () => {
      const asText = { LOG_FORMAT: "text", LOG_TIME: "off" };
      const { out } = await runIn({ files, environment: asText }, "logs");
      expect(out).toStartWith("WARN  role decided");
      const asJson = { LOG_FORMAT: "json" };
      expect((await runIn({ files, isTerminal: true, environment: asJson }, "logs")).out).toBe(
        text,
      );
    });
  });

  test("says where else a log may be", async () => {
    const ran = await runIn({}, "logs");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("journalctl");
  });
});
