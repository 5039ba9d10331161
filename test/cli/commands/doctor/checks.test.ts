import { describe, expect, test } from "bun:test";
import type { Check } from "../../../../src/cli/commands/doctor/check.ts";
import { clockChecks } from "../../../../src/cli/commands/doctor/checks/clock.ts";
import { directoryChecks } from "../../../../src/cli/commands/doctor/checks/directory.ts";
import {
  discoveryChecks,
  solitudeChecks,
} from "../../../../src/cli/commands/doctor/checks/discovery.ts";
import { machineChecks } from "../../../../src/cli/commands/doctor/checks/machine.ts";
import { networkChecks } from "../../../../src/cli/commands/doctor/checks/networks.ts";
import { nodeChecks } from "../../../../src/cli/commands/doctor/checks/node.ts";
import type {
  DirectoryReport,
  MachineFacts,
  RunningFacts,
} from "../../../../src/cli/commands/doctor/facts.ts";
import type { Cause } from "../../../../src/discovery/backend.ts";
import {
  CARD,
  facts,
  heard,
  machine,
  NO_FIREWALL,
  nftables,
  peer,
  running,
  trialOf,
} from "./facts.ts";

const results = (checks: readonly Check[]) => checks.map(({ id, result }) => `${id} ${result}`);
const one = (checks: readonly Check[], id: string) => checks.find((check) => check.id === id);
/** Of the machine alone. */
const alone = (change: Partial<MachineFacts>) =>
  facts({ machine: machine(change), node: { kind: "none" } });

describe("the node", () => {
  test("that runs, that does not, and that cannot be asked", () => {
    expect(results(nodeChecks(facts()))).toEqual(["node ok"]);
    expect(results(nodeChecks(alone({})))).toEqual(["node ok"]);
    const problem = "the node of /data (pid 42) does not answer";
    expect(nodeChecks(facts({ node: { kind: "broken", problem } }))).toMatchObject([
      { result: "fail", what: problem, mend: "see: tankd logs" },
    ]);
  });

  test("that is not ready fails, unless it has just been started", () => {
    const node = (uptime_seconds: number) =>
      running({ notReady: "storage: disk full" }, { uptime_seconds });
    expect(nodeChecks(facts({ node: node(60) }))).toMatchObject([
      { result: "fail", what: "node-a-label is not ready: storage: disk full" },
    ]);
    expect(results(nodeChecks(facts({ node: node(2) })))).toEqual(["node warn"]);
  });

  test("has a role that surprises, and settings that cannot be read", () => {
    const node = running({}, { role_reason: "it has found no hub" });
    expect(results(nodeChecks(facts({ node })))).toEqual(["node ok", "role warn"]);
    const broken = alone({ settingsProblem: "port cannot be 0.5" });
    expect(results(nodeChecks(broken))).toEqual(["settings fail", "node ok"]);
  });
});

describe("the lease", () => {
  const hub = { server_id: "reef", node_id: "node-b", api_url: "http://10.0.0.2:8000" };
  const judge = (
    lease: Partial<NonNullable<RunningFacts["local"]["lease"]>>,
    local: Partial<RunningFacts["local"]> = {},
  ) => {
    const given = { url: "etcd://e", state: "taken", holder: "node-b", valid: false, ...lease };
    const node = running({}, { hub, lease: given, role_reason: "the lease", ...local });
    return nodeChecks(facts({ node })).slice(1);
  };

  test("is named where all is well, on a hub and on a worker", () => {
    expect(judge({}, { role_reason: null })).toMatchObject([
      { id: "lease", result: "ok", what: "reef holds the lease etcd://e" },
    ]);
    const held = { state: "held", valid: true };
    expect(judge(held, { role: "hub", role_reason: null })).toMatchObject([
      { id: "lease", result: "ok", what: "this node holds the lease etcd://e" },
    ]);
  });

  test.each([
    [{ state: "held" }, { role: "hub" }, "this hub serves reads only: the lease etcd://e may have"],
    [{ state: "free" }, { role: "hub" }, "this hub serves reads only: nobody holds the lease"],
    [{ state: "unknown", reason: "no answer" }, {}, "the lease etcd://e is not known: no answer"],
    [{}, { hub: null }, "node-b holds the lease etcd://e, and does not answer as hub"],
  ] as const)(
    "that leaves the cluster without changes is a finding: %j %j",
    (lease, local, what) => {
      const checks = judge(lease, local);
      expect(results(checks)).toEqual(["lease fail"]);
      expect(checks[0]?.what).toContain(what);
      expect(checks[0]?.mend).not.toBeNull();
      expect(results(judge(lease, { ...local, uptime_seconds: 2 }))).toEqual(["lease warn"]);
    },
  );

  test("that another node does not have is a finding", () => {
    const stranger = { node_id: "n7", lease: "etcd://other" };
    expect(judge({ stranger }, { role_reason: null })[1]).toMatchObject({
      id: "lease:differs",
      result: "fail",
      what: "n7 uses another lease: etcd://other, and follows another hub",
    });
    const none = judge({ stranger: { node_id: "n7", lease: null } }, { role_reason: null })[1];
    expect(none?.what).toBe("n7 uses no lease, and follows another hub");
  });

  test("that is left to others says why", () => {
    const abstention = "others cannot dial this node";
    expect(judge({ abstention }, { role_reason: null })[1]).toMatchObject({
      id: "lease:left",
      result: "warn",
      what: `the lease is left to others: ${abstention}`,
    });
  });
});

describe("networks", () => {
  test("are named with the addresses that are announced", () => {
    expect(networkChecks(facts()).map(({ what }) => what)).toEqual([
      "eth0 (default route) 10.0.0.1",
      "the node announces 10.0.0.1:8000",
    ]);
    expect(networkChecks(alone({}))[1]?.what).toBe("the node would announce 10.0.0.1:8000");
  });

  test.each([
    ["loopback alone", [{ host: "127.0.0.1", port: 8000 }], "--advertise"],
    ["link-local alone", [{ host: "fe80::1", port: 8000 }], "DHCP"],
    ["nothing", [], "connect it"],
  ] as const)("of which %s is told are a warning", (_, addresses, mend) => {
    const check = one(networkChecks(alone({ addresses })), "announced");
    expect([check?.result, check?.mend]).toEqual(["warn", expect.stringContaining(mend)]);
  });

  test("that are not there, or were named and are not there", () => {
    const lo = { ...CARD, interfaceName: "lo", internal: true };
    const checks = networkChecks(alone({ interfaces: [lo], unmatchedInterfaces: ["wlan9"] }));
    expect(results(checks)).toEqual(["interfaces warn", "announced ok", "interfaces:chosen warn"]);
  });

  test("of a container are a warning until somebody is met through them", () => {
    const silent = [{ ...heard, heard: 0, others: 0 }];
    const container = { isContainer: true, multicast: silent };
    expect(results(networkChecks(alone(container)))).toContain("container warn");
    const links = [{ ...heard, refused: [], causes: [] }];
    const backends = [{ name: "mdns", state: "running", detail: "", links }];
    const node = running({ trial: { failure: "no token" } }, { backends });
    const met = networkChecks(facts({ machine: machine(container), node }));
    expect(results(met)).not.toContain("container warn");
    expect(results(networkChecks(facts({ machine: machine(container) })))).toHaveLength(2);
    expect(results(networkChecks(alone({ ...container, multicast: [heard] })))).toHaveLength(2);
  });
});

describe("discovery", () => {
  test("each backend says what it does; one that fails is a finding", () => {
    const backends = [
      { name: "mdns", state: "running", detail: "on eth0" },
      { name: "dns", state: "starting", detail: "" },
      { name: "serf", state: "failed", detail: "nobody listens at 127.0.0.1:7373" },
    ];
    expect(discoveryChecks(facts({ node: running({}, { backends }) }))).toEqual([
      { id: "discovery:mdns", result: "ok", what: "mdns running: on eth0", mend: null },
      { id: "discovery:dns", result: "unknown", what: "dns starting", mend: null },
      {
        id: "discovery:serf",
        result: "fail",
        what: "serf failed: nobody listens at 127.0.0.1:7373",
        mend: "try: nc -zv OTHER-HOST 7946",
      },
    ]);
    const none = discoveryChecks(facts({ node: running({}, { backends: [] }) }));
    expect(results(none)).toEqual(["discovery ok"]);
  });

  test("a backend that knows what to do says so, and is a warning while it runs", () => {
    const backend = { name: "static", detail: "10.0.0.8:8000 does not answer: x", mend: "see" };
    const judge = (state: string) => {
      const node = running({}, { backends: [{ ...backend, state }] });
      const [check] = discoveryChecks(facts({ node }));
      return [check?.result, check?.mend];
    };
    expect([judge("running"), judge("failed")]).toEqual([
      ["warn", "see"],
      ["fail", "see"],
    ]);
  });

  test("hubs that a start would ask are asked", () => {
    const url = "http://10.0.0.9:8123";
    const judge = (answer: MachineFacts["hubs"][number]["answer"]) =>
      discoveryChecks(alone({ hubs: [{ url, port: 8123, answer }] }))[0];
    expect(judge({ kind: "answers", server: "reef", clockOffsetMs: 1 })?.result).toBe("ok");
    expect(judge({ kind: "other", status: 403 })).toMatchObject({ result: "fail" });
    const silent = judge({ kind: "silent", reason: "no answer in time" });
    expect(silent?.what).toBe("the hub http://10.0.0.9:8123 does not answer: no answer in time");
    expect(silent?.mend).toBe(
      "try: curl http://10.0.0.9:8123/health; " +
        "check that it runs and that TCP port 8123 is open there (sudo tankd doctor)",
    );
  });

  test("why a node is alone is told once", () => {
    const cause: Cause = { code: "mdns_x:eth0", what: "dropped", mend: "open it", fault: true };
    const causes = [cause, { ...cause, code: "nobody", what: "nobody", mend: null, fault: false }];
    const node = running({}, { alone: { seconds: 20, causes } });
    expect(results(solitudeChecks(facts({ node })))).toEqual([
      "alone:mdns_x:eth0 fail",
      "alone:nobody warn",
    ]);
    // What a network was at fault of has been tried anew.
    const links = [{ ...heard, refused: [], causes: [cause] }];
    const backends = [{ name: "mdns", state: "running", detail: "", links }];
    const told = (name: string) => {
      const multicast = [{ ...heard, name }];
      const tried = running({}, { ...node.local, backends });
      return results(solitudeChecks(facts({ node: tried, machine: machine({ multicast }) })));
    };
    expect(told("eth0")).toEqual(["alone:nobody warn"]);
    expect(told("eth1")).toEqual(["alone:mdns_x:eth0 fail", "alone:nobody warn"]);
  });

  test("what to do about a silent network is what this machine's firewall needs", () => {
    const silence: Cause = {
      code: "mdns_silence:eth0",
      what: "silence",
      mend: "let in",
      fault: false,
    };
    const links = [{ ...heard, refused: [], causes: [silence] }];
    const backends = [{ name: "mdns", state: "running", detail: "", links }];
    const node = running({}, { alone: { seconds: 20, causes: [silence] }, backends });
    const mend = (firewall: MachineFacts["firewall"]) =>
      solitudeChecks(facts({ node, machine: machine({ firewall }) }))[0]?.mend;
    const join = "run tankd doctor on the other machine, or: tankd join http://ADDRESS:8000";
    expect(mend(NO_FIREWALL)).toBe(join);
    const command = "sudo nft insert rule inet f i udp dport 5353 accept";
    expect(mend(nftables(true))).toBe(`${command}; ${join}`);
    expect(solitudeChecks({ machine: undefined, node })[0]?.mend).toBe("let in");
  });

  test("what a backend has failed by is told once, with the mend that is known best", () => {
    const mend = "see who holds it";
    const cause: Cause = { code: "mdns_unusable:eth0", what: "taken", mend, fault: true };
    const links = [{ ...heard, refused: [], causes: [cause] }];
    const backends = [
      { name: "mdns", state: "failed", detail: "taken", links },
      { name: "hub", state: "failed", detail: "silent" },
    ];
    const causes = [{ ...cause, code: "failed:hub", what: "silent" }, cause];
    const node = running({}, { backends, alone: { seconds: 20, causes } });
    expect(results(solitudeChecks(facts({ node })))).toEqual([]);
    expect(discoveryChecks(facts({ node }))[0]?.mend).toBe(mend);
  });

  test("nobody is told to be alone who is not", () => {
    expect(solitudeChecks(facts())).toEqual([]);
  });
});

describe("the clock", () => {
  const offsets = (...ms: readonly (number | null)[]) => {
    const peers = ms.map((clock_offset_ms, at) => peer({ server_id: `n${at}`, clock_offset_ms }));
    return clockChecks(facts({ node: running(trialOf(...peers)) }));
  };

  test("is compared with others", () => {
    expect(offsets(12, -900, 1_500)).toMatchObject([
      { result: "ok", what: "the clocks of 3 others differ by at most 1.5 s" },
    ]);
    expect(offsets(5, 90_000)).toMatchObject([
      { id: "clock:n1", result: "warn", what: "the clock of n1 is 90 s ahead of this one" },
    ]);
    expect(offsets(null)).toMatchObject([{ result: "ok" }]);
  });

  test("is the one that is wrong where most others agree", () => {
    const [check, ...more] = offsets(90_000, 90_100, 3);
    expect(check).toMatchObject({ id: "clock", result: "warn" });
    expect(check?.what).toStartWith("this clock is 90 s behind most others");
    expect(more).toEqual([]);
  });

  test("of a machine without a battery is a finding", () => {
    expect(clockChecks(alone({ wallMs: 86_400_000 }))).toMatchObject([
      { result: "fail", what: "the clock of this machine says 1970-01-02T00:00:00.000Z" },
    ]);
  });

  test("is compared with the hub that a start would ask", () => {
    const answer = { kind: "answers", server: "reef", clockOffsetMs: -3_600_000 } as const;
    const [check] = clockChecks(alone({ hubs: [{ url: "u", port: 1, answer }] }));
    expect(check).toMatchObject({ id: "clock:reef", result: "warn" });
  });
});

describe("the machine", () => {
  test.each([
    [{ limit: 65_536, open: 30 }, "ok"],
    [{ limit: undefined, open: undefined }, "ok"],
    [undefined, "unknown"],
    [{ limit: 1_024, open: undefined }, "warn"],
    [{ limit: 65_536, open: 60_000 }, "warn"],
    [{ limit: 64, open: undefined }, "fail"],
  ] as const)("descriptors %j: %s", (descriptors, result) => {
    expect(one(machineChecks(alone({ descriptors })), "descriptors")?.result).toBe(result);
  });

  test.each([
    ["3.54.1", "ok"],
    ["3.51.3", "ok"],
    ["3.51.2", "warn"],
    ["3.50.7", "ok"],
    ["3.50.6", "warn"],
    ["3.49.9", "warn"],
    ["3.44.6", "ok"],
    ["3.43.9", "warn"],
    ["3.37.0", "warn"],
    ["3.36.9", "fail"],
    ["2.99.99", "fail"],
    ["4.0.0", "ok"],
    ["", "fail"],
  ])("SQLite %s: %s", (sqliteVersion, result) => {
    expect(one(machineChecks(alone({ sqliteVersion })), "sqlite")?.result).toBe(result as "ok");
  });
});

describe("the data directory", () => {
  const judge = (change: Partial<DirectoryReport>, isRunning = false) => {
    const directory = { ...machine().directory, ...change };
    const node = isRunning ? running() : ({ kind: "none" } as const);
    return directoryChecks(facts({ machine: machine({ directory }), node }));
  };
  const failure = { failure: "the disk is read-only (EROFS)" };

  test("that is fine", () => {
    expect(judge({}).map(({ what }) => what)).toEqual([
      "/data is writable (1.2 ms), not in use",
      "51200 MB are free at /data",
      "/data is on ext4 (/)",
    ]);
    expect(judge({}, true)[0]?.what).toEndWith("in use by the node");
    expect(judge({ kind: "absent" })[0]?.what).toBe("/data will be created at the first start");
  });

  test.each([
    [{ kind: "foreign", reason: "it contains photos" }, "fail"],
    [{ kind: "unreadable", reason: "access is denied (EACCES)" }, "fail"],
    [{ kind: "unreadable", reason: "x", foreignOwner: 998 }, "fail"],
    [{ write: failure }, "fail"],
    [{ strayPid: 42 }, "warn"],
    [{ isOpen: true }, "warn"],
    [{ write: { tookMs: 900 } }, "warn"],
  ] as const)("%j: %s", (change, result) => {
    expect(judge(change)[0]?.result).toBe(result);
  });

  test("of a node that runs as another user is its own business", () => {
    expect(judge({ kind: "unreadable", foreignOwner: 998 }, true)[0]?.result).toBe("ok");
    // Root may look, and it is its directory then.
    expect(judge({ foreignOwner: 998 })[0]?.result).toBe("ok");
  });

  test.each([
    [{ freeBytes: 400 * 2 ** 20, freeFiles: 1_000 }, "warn"],
    [{ freeBytes: 2 ** 20, freeFiles: 1_000 }, "fail"],
    [{ freeBytes: 2 ** 40, freeFiles: 3 }, "fail"],
    [{ freeBytes: 2 ** 40, freeFiles: 0 }, "ok"],
  ] as const)("with this space %j: %s", (space, result) => {
    expect(one(judge({ space }), "space")?.result).toBe(result);
  });

  test.each([
    ["nfs4", "a network file system"],
    ["cifs", "a network file system"],
    ["fuse.sshfs", "a network file system"],
    ["tmpfs", "empty after a restart"],
    ["overlay", "with its container"],
  ])("on %s is a warning", (type, words) => {
    const check = one(judge({ mount: { type, mountPoint: "/data" } }), "filesystem");
    expect([check?.result, check?.what]).toEqual(["warn", expect.stringContaining(words)]);
  });

  test("has a name that a shell takes as it is", () => {
    const [check] = judge({ isOpen: true, path: "/it's; rm" });
    expect(check?.mend).toBe("chmod go-w '/it'\\''s; rm'");
  });
});
