import { expect, test } from "bun:test";
import { SETTINGS } from "../../../src/node/settings/table.ts";
import { json, nodeAnswers, nodeFiles, runIn } from "../fake-host.ts";

const DATA = "/home/ann/.local/state/tankd";
const running = { files: nodeFiles(DATA), alive: [42] };
const view = {
  node_id: "node-a",
  server_id: "reef",
  settings: [
    { key: "name", value: "reef", origin: "--name", env: "TANK_SERVER_ID" },
    { key: "hub", value: ["http://a:1", "http://b:1"], origin: "tankd join", env: null },
    { key: "region", value: null, origin: "default", env: null },
    { key: "resource", value: { gpu: 2, ssd: true }, origin: "/etc/tankd.toml", env: null },
  ],
  faults: ["etcd cannot be used"],
};
const answer = nodeAnswers({ "GET /api/config": view });
const ofStart = "what a start here would use: tankd config --file\n";

test("a running node is asked, and the command says so", async () => {
  const world = { ...running, answer, environment: { TANK_SERVER_ID: "of this terminal" } };
  const ran = await runIn(world, "config");
  expect(ran.code).toBe(0);
  expect(ran.err).toBe(
    `tankd: the settings of the running node reef at http://127.0.0.1:8000; ${ofStart}` +
      "tankd: etcd cannot be used\n",
  );
  expect(ran.out).toBe(
    [
      "SETTING   VALUE                   FROM             ENVIRONMENT",
      "name      reef                    --name           TANK_SERVER_ID",
      "hub       http://a:1, http://b:1  tankd join",
      "region    -                       default",
      "resource  gpu=2, ssd=true         /etc/tankd.toml",
      "",
    ].join("\n"),
  );
  const asked = ran.requests.find(({ path }) => path === "/api/config");
  expect(asked?.headers?.["authorization"]).toBe("Bearer secret-token-0123456789");
  expect(JSON.parse((await runIn(world, "config", "--json")).out)).toEqual(view);
});

test.each([
  [["--file"]],
  [["--port", "9000"]],
  [["--config", "x.toml"]],
  [["--file", "--port", "9000"]],
])("%p shows what a start would use", async (words) => {
  const files = { ...running.files, "/desk/x.toml": "" };
  const ran = await runIn({ ...running, files, answer }, "config", ...words, "--json");
  expect([ran.code, ran.err, ran.requests]).toEqual([0, "", []]);
  const { node_id, settings } = JSON.parse(ran.out);
  expect(node_id).toBeNull();
  expect(settings).toHaveLength(Object.keys(SETTINGS).length);
});

test("where no node runs, that is said", async () => {
  const ran = await runIn({}, "config");
  expect([ran.code, ran.err]).toEqual([
    0,
    "tankd: no node is running here; this is what tankd start would use\n",
  ]);
  expect(ran.out).toMatch(/\nport +8000 +default +TANK_API_PORT\n/);
});

test("another node is asked with --url, and only with its token", async () => {
  const world = { answer, environment: { TANKD_TOKEN: "its-token-0123456789" } };
  const ran = await runIn(world, "config", "--url", "10.0.0.7:8000");
  expect(ran.err).toContain("the settings of the running node reef at http://10.0.0.7:8000; ");
  const problem = { type: "urn:tankd:problem:token_required", detail: "Send it" };
  const refused = await runIn(
    { answer: () => json(401, problem) },
    "config",
    "--url",
    "http://h:1",
  );
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/^tankd: this needs the node's control token: .*config --file\n$/);
  const nobody = await runIn({}, "config", "--url", "http://h:1");
  expect([nobody.code, nobody.out]).toEqual([3, ""]);
  const both = await runIn({ answer }, "config", "--url", "http://h:1", "--file");
  expect([both.code, both.requests]).toEqual([2, []]);
});

test("an older node does not know the question", async () => {
  const ran = await runIn({ ...running, answer: nodeAnswers({}) }, "config");
  expect([ran.code, ran.out]).toEqual([1, ""]);
  expect(ran.err).toContain("does it run another version of tankd?");
});
