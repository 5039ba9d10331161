import { describe, expect, test } from "bun:test";
import { BACKEND_NAMES } from "../../../src/discovery/backend-names.ts";
import type { SettingSources } from "../../../src/node/settings/resolve.ts";
import { resolveSettings } from "../../../src/node/settings/resolve.ts";
import type { Setting, SettingKey } from "../../../src/node/settings/table.ts";
import { fileKeyOf, SETTING_KEYS, SETTINGS } from "../../../src/node/settings/table.ts";
import { Problem } from "../../../src/platform/errors.ts";

function sources(parts: Partial<SettingSources>): SettingSources {
  return {
    flags: {},
    environment: {},
    files: [],
    readSecret: () => "0123456789abcdef\n",
    ...parts,
  };
}

/** The sentence of the refusal; fails the test when there is none. */
function refusal(parts: Partial<SettingSources>): string {
  try {
    resolveSettings(sources(parts));
  } catch (error) {
    if (error instanceof Problem && error.code === "bad_setting") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

const file = (path: string, content: Record<string, unknown>) => ({ path, content });

describe("precedence", () => {
  const flag = { port: "1" };
  const environment = { TANK_API_PORT: "2" };
  const near = file("/here/tankd.toml", { port: 3 });
  const far = file("/etc/tankd/tankd.toml", { port: 4 });
  test.each([
    ["flag", { flags: flag, environment, files: [near, far] }, 1, "flag", "--port"],
    ["environment", { environment, files: [near, far] }, 2, "environment", "TANK_API_PORT"],
    ["nearer file", { files: [near, far] }, 3, "file", "/here/tankd.toml"],
    ["farther file", { files: [far] }, 4, "file", "/etc/tankd/tankd.toml"],
    ["default", {}, 8000, "default", ""],
    ["empty variable counts as unset", { environment: { TANK_API_PORT: "" } }, 8000, "default", ""],
  ] as const)("%s", (_, parts, value, kind, where) => {
    const { values, origins } = resolveSettings(sources(parts));
    expect(values.port).toBe(value);
    expect(origins.port).toEqual({ kind, where });
  });

  test("files are merged key by key", () => {
    const files = [file("/a", { port: 1 }), file("/b", { port: 2, cluster: "reef" })];
    const { values } = resolveSettings(sources({ files }));
    expect([values.port, values.cluster]).toEqual([1, "reef"]);
  });
});

describe("values", () => {
  test.each([
    [{ environment: { ROLE: "agent" } }, "role", "worker"],
    [{ environment: { ROLE: "proxy" } }, "role", "worker"],
    [{ environment: { ROLE: "server" } }, "role", "hub"],
    [{ flags: { role: "Hub" } }, "role", "hub"],
    [{ environment: { DISCOVERY_BACKEND: "mdns,hub" } }, "discovery", ["mdns", "hub"]],
    [{ flags: { discovery: ["http://h:8000"] } }, "discovery", ["http://h:8000"]],
    [
      { environment: { DISCOVERY_SERVER_URL: "http://a:1, http://b:2" } },
      "hub",
      ["http://a:1", "http://b:2"],
    ],
    [{ flags: { tag: ["a,b", "c"] } }, "tag", ["a", "b", "c"]],
    [{ files: [file("/f", { tag: ["x", "y"] })] }, "tag", ["x", "y"]],
    [{ files: [file("/f", { auto_connect: false })] }, "autoConnect", false],
    [{ environment: { TANKD_AUTO_CONNECT: "off" } }, "autoConnect", false],
    [{ flags: { advertise: "[fd00::1]:9000" } }, "advertise", "[fd00::1]:9000"],
    [{ environment: { TANKD_INTERFACES: "eth0,!wl*" } }, "interfaces", ["eth0", "!wl*"]],
    [{ flags: { name: " küche-1 " } }, "name", "küche-1"],
    [{ flags: { port: "0" } }, "port", 0],
    [{ environment: { TANKD_TOKEN_FILE: "/run/t" } }, "token", "0123456789abcdef"],
    [{ flags: { heartbeatInterval: "500ms" } }, "heartbeatInterval", 500],
    [{ environment: { TANKD_PRUNE_AFTER: "1.5 h" } }, "pruneAfter", 5_400_000],
    [{ files: [file("/f", { peer_timeout: "2min" })] }, "peerTimeout", 120_000],
    [{ files: [file("/f", { past_per_tank: "1.5 GB" })] }, "pastPerTank", 1_500_000_000],
    [{ files: [file("/f", { past_per_tank: 0 })] }, "pastPerTank", 0],
    [{ flags: { pastPerNode: "500kB" } }, "pastPerNode", 500_000],
    [{ environment: { TANKD_PAST_PER_NODE: "1234" } }, "pastPerNode", 1234],
    [{ flags: { peerRetries: "0" } }, "peerRetries", 0],
    [{ flags: { shutdownDelay: "0" } }, "shutdownDelay", 0],
    [{ environment: { TANKD_SHUTDOWN_DELAY: "8s" } }, "shutdownDelay", 8_000],
    [
      { flags: { trustedProxy: ["127.0.0.1", "10.0.0.0/8"] } },
      "trustedProxy",
      ["127.0.0.1", "10.0.0.0/8"],
    ],
    [
      { flags: { resource: ["gpu=2", "ssd=true", "disk=nvme=fast", "gpu=3"] } },
      "resource",
      { gpu: 3, ssd: true, disk: "nvme=fast" },
    ],
    [{ environment: { TANKD_RESOURCE: "gpu=0.5, rack=a7" } }, "resource", { gpu: 0.5, rack: "a7" }],
    [
      { files: [file("/f", { resource: { gpu: 2, ssd: false, rack: "1e5" } })] },
      "resource",
      { gpu: 2, ssd: false, rack: "1e5" },
    ],
    [
      { flags: { metadata: ["owner=lab 3, room 2", "n=1"] } },
      "metadata",
      { owner: "lab 3, room 2", n: "1" },
    ],
  ] as readonly [Partial<SettingSources>, SettingKey, unknown][])("%j", (parts, key, expected) => {
    const { values } = resolveSettings(sources(parts));
    expect<unknown>(values[key]).toEqual(expected);
  });
});

describe("--mode stands for a role and for tanks", () => {
  const inFile = (content: Record<string, unknown>) => ({ files: [file("/f", content)] });
  test.each([
    ["a pure registry", { flags: { mode: "discovery" } }, ["hub", 0]],
    ["a worker", { flags: { mode: "worker" } }, ["worker", 1]],
    ["a word of earlier designs", { flags: { mode: "Proxy" } }, ["worker", 1]],
    ["in a file", inFile({ mode: "discovery" }), ["hub", 0]],
    ["beside a word that agrees", { flags: { mode: "server", role: "hub" } }, ["hub", 1]],
    [
      "behind the nearer of two files",
      { files: [file("/near", { role: "worker" }), file("/far", { mode: "hub" })] },
      ["worker", 1],
    ],
    [
      "before weaker places",
      { flags: { mode: "worker" }, environment: { ROLE: "hub" } },
      ["worker", 1],
    ],
    [
      "behind stronger places",
      { environment: { ROLE: "worker" }, ...inFile({ mode: "discovery" }) },
      ["worker", 0],
    ],
  ] as const)("%s", (_, parts, expected) => {
    const { values } = resolveSettings(sources(parts));
    expect([values.role, values.tanks]).toEqual([...expected]);
  });

  test.each([
    [{ flags: { mode: "worker", role: "hub" } }, "mode worker means role worker, not hub: "],
    [{ flags: { mode: "auto", role: "worker" } }, "mode auto means role auto, not worker: "],
    [{ flags: { mode: "discovery", tanks: "2" } }, "mode discovery means tanks 0, not 2: "],
    [inFile({ mode: "discovery", tanks: 2 }), "leave one of them out (/f)."],
  ] as const)("contradicted in the same place it is refused: %j", (parts, said) => {
    expect(refusal(parts)).toContain(said);
  });

  test("its origin is that of the mode", () => {
    const { origins } = resolveSettings(sources({ flags: { mode: "discovery" } }));
    expect(origins.tanks).toEqual({ kind: "flag", where: "--mode" });
  });

  test("a word that is none is refused", () => {
    expect(refusal({ flags: { mode: "camera" } })).toStartWith(
      'mode cannot be "camera" (from --mode)',
    );
  });
});

describe("refusals name setting, value, source and what is allowed", () => {
  test.each([
    [
      { flags: { port: "abc" } },
      'port cannot be "abc" (from --port): give a whole number from 0 to 65535.',
    ],
    [
      { environment: { TANK_API_PORT: "70000" } },
      'port cannot be "70000" (from TANK_API_PORT): give a whole number from 0 to 65535.',
    ],
    [
      { files: [file("/etc/tankd/tankd.toml", { port: true })] },
      "port cannot be true (from /etc/tankd/tankd.toml): give a whole number from 0 to 65535.",
    ],
    [
      { flags: { role: "king" } },
      'role cannot be "king" (from --role): give one of auto, hub, worker, agent, proxy, server.',
    ],
    [
      { environment: { LOG_LEVEL: "loud" } },
      'log_level cannot be "loud" (from LOG_LEVEL): give one of debug, info, warn, error.',
    ],
  ] as const)("%j", (parts, sentence) => {
    expect(refusal(parts)).toBe(sentence);
  });

  test.each([
    [["zookeeper"], '"zookeeper"'],
    [["mdns", "zookeeper,serf"], '"zookeeper"'],
    [["hub:8000"], '"hub:8000"'],
    [["auto", "mdns"], '"auto, mdns"'],
    [["none", "hub"], '"none, hub"'],
    [["https://hub"], '"https://hub"'],
    [["http://user@hub"], '"http://user@hub"'],
    [["http://hub/path"], '"http://hub/path"'],
    [["http://hub:99999"], '"http://hub:99999"'],
    [[], "empty"],
  ])("discovery %j lists the known backends", (discovery, wrong) => {
    const said = refusal({ flags: { discovery } });
    expect(said).toStartWith(`discovery cannot be ${wrong} (from --discovery): give auto, none, `);
    expect(said).toContain(["auto", "none", ...BACKEND_NAMES].join(", "));
    expect(said).toContain("do not use https");
  });

  test.each(["ftp://hub", ":8000", "8000", "http://", "http://8000", "a b", "hub/x", "1.2.3.4.5"])(
    "hub %s",
    (hub) => {
      expect(refusal({ flags: { hub: ["http://fine:8000", hub] } })).toContain(
        `hub cannot be "${hub}" (from --hub): give a URL like http://192.168.1.10:8000`,
      );
    },
  );

  test.each([
    ["interfaces", [5], "5"],
    ["interfaces", [["a b"]], '"a b"'],
    ["interfaces", { a: 1 }, "a table"],
    ["port", [1, 2], '"1, 2"'],
    ["port", { a: 1 }, "a table"],
    ["resource", { gpu: 2, "a b": 1 }, '"a b=1"'],
    ["resource", ["gpu=2", "ssd"], '"ssd"'],
  ])("no JSON of %s %j", (key, value, wrong) => {
    const said = refusal({ files: [file("/x/tankd.toml", { [key]: value })] });
    expect(said).toStartWith(`${key} cannot be ${wrong} (from /x/tankd.toml): give `);
  });

  test.each(["a b", "", "-x", "x/y", "x".repeat(65)])("name %j", (name) => {
    expect(refusal({ flags: { name } })).toStartWith(`name cannot be ${JSON.stringify(name)}`);
  });

  test.each(["10", "", "s", "-1s", "1w", "99ms", "31d", "1e3s", "0.0001s"])(
    "peer timeout %j",
    (text) => {
      expect(refusal({ flags: { peerTimeout: text } })).toEndWith(
        "give a duration from 100ms to 5min, like 500ms, 10s, 5min or 1h.",
      );
    },
  );

  test.each(["4 MiB", "", "MB", "-1MB", "4mb", "1.5e3kB", "1001GBB", "1001TB"])(
    "past per tank %j",
    (text) => {
      expect(refusal({ flags: { pastPerTank: text } })).toEndWith(
        "give a size up to 1TB, like 500kB, 4MB or 1GB.",
      );
    },
  );

  test("a duration without a unit is refused in a file, too", () => {
    expect(refusal({ files: [file("/f", { peer_timeout: 10 })] })).toContain(
      "peer_timeout cannot be 10",
    );
  });

  test.each([
    ["no value", ["gpu"]],
    ["no key", ["=1"]],
    ["a key with a space", ["a b=1"]],
    ["a long text", [`a=${"x".repeat(65)}`]],
    ["a text that moves the cursor", ["a=\u001b[2J"]],
    ["too many", Array.from({ length: 17 }, (_, n) => `k${n}=1`)],
  ])("resource with %s", (_, resource) => {
    expect(refusal({ flags: { resource } })).toContain("KEY=VALUE");
  });

  test("a secret is never repeated", () => {
    const said = refusal({ environment: { TANKD_TOKEN: "short" } });
    expect(said).toStartWith("token cannot be what it is (from TANKD_TOKEN)");
    expect(said).not.toContain("short");
  });

  test("an unknown key in a file is named, with the one that was meant", () => {
    expect(refusal({ files: [file("/x/tankd.toml", { prot: 1 })] })).toBe(
      '/x/tankd.toml has the unknown key "prot"; did you mean "port"?',
    );
    const listed = refusal({ files: [file("/x/tankd.toml", { nothing_like_it: 1 })] });
    expect(listed).toContain("the known ones are data_dir, name, cluster");
  });

  test("secrets have no key in the file", () => {
    const said = refusal({ files: [file("/x/tankd.toml", { token: "0123456789abcdef" })] });
    expect(said).toContain('unknown key "token"');
  });
});

test("only a command needs a file that nobody else can write; other settings do not", () => {
  const content = { on_role_change: "reboot", cluster: "reef" };
  const mine = { ...file("/tmp/tankd.toml", content), alsoWrittenBy: undefined };
  expect(resolveSettings(sources({ files: [mine] })).values.onRoleChange).toBe("reboot");
  const open = { ...mine, alsoWrittenBy: "every user of this machine" };
  expect(refusal({ files: [open] })).toBe(
    "on_role_change in /tmp/tankd.toml is refused, since every user of this machine can write " +
      "that file: " +
      "restrict its permissions (chown, chmod go-w) or remove the line.",
  );
  expect(resolveSettings(sources({ files: [open] }), ["cluster"]).values.cluster).toBe("reef");
});

test("a command in a file of the working directory is refused, with where it belongs", () => {
  const near = file("/desk/tankd.toml", { on_role_change: "reboot", cluster: "reef" });
  const files = [{ ...near, isOfWorkingDirectory: true }];
  expect(refusal({ files })).toBe(
    "on_role_change in /desk/tankd.toml is refused, since that file is in the working " +
      "directory: move the line to /etc/tankd/tankd.toml, tankd/tankd.toml in " +
      "$XDG_CONFIG_HOME (~/.config), or a file that --config names.",
  );
  expect(resolveSettings(sources({ files }), ["cluster"]).values.cluster).toBe("reef");
});

test("no file chooses the files that are read", () => {
  expect(refusal({ files: [file("/x/tankd.toml", { config: "/y" })] })).toContain(
    'unknown key "config"',
  );
});

test("settings outside the asked keys are not read", () => {
  const environment = { LOG_LEVEL: "loud", TANK_API_PORT: "9" };
  expect(resolveSettings(sources({ environment }), ["port"]).values.port).toBe(9);
});

test("the table is sound: defaults are allowed, names are unique", () => {
  const names: string[] = [];
  for (const key of SETTING_KEYS) {
    const definition: Setting<unknown, unknown> = SETTINGS[key];
    if (definition.default !== undefined) {
      expect(definition.kind.schema().safeParse(definition.default).success).toBe(true);
    }
    const { flag, flagAlias, env } = definition;
    names.push(fileKeyOf(key), ...[flag, flagAlias, env].filter((name) => name !== undefined));
    expect(definition.help.length).toBeGreaterThan(5);
  }
  expect(new Set(names).size).toBe(names.length);
});
