import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../src/cluster/identity.ts";
import { signChallenge } from "../../src/cluster/proof.ts";
import { identity, json, nodeAnswers, nodeFiles, runIn } from "./fake-host.ts";

const USER_DIRECTORY = "/home/ann/.local/state/tankd";
const running = { files: nodeFiles(USER_DIRECTORY), alive: [42] };

describe("which node a command speaks to", () => {
  const answer = nodeAnswers({ "GET /api/tanks": { tanks: [], count: 0 } });

  test.each([
    ["the user's", {}, USER_DIRECTORY, []],
    ["XDG_STATE_HOME", { XDG_STATE_HOME: "/xdg" }, "/xdg/tankd", []],
    ["the system's", {}, "/var/lib/tankd", []],
    ["--data-dir", {}, "/data", ["--data-dir", "/data"]],
    ["a relative --data-dir", {}, "/work/data", ["--data-dir", "data"]],
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
    "GET /gateway/tanks/b": {
      tank: { tank_id: "b-id", name: "b", server_id: "far" },
      server: { status: "online", api_url: "http://far:1", is_local: false },
    },
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
    expect(ran.err).toContain("cannot prove to be node");
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

test("stop ends the proven process and waits for it", async () => {
  const ran = await runIn({ ...running, answer: nodeAnswers({}) }, "stop");
  expect(ran.terminated).toEqual([42]);
  expect([ran.code, ran.out]).toEqual([0, `Stopped the node of ${USER_DIRECTORY} (pid 42).\n`]);
});

test("filters become the query", async () => {
  const body = { servers: [], count: 0 };
  const world = { ...running, answer: nodeAnswers({ "GET /api/discovery/servers": body }) };
  const ran = await runIn(world, "peers", "--status", "online", "--tag", "a b", "--json");
  expect(JSON.parse(ran.out)).toEqual(body);
  expect(ran.requests.at(-1)?.path).toBe("/api/discovery/servers?tag=a+b&status=online");
});

test("a node's refusal is passed on with its sentence", async () => {
  const problem = { type: "urn:tankd:problem:unknown_tank", detail: "There is no tank x" };
  const base = nodeAnswers({ "GET /api/tanks": { tanks: [], count: 0 } });
  const answer: typeof base = (request) =>
    request.path === "/api/tanks/x" ? json(404, problem) : base(request);
  const ran = await runIn({ ...running, answer }, "tank", "show", "x");
  expect([ran.code, ran.err]).toEqual([1, "tankd: There is no tank x\n"]);
});

test("a foreign program at the URL is no tankd node", async () => {
  const answer = () => ({ status: 404, headers: {}, body: "<html>" });
  const ran = await runIn({ answer }, "status", "--url", "http://web:80");
  expect(ran.code).toBe(1);
  expect(ran.err).toContain("is it a tankd node?");
});

describe("colour", () => {
  const server = {
    tanks: [],
    count: 0,
  };
  test("only on a terminal without NO_COLOR", async () => {
    const world = { ...running, answer: nodeAnswers({ "GET /api/tanks": server }) };
    const config = (isTerminal: boolean, environment: Record<string, string>) =>
      runIn({ ...world, isTerminal, environment }, "config");
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

  test("says where else a log may be", async () => {
    const ran = await runIn({}, "logs");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("journalctl");
  });
});
