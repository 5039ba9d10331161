import { describe, expect, test } from "bun:test";
import {
  type FirewallFacts,
  type FirewallSources,
  readFirewall,
} from "../../../src/node/doctor/firewall.ts";
import { judgeIptables } from "../../../src/node/doctor/iptables-rules.ts";

const API = { port: 8000, protocol: "tcp" } as const;
const MDNS = { port: 5353, protocol: "udp" } as const;

/** A system on which these programs say something, each by its command line. */
function read(
  programs: Readonly<Record<string, string | number>>,
  more: Partial<FirewallSources> = {},
): Promise<FirewallFacts> {
  const run = async (command: readonly string[]) => {
    const said = programs[command.join(" ")];
    if (said === undefined) return undefined;
    return typeof said === "number"
      ? { exitCode: said, stdout: "" }
      : { exitCode: 0, stdout: said };
  };
  const sources = { platform: "linux", hasIpv6: true, run, readText: () => undefined, ...more };
  return readFirewall(sources, [API, MDNS]);
}

const open = ({ ports }: FirewallFacts) => ports.map(({ isOpen }) => isOpen);

test("without any program that filters packets there is no firewall", async () => {
  expect(await read({})).toEqual({ kind: "none", ports: [], chains: [] });
  const idle = { "ufw status verbose": "Status: inactive\n", "firewall-cmd --state": 252 };
  const rules = { "iptables -S": "-P INPUT ACCEPT\n", "nft -j list ruleset": '{"nftables": []}' };
  expect((await read({ ...idle, ...rules })).kind).toBe("none");
});

test("what this user may not look at is not said to be open", async () => {
  const found = await read({ "iptables -S": 4, "nft -j list ruleset": 1 });
  expect([found.kind, open(found)]).toEqual(["unknown", [undefined, undefined]]);
  const garbage = await read({ "nft -j list ruleset": "{]" });
  expect(garbage.kind).toBe("unknown");
});

describe("ufw", () => {
  const status = (...rules: readonly string[]) =>
    [
      "Status: active",
      "Logging: on (low)",
      "Default: deny (incoming), allow (outgoing), disabled (routed)",
      "",
      "To                         Action      From",
      "--                         ------      ----",
      ...rules,
      "",
    ].join("\n");
  const judge = async (...rules: readonly string[]) =>
    open(await read({ "ufw status verbose": status(...rules) }));

  test.each([
    ["8000/tcp                   ALLOW IN    Anywhere                  ", true],
    ["8000                       LIMIT IN    Anywhere", true],
    ["7990:8010/tcp              ALLOW IN    Anywhere", true],
    ["8000/tcp                   DENY IN     Anywhere", false],
    ["8000/udp                   ALLOW IN    Anywhere", false],
    ["8000/tcp                   ALLOW IN    192.168.0.0/16", false],
    ["22/tcp                     ALLOW IN    Anywhere", false],
  ])("%s", async (rule, isOpen) => {
    expect(await judge(rule)).toEqual([isOpen, undefined]);
  });

  test("lets multicast DNS in by itself, unless the operator's rules forbid it", async () => {
    expect(await judge("5353/udp                   DENY IN     Anywhere")).toEqual([false, false]);
    expect(await judge("5353/udp                   ALLOW IN    Anywhere")).toEqual([false, true]);
  });

  test("is known to be on also by who may not ask it", async () => {
    const readText = (path: string) =>
      path === "/etc/ufw/ufw.conf" ? "# x\nENABLED=yes\n" : undefined;
    const found = await read({ "ufw status verbose": 1 }, { readText });
    expect([found.kind, open(found)]).toEqual(["ufw", [undefined, undefined]]);
    expect((await read({ "ufw status verbose": 1 })).kind).toBe("none");
  });
});

test("firewalld is asked for each port, and for its service of multicast DNS", async () => {
  const found = await read({
    "firewall-cmd --state": "running\n",
    "firewall-cmd --query-port=8000/tcp": "no\n",
    "firewall-cmd --query-port=5353/udp": "no\n",
    "firewall-cmd --query-service=mdns": "yes\n",
  });
  expect([found.kind, open(found)]).toEqual(["firewalld", [false, true]]);
});

describe("iptables", () => {
  const head = ["-P INPUT DROP", "-N mine", "-A INPUT -i lo -j ACCEPT"];
  const states = "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT";
  const judge = (...rules: readonly string[]) =>
    judgeIptables([...head, states, ...rules].join("\n"), API);

  test.each([
    [[], false],
    [["-A INPUT -p tcp -m tcp --dport 8000 -j ACCEPT"], true],
    [["-A INPUT -p tcp -m multiport --dports 22,7990:8010 -j ACCEPT"], true],
    [['-A INPUT -p tcp --dport 8000 -m comment --comment "-j DROP" -j ACCEPT'], true],
    [["-A INPUT -p udp -m udp --dport 8000 -j ACCEPT"], false],
    [["-A INPUT -s 10.0.0.0/8 -p tcp --dport 8000 -j ACCEPT"], false],
    [["-A INPUT -j LOG", "-A INPUT -j ACCEPT"], true],
    [["-A INPUT -j REJECT --reject-with icmp-port-unreachable", "-A INPUT -j ACCEPT"], false],
    [["-A INPUT -j mine", "-A mine -p tcp --dport 8000 -j ACCEPT"], true],
    [["-A INPUT -j mine", "-A mine -p tcp --dport 80 -j ACCEPT", "-A INPUT -j ACCEPT"], true],
    [["-A INPUT -j mine", "-A mine -j RETURN", "-A mine -j ACCEPT"], false],
    [["-A INPUT ! -i lo -p tcp --dport 8000 -j DROP", "-A INPUT -j ACCEPT"], undefined],
    [["-A INPUT -i eth0 -j mine", "-A mine -j DROP", "-A INPUT -j ACCEPT"], undefined],
    // Somebody is shut out by his address, as fail2ban does: that is not about the port.
    [["-A INPUT -s 203.0.113.9 -j DROP", "-A INPUT -j ACCEPT"], true],
    [["-A INPUT -j mine", "-A mine -j mine"], undefined],
  ] as const)("%j", (rules, isOpen) => {
    expect(judge(...rules)).toBe(isOpen);
  });

  test("that lets all in leaves it to nftables", async () => {
    const listing = "-P INPUT ACCEPT\n-P FORWARD DROP\n-A FORWARD -j DROP\n";
    expect((await read({ "iptables -S": listing })).kind).toBe("none");
    const closed = await read({ "iptables -S": "-P INPUT DROP\n" });
    expect([closed.kind, open(closed)]).toEqual(["iptables", [false, false]]);
  });
});

describe("ip6tables", () => {
  const [shut, wide] = ["-P INPUT DROP\n", "-P INPUT ACCEPT\n"];
  const mdnsOnly = `${shut}-A INPUT -p udp --dport 5353 -j ACCEPT\n`;
  const rules = async (
    v4: string | number,
    v6: string | number | undefined,
    more: Partial<FirewallSources> = {},
  ) => {
    const programs = { "iptables -S": v4, ...(v6 !== undefined && { "ip6tables -S": v6 }) };
    const { kind, ports } = await read(programs, more);
    return [kind, ...ports.map(({ isOpen, by }) => `${isOpen} ${by ?? ""}`)];
  };

  test("is asked beside iptables: a port is open where both let all in", async () => {
    expect(await rules(wide, shut)).toEqual(["iptables", "false ip6tables", "false ip6tables"]);
    expect(await rules(wide, mdnsOnly)).toEqual(["iptables", "false ip6tables", "true "]);
    expect(await rules(mdnsOnly, shut)).toEqual([
      "iptables",
      "false iptables and ip6tables",
      "false ip6tables",
    ]);
    expect(await rules(shut, wide)).toEqual(["iptables", "false iptables", "false iptables"]);
    const some = `${wide}-A INPUT ! -i lo -j mine\n-N mine\n-A mine -j DROP\n`;
    expect((await rules(wide, some))[1]).toBe("undefined ip6tables");
    expect(await rules(wide, wide)).toEqual(["none"]);
  });

  test("is of no matter where nobody comes by IPv6, or where it is not there", async () => {
    expect(await rules(wide, shut, { hasIpv6: false })).toEqual(["none"]);
    expect(await rules(wide, undefined)).toEqual(["none"]);
    expect(await rules(wide, 3)).toEqual(["none"]);
    expect((await rules(4, 4))[0]).toBe("unknown");
  });
});

describe("nftables", () => {
  type Part = Readonly<Record<string, unknown>>;
  const chain = (policy: string, more: Part = {}) => ({
    chain: {
      family: "inet",
      table: "f",
      name: "i",
      type: "filter",
      hook: "input",
      policy,
      ...more,
    },
  });
  const rule = (...expr: readonly Part[]) => ({
    rule: { family: "inet", table: "f", chain: "i", expr },
  });
  const dport = (protocol: string, right: unknown) => ({
    match: { op: "==", left: { payload: { protocol, field: "dport" } }, right },
  });
  const meta = (key: string, right: unknown, op = "==") => ({
    match: { op, left: { meta: { key } }, right },
  });
  const established = {
    match: { op: "in", left: { ct: { key: "state" } }, right: ["established"] },
  };
  const [accept, drop] = [{ accept: null }, { drop: null }];
  const judge = (...objects: readonly Part[]) => {
    const nftables = [{ metainfo: { version: "1.0.6" } }, { table: { name: "f" } }, ...objects];
    return read({ "nft -j list ruleset": JSON.stringify({ nftables }) });
  };

  test.each([
    ["a policy", [chain("drop"), rule(established, accept)], false],
    ["one port", [chain("drop"), rule(dport("tcp", 8000), { counter: {} }, accept)], true],
    ["a set", [chain("drop"), rule(dport("tcp", { set: [22, 8000] }), accept)], true],
    [
      "a range in a set",
      [chain("drop"), rule(dport("tcp", { set: [{ range: [7990, 8010] }] }), accept)],
      true,
    ],
    ["any transport", [chain("drop"), rule(dport("th", 8000), accept)], true],
    ["the other transport", [chain("drop"), rule(dport("udp", 8000), accept)], false],
    ["a set elsewhere", [chain("drop"), rule(dport("tcp", "@ours"), accept)], false],
    ["all of TCP", [chain("drop"), rule(meta("l4proto", "tcp"), accept)], true],
    ["a port that is dropped", [chain("accept"), rule(dport("tcp", 8000), drop)], false],
    [
      "a port that is dropped but on loopback",
      [chain("accept"), rule(meta("iifname", "lo", "!="), dport("tcp", 8000), drop)],
      undefined,
    ],
    [
      "what iptables alone can read",
      [chain("accept"), rule({ xt: null }, dport("tcp", 8000), drop)],
      undefined,
    ],
    [
      "a map of ports",
      [chain("drop"), rule({ vmap: { key: { payload: {} }, data: {} } })],
      undefined,
    ],
    ["a map of states", [chain("drop"), rule({ vmap: { key: { ct: {} }, data: {} } })], false],
    ["a rejection of all", [chain("accept"), rule({ reject: { type: "icmpx" } })], false],
  ] as const)("%s", async (_, objects, isOpen) => {
    const found = await judge(...objects);
    expect([found.kind, open(found)[0]]).toEqual(["nftables", isOpen]);
    expect(found.chains).toEqual([{ family: "inet", table: "f", name: "i" }]);
  });

  test("follows jumps, and asks every chain that packets pass", async () => {
    const extra = { chain: { family: "inet", table: "f", name: "extra" } };
    const inside = { rule: { ...rule(dport("tcp", 8000), accept).rule, chain: "extra" } };
    const jump = rule({ jump: { target: "extra" } });
    expect(open(await judge(chain("drop"), extra, inside, jump))).toEqual([true, false]);
    const second = chain("drop", { table: "g" });
    const both = await judge(chain("drop"), extra, inside, jump, second);
    expect([open(both), both.chains.length]).toEqual([[false, false], 2]);
  });

  test("that keeps nothing out is no firewall", async () => {
    const forward = chain("drop", { hook: "forward" });
    expect((await judge(chain("accept"), rule(dport("tcp", 22), accept), forward)).kind).toBe(
      "none",
    );
    expect((await judge(forward)).kind).toBe("none");
  });
});

test.each([
  ["darwin", "/usr/libexec/ApplicationFirewall/socketfilterfw --getglobalstate", "macos"],
  ["win32", "netsh advfirewall show currentprofile state", "windows"],
])("on %s the system's own is asked whether it is on", async (platform, command, kind) => {
  const on = await read(
    { [command]: "Firewall is enabled. (State = 1)  State   ON" },
    { platform },
  );
  expect([on.kind, open(on)]).toEqual([kind as typeof on.kind, [undefined, undefined]]);
  const off = { [command]: "Firewall is disabled. (State = 0)  State   OFF" };
  expect((await read(off, { platform })).kind).toBe("none");
  expect((await read({}, { platform })).kind).toBe("unknown");
});
