import { describe, expect, test } from "bun:test";
import { nodeAnswers, nodeFiles, runIn } from "../fake-host.ts";

const running = { files: nodeFiles("/home/ann/.local/state/tankd"), alive: [42] };
const none = { count: 0 };
const world = {
  ...running,
  answer: nodeAnswers({
    "GET /api/transfers": { transfers: [], ...none },
    "GET /api/discovery/servers": { servers: [], ...none },
    "GET /api/connections": { connections: [], ...none },
    "GET /api/servers/local": {},
    "GET /api/aliases": { aliases: [], ...none },
    "GET /api/tanks": { tanks: [], ...none },
    "GET /gateway/tanks": { tanks: [], ...none },
  }),
};

describe("where there is none, it says of what there is none", () => {
  test.each([
    [["transfers"], "No transfers yet; fish migrate along connections: tankd connections"],
    [["transfers", "--state", "pending"], "No transfer is pending; all of them: tankd transfers"],
    [["transfers", "--state", "in_doubt"], "No transfer is in doubt; all of them: tankd transfers"],
    [
      ["peers", "--status", "offline", "--tag", "a", "--tag", "b"],
      "No server matches --tag a --tag b --status offline; all of them: tankd peers",
    ],
    [
      ["connections"],
      "No connections; an automatic one appears while another node is online. " +
        "To create one: tankd connect SRC DST",
    ],
    [["alias"], "No aliases; define one with: tankd alias NAME SERVER::TANK"],
    [["tank", "ls"], "No tanks; create one with: tankd tank create"],
    [["tank", "ls", "--all"], "No tanks; create one with: tankd tank create"],
  ])("%p", async (words, said) => {
    expect(await runIn(world, ...words)).toMatchObject({ code: 0, out: `${said}\n`, err: "" });
  });
});

describe("a hub's address", () => {
  const answer = nodeAnswers({ "POST /api/cluster/join": { met: true, detail: "Met hub" } });
  test.each([
    ["10.187.0.1:8001", "http://10.187.0.1:8001"],
    ["10.187.0.1", "http://10.187.0.1:8000"],
    ["hub", "http://hub:8000"],
    ["[fd00::1]:8001", "http://[fd00::1]:8001"],
    ["http://hub:8000", "http://hub:8000"],
  ])("join %s", async (word, url) => {
    const ran = await runIn({ ...running, answer }, "join", word);
    expect([ran.code, ran.out]).toEqual([0, "Met hub.\n"]);
    const sent = ran.requests.find(({ path }) => path === "/api/cluster/join");
    expect(JSON.parse(sent?.body ?? "")).toEqual({ url });
  });

  test.each(["http://", "http://:8000", ":8000", "8000", "http://8000", "https://a", "a/b", ""])(
    "join and register %p is wrong usage",
    async (word) => {
      for (const command of ["join", "register"]) {
        const ran = await runIn({ ...running, answer }, command, word);
        expect([ran.code, ran.out, ran.requests]).toEqual([2, "", []]);
        expect(ran.err).toStartWith(`tankd: "${word}" is not a hub's URL; give a URL like http://`);
      }
    },
  );

  test("--url needs no scheme", async () => {
    const ran = await runIn({}, "status", "--url", "10.187.0.1:8000");
    expect([ran.code, ran.err]).toEqual([3, "tankd: no node answers at http://10.187.0.1:8000\n"]);
  });
});

describe("an empty name", () => {
  test.each([
    [["tank", "show", ""]],
    [["tank", "export", ""]],
    [["tank", "feed", ""]],
    [["tank", "rm", "--yes", ""]],
  ])("%p is wrong usage", async (words) => {
    const ran = await runIn(world, ...words);
    expect([ran.code, ran.err]).toEqual([
      2,
      "tankd: a tank's name is not empty; see: tankd tank ls\n",
    ]);
  });
});

test("an answer of another form is no bug, and not shown as JSON", async () => {
  const answer = nodeAnswers({ "GET /api/transfers": { transfers: [{ direction: 5 }] } });
  const ran = await runIn({ ...running, answer }, "transfers");
  expect([ran.code, ran.err]).toEqual([
    1,
    "tankd: the node's answer has another form (transfers.0.direction: must be one of out, in); " +
      "does it run another version of tankd?\n",
  ]);
});
