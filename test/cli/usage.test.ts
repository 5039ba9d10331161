import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { COMMANDS } from "../../src/cli/commands/registry.ts";
import { TANK_COMMANDS } from "../../src/cli/commands/tank/tank.ts";
import { runIn } from "./fake-host.ts";

describe("wrong usage ends with 2 and one line that says what there is", () => {
  test.each([
    [["strat"], 'tankd: tankd has no command "strat"; did you mean start?\n'],
    [
      ["start", "--zookeeper", "x"],
      /^tankd: tankd start has no option --zookeeper; there are --detach, --fork, .*--json.*\n$/,
    ],
    [["start", "--prot", "1"], "tankd: tankd start has no option --prot; did you mean --port?\n"],
    [
      ["start", "--port"],
      /^tankd: option '--port <port>' argument missing; see: tankd start --help\n$/,
    ],
    [["start", "--port", "x"], /^tankd: port cannot be "x" \(from --port\)/],
    [
      ["start", "--discovery", "zookeeper"],
      /^tankd: discovery cannot be .*zookeeper.*give auto, none, .*mdns, .*hub/,
    ],
    [
      ["start", "--hub", "http://a:8000,https://b"],
      /^tankd: hub cannot be "https:\/\/b" \(from --hub\): .*http:\/\/192\.168\.1\.10:8000/,
    ],
    [["start", "extra"], /^tankd: too many arguments.* got 1; see: tankd start --help\n$/],
    [
      ["start", "--url", "http://h:1"],
      /^tankd: start works on this machine alone; leave --url out/,
    ],
    [["tank"], /^tankd: tankd tank needs a command: ls, create, show, pause, .*rm, help\n$/],
    [
      ["tank", "foo"],
      /^tankd: tankd tank has no command "foo"; there are ls, create, show, pause, .*rm, help\n$/,
    ],
    [["tank", "create", "--fish", "-1"], /^tankd: --fish cannot be "-1"/],
    [["join"], /^tankd: missing required argument 'url'; see: tankd join --help\n$/],
    [
      ["connect", "a", "b", "--probability", "101"],
      /^tankd: --probability cannot be "101": give a number from 0 to 100\n$/,
    ],
    [["connect", "a", "b", "--direction", "up"], /^tankd: option .*'up' is invalid/],
    [["completion", "csh"], /^tankd: .*'csh' is invalid.*bash, zsh, fish/],
    [["transfers", "--state", "gone"], /^tankd: .*'gone' is invalid.*pending, in_doubt/],
    [["peers", "--status", "gone"], /^tankd: .*'gone' is invalid.*online, degraded, offline/],
    [["transfers", "--limit", "0"], /^tankd: --limit cannot be "0"/],
  ] as readonly [string[], string | RegExp][])("%j", async (commandLine, said) => {
    const ran = await runIn({}, ...commandLine);
    expect(ran.err).toMatch(said);
    expect(ran.err.trimEnd()).not.toContain("\n");
    expect([ran.code, ran.out]).toEqual([2, ""]);
  });
});

describe("help", () => {
  test("tankd alone is help", async () => {
    const ran = await runIn({});
    expect(ran.code).toBe(0);
    expect(ran.err).toBe("");
    expect(ran.out).toContain("Usage: tankd [options] [command]");
    expect(ran.out).toContain("start a node on this machine");
  });

  test("tankd start --help names flags with defaults and variables", async () => {
    const { code, out } = await runIn({}, "start", "--help");
    const text = out.replaceAll(/\s+/g, " ");
    expect(code).toBe(0);
    expect(text).toContain("--port <port> the port to listen on; 0 takes any free one");
    expect(text).toContain("env: TANK_API_PORT");
    expect(text).toContain("--server-id <name> the same as --name");
    expect(text).not.toContain("--data-dir <dir>");
  });

  test.each([
    ["status", "--config --data-dir --url --token-file --json"],
    ...["start", "stop", "logs", "run", "replay", "version", "completion"].map((name) => [
      name,
      "--config --data-dir --json",
    ]),
  ])("%s --help ends with the options that it shares: %s", async (name = "", flags = "") => {
    const { out } = await runIn({}, name, "--help");
    expect(out.trimEnd().split("\n").at(-1)).toBe(`Global options: ${flags}; see: tankd --help`);
  });

  test.each([
    [["start"]],
    [["stop"]],
    [["logs"]],
    [["run", "--ticks", "1"]],
    [["replay", "reef"]],
    [["version"]],
    [["completion", "bash"]],
  ])("%s works on this machine alone", async (words) => {
    for (const [flag, value] of [
      ["--url", "http://h:1"],
      ["--token-file", "t"],
    ] as const) {
      const said = `tankd: ${words[0]} works on this machine alone; leave ${flag} out\n`;
      expect(await runIn({}, ...words, flag, value)).toMatchObject({ code: 2, out: "", err: said });
      expect(await runIn({}, flag, value, ...words)).toMatchObject({ code: 2, out: "", err: said });
    }
    const elsewhere = await runIn({ environment: { TANKD_URL: "http://h:1" } }, ...words, "-x");
    expect(elsewhere.err).not.toContain("--url");
  });

  test.each([["stop"], ["logs"]])("%s may mean the node of TANKD_URL", async (name) => {
    const ran = await runIn({ environment: { TANKD_URL: "http://h:1" } }, name);
    const said = `${name} works on this machine alone, and TANKD_URL names another node`;
    expect([ran.code, ran.err]).toEqual([2, `tankd: ${said}; unset it for this\n`]);
  });

  test("tankd --help explains the options of every command", async () => {
    expect((await runIn({}, "--help")).out).toMatch(/--data-dir <dir> +where the node keeps/);
  });

  test("help shows the help of a command, of a group's too", async () => {
    const { code, out } = await runIn({}, "help", "tank", "create");
    expect([code, out]).toEqual([0, (await runIn({}, "tank", "create", "--help")).out]);
    expect(out).toContain("--tank-name");
  });

  test.each([
    [["help", "nope"], /^tankd: tankd has no command "nope"; .*there are start, .*\n$/],
    [["help", "strat"], 'tankd: tankd has no command "strat"; did you mean start?\n'],
    [["help", "tank", "creat"], /tankd tank has no command "creat"; did you mean create\?/],
    [["help", "stop", "now"], "tankd: tankd stop has no commands of its own\n"],
  ] as readonly [string[], string | RegExp][])("%j", async (commandLine, said) => {
    const ran = await runIn({}, ...commandLine);
    expect(ran.err).toMatch(said);
    expect([ran.code, ran.out]).toEqual([2, ""]);
  });

  test("every command has examples, none of which is wrong usage", async () => {
    const lines: string[] = [];
    const shown = COMMANDS.filter(({ name, hidden }) => name !== "tank" && !hidden);
    const names = shown.map(({ name }) => [name]);
    const inTank = TANK_COMMANDS.map(({ name }) => ["tank", name]);
    for (const words of [...names, ...inTank]) {
      const { out } = await runIn({}, ...words, "--help");
      const examples = /\nExamples:\n((?: {2}.*\n)+)/.exec(out)?.[1] ?? "";
      expect([words, examples]).toEqual([words, expect.stringMatching(/^ {2}tankd /)]);
      lines.push(...examples.trimEnd().split("\n"));
    }
    for (const line of lines) {
      const [command = ""] = line.trim().split(/ {2,}/);
      const words = command.split(" ").slice(1);
      const typed = words.includes(">") ? words.slice(0, words.indexOf(">")) : words;
      if (typed[0] === "run" || typed[0] === "start") typed.push("--help");
      const ran = await runIn({}, ...typed);
      expect(ran.err).not.toMatch(/--help\b|has no (command|option)|cannot be|did you mean/);
    }
  });

  test.each([["--version"], ["-V"]])("%s", async (flag) => {
    expect(await runIn({}, flag)).toMatchObject({ code: 0, out: "1.2.3\n" });
  });
});

const SQLITE = new Database(":memory:").query("SELECT sqlite_version()").values()[0]?.[0];

test("version tells what runs, SQLite among it", async () => {
  const { code, out } = await runIn({}, "version", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ version: "1.2.3", commit: "abc", sqlite: SQLITE });
  expect((await runIn({}, "version")).out).toEndWith(`  SQLite ${SQLITE}\n`);
});

describe("config", () => {
  const files = { "/home/ann/.config/tankd/tankd.toml": 'cluster = "reef"\n' };
  const environment = { TANK_API_PORT: "9000", TANKD_TOKEN: "0123456789abcdef" };

  test("shows each value and where it came from", async () => {
    const { out } = await runIn({ files, environment }, "config", "--name", "left", "--json");
    const settings: { key: string; value: unknown; origin: string }[] = JSON.parse(out).settings;
    const of = (key: string) => {
      const row = settings.find((setting) => setting.key === key);
      return [row?.value, row?.origin];
    };
    expect(of("name")).toEqual(["left", "--name"]);
    expect(of("port")).toEqual(["9000", "TANK_API_PORT"].map((x, i) => (i === 0 ? 9000 : x)));
    expect(of("cluster")).toEqual(["reef", "/home/ann/.config/tankd/tankd.toml"]);
    expect(of("fish")).toEqual([50, "default"]);
    expect(of("token")).toEqual(["(secret)", "TANKD_TOKEN"]);
    expect(of("data_dir")).toEqual(["/home/ann/.local/state/tankd", "default"]);
    expect(out).not.toContain("0123456789abcdef");
  });

  test("reads a settings file once, since a pipe has its text once", async () => {
    let reads = 0;
    const files = {
      get "/pipe"() {
        return reads++ === 0 ? "port = 18161\n" : "";
      },
    };
    const { out } = await runIn({ files }, "config", "--file", "--config", "/pipe");
    expect(out).toMatch(/\nport +18161 /);
    expect(reads).toBe(1);
  });

  test("shows the timing that counts, in the words in which it is given", async () => {
    const timing = ["--profile", "production", "--heartbeat-interval", "1500ms"];
    const facts = ["--resource", "gpu=2", "--resource", "ssd=true"];
    const { out } = await runIn({}, "config", ...timing, ...facts);
    expect(out).toMatch(/\nheartbeat_interval +1500ms +--heartbeat-interval +TANKD_/);
    expect(out).toMatch(/\nprune_after +1d +profile production +TANKD_PRUNE_AFTER\n/);
    expect(out).toMatch(/\npeer_retries +3 +profile production +TANKD_PEER_RETRIES\n/);
    expect(out).toMatch(/\nresource +gpu=2, ssd=true +--resource +TANKD_RESOURCE\n/);
    expect(out).toMatch(/\nmetadata +- +default +TANKD_METADATA\n/);
    const json = JSON.parse((await runIn({}, "config", ...timing, ...facts, "--json")).out);
    expect(json.settings).toContainEqual({
      key: "prune_after",
      value: "1d",
      origin: "profile production",
      env: "TANKD_PRUNE_AFTER",
    });
    expect(json.settings).toContainEqual({
      key: "resource",
      value: { gpu: 2, ssd: true },
      origin: "--resource",
      env: "TANKD_RESOURCE",
    });
  });

  test("a table for people", async () => {
    const { out } = await runIn({ files, environment }, "config");
    expect(out).toMatch(/^SETTING +VALUE +FROM +ENVIRONMENT\n/);
    expect(out).toMatch(
      /\ncluster +reef +\/home\/ann\/\.config\/tankd\/tankd\.toml +TANKD_CLUSTER\n/,
    );
  });

  test.each([
    ["prot = 1", 'tankd: /desk/tankd.toml has the unknown key "prot"; did you mean "port"?\n'],
    ["port = ", /^tankd: \/desk\/tankd\.toml is not valid TOML: .+\n$/],
  ] as const)("a broken file: %s", async (text, said) => {
    const ran = await runIn({ files: { "/desk/tankd.toml": text } }, "config");
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(said);
  });
});

describe("completion", () => {
  test.each(["bash", "zsh", "fish"])("%s names commands, flags and choices", async (shell) => {
    const { code, out } = await runIn({}, "completion", shell);
    expect(code).toBe(0);
    for (const word of ["start", "create", "tick-rate", "auto hub worker", "left right both"]) {
      expect(out).toContain(word);
    }
  });
});
