import { describe, expect, test } from "bun:test";
import type { Check } from "../../../../src/cli/commands/doctor/check.ts";
import { firewallChecks } from "../../../../src/cli/commands/doctor/checks/firewall.ts";
import { multicastChecks } from "../../../../src/cli/commands/doctor/checks/multicast.ts";
import { peerChecks } from "../../../../src/cli/commands/doctor/checks/peers.ts";
import { portChecks } from "../../../../src/cli/commands/doctor/checks/ports.ts";
import type { PortFacts } from "../../../../src/cli/commands/doctor/facts.ts";
import { openCommand } from "../../../../src/cli/commands/doctor/firewall-commands.ts";
import type { PeerCheckup } from "../../../../src/cluster/checkup/checkup.ts";
import type { MulticastReport } from "../../../../src/node/doctor/examiner.ts";
import type { FirewallFacts } from "../../../../src/node/doctor/firewall.ts";
import {
  CARD,
  deaf,
  facts,
  HERE,
  heard,
  machine,
  NO_FIREWALL,
  nftables,
  peer,
  running,
  trialOf,
} from "./facts.ts";

const results = (checks: readonly Check[]) => checks.map(({ id, result }) => `${id} ${result}`);
const withPeers = (...peers: readonly PeerCheckup[]) => running(trialOf(...peers));
const FAR = { addresses: [{ host: "203.0.113.9", port: 8000 }] };

describe("multicast", () => {
  const dropped: MulticastReport["causes"][number] = {
    code: "mdns_dropped_here:eth0",
    what: "not even its own packets come back on eth0",
    mend: "sudo ufw allow 5353/udp",
    fault: true,
  };
  const judge = (...multicast: readonly MulticastReport[]) =>
    multicastChecks(facts({ machine: machine({ multicast, firewall: nftables(true) }) }));
  const byV6 = { ...heard, family: "IPv6" } as const;
  const silent = { ...heard, heard: 0, others: 0 };

  test("that goes both ways is fine; where it is not used nothing is asked of it", () => {
    expect(judge(heard)).toMatchObject([
      {
        id: "multicast:eth0:IPv4",
        result: "ok",
        what: "eth0 by IPv4: 2 sent, 1 heard of other nodes, 3 of other programs",
      },
    ]);
    const unused = facts({ machine: machine({ multicast: undefined }) });
    expect(results(multicastChecks(unused))).toEqual(["multicast ok"]);
    expect(results(judge())).toEqual(["multicast unknown"]);
  });

  test("that does not come back is a finding with the command of the firewall", () => {
    expect(judge({ ...silent, causes: [dropped] })).toMatchObject([
      { result: "fail", mend: "sudo nft insert rule inet f i udp dport 5353 accept" },
    ]);
    const none = machine({ multicast: [{ ...silent, causes: [dropped] }] });
    expect(multicastChecks(facts({ machine: none }))[0]?.mend).toBe(dropped.mend);
  });

  test("that something else is at fault of is not mended by the firewall's command", () => {
    const mend = "give both machines addresses of one network";
    const other = { ...dropped, code: "mdns_other_network:eth0", mend };
    expect(judge({ ...silent, causes: [other] })[0]?.mend).toBe(mend);
  });

  test("is a warning where the other protocol works", () => {
    expect(results(judge({ ...silent, causes: [dropped] }, byV6))).toEqual([
      "multicast:eth0:IPv4 warn",
      "multicast:eth0:IPv6 ok",
    ]);
  });

  test("is a warning where a neighbour should be heard and is not", () => {
    const card = { ...CARD, interfaceName: "eth1", address: "10.1.0.1" };
    const there = machine({
      interfaces: [CARD, card],
      multicast: [silent, { ...silent, name: "eth1" }],
    });
    expect(results(multicastChecks(facts({ machine: there })))).toEqual([
      "multicast:eth0:IPv4 ok",
      "multicast:eth0 warn",
      "multicast:eth1:IPv4 ok",
    ]);
    const far = facts({ machine: there, node: withPeers(peer(FAR)) });
    expect(results(multicastChecks(far))).toEqual([
      "multicast:eth0:IPv4 ok",
      "multicast:eth1:IPv4 ok",
    ]);
  });
});

describe("the port here", () => {
  const judge = (portUse: PortFacts, isPortAsked = false) =>
    portChecks({ machine: machine({ portUse, isPortAsked }), node: { kind: "none" } })[0];
  const by = { pid: 812, name: "nginx" };

  test("that is free, or cannot be had", () => {
    expect(judge({ use: { kind: "free" }, server: undefined })?.result).toBe("ok");
    const use = { kind: "impossible", reason: "permission denied" } as const;
    expect(judge({ use, server: undefined })).toMatchObject({ result: "fail" });
  });

  test("that is taken says by whom, and is a finding where somebody asked for it", () => {
    const nginx = { use: { kind: "taken", by }, server: undefined } as const;
    expect(judge(nginx)).toMatchObject({
      result: "warn",
      what:
        "TCP port 8000 is taken by nginx (pid 812); a node that is started uses the next " +
        "free one",
    });
    expect(judge(nginx, true)).toMatchObject({
      result: "fail",
      mend: expect.stringContaining("--port"),
    });
    const tankd = { use: { kind: "taken", by: undefined }, server: "reef" } as const;
    expect(judge(tankd)?.what).toStartWith("TCP port 8000 is taken by the tankd reef;");
    const hidden = { use: { kind: "taken", by: undefined }, server: undefined } as const;
    expect(judge(hidden)?.what).toStartWith("TCP port 8000 is taken by another program;");
  });
});

describe("the port from outside", () => {
  const judge = (node: ReturnType<typeof running>, firewall = NO_FIREWALL) =>
    portChecks(facts({ node, machine: machine({ firewall }) }));

  test("that others reach", () => {
    expect(judge(withPeers(peer(), peer()))).toEqual([
      {
        id: "outside:10.0.0.1:8000",
        result: "ok",
        what: "2 of 2 reach it at 10.0.0.1:8000",
        mend: null,
      },
    ]);
  });

  test("that a neighbour does not reach is closed: a finding with the command", () => {
    const [check] = judge(withPeers(deaf("no answer in time")), nftables(undefined));
    expect(check).toEqual({
      id: "outside:10.0.0.1:8000",
      result: "fail",
      what: "1 of 1 do not reach it at 10.0.0.1:8000 (reef): no answer in time",
      mend: "sudo nft insert rule inet f i tcp dport 8000 accept",
    });
    expect(judge(withPeers(deaf(null)))[0]).toMatchObject({ result: "fail" });
  });

  test("that nobody elsewhere reaches may lie behind a router", () => {
    const [check] = judge(withPeers(deaf(null, FAR)));
    expect([check?.result, check?.mend]).toEqual(["warn", expect.stringContaining("router")]);
  });

  test("that some reach, or that is reached at another address, is no finding", () => {
    expect(results(judge(withPeers(peer(), deaf("connection refused"))))).toEqual([
      "outside:10.0.0.1:8000 warn",
    ]);
    const other = { host: "10.9.0.1", port: 8000 };
    const reached = { ...HERE, reached: true, reason: null };
    const trial = {
      addresses: [HERE, other],
      peers: [peer({ dial_back: [reached, { ...other, reached: false, reason: null }] })],
      left_out: 0,
    };
    expect(results(judge(running({ trial })))).toEqual([
      "outside:10.0.0.1:8000 ok",
      "outside:10.9.0.1:8000 ok",
    ]);
  });

  test("is unknown without anybody to ask, or without the token", () => {
    const unasked = peer({ dial_back: null, dial_back_failure: "its version cannot be asked" });
    for (const node of [withPeers(), withPeers(unasked)]) {
      expect(results(judge(node))).toEqual(["outside unknown"]);
    }
    const [check] = judge(running({ trial: { failure: "this needs the token" } }));
    expect(check?.what).toContain("this needs the token");
  });

  test("of a far node is judged without this machine", () => {
    const far = { machine: undefined, node: withPeers(deaf("no answer in time")) };
    expect(results(portChecks(far))).toEqual(["outside:10.0.0.1:8000 warn"]);
  });
});

describe("the firewall", () => {
  const judge = (firewall: FirewallFacts, node = withPeers(), reports = [{ ...heard, heard: 0 }]) =>
    firewallChecks(facts({ node, machine: machine({ firewall, multicast: reports }) }));

  test("that keeps a port closed is a finding with the command to type", () => {
    expect(results(judge(NO_FIREWALL))).toEqual(["firewall ok"]);
    expect(judge(nftables(false))).toMatchObject([
      {
        id: "firewall:8000/tcp",
        result: "fail",
        what: "nftables blocks TCP port 8000",
        mend: "sudo nft insert rule inet f i tcp dport 8000 accept",
      },
      { id: "firewall:5353/udp", result: "ok" },
    ]);
  });

  test("is doubtful where its rules are, unless packets have come in", () => {
    const unclear: FirewallFacts = {
      ...nftables(undefined),
      ports: [
        { port: 8000, protocol: "tcp", isOpen: undefined },
        { port: 5353, protocol: "udp", isOpen: undefined },
      ],
    };
    expect(results(judge(unclear))).toEqual(["firewall:8000/tcp warn", "firewall:5353/udp warn"]);
    expect(results(judge(unclear, withPeers(peer()), [heard]))).toEqual([
      "firewall:8000/tcp ok",
      "firewall:5353/udp ok",
    ]);
    expect(results(judge({ ...unclear, kind: "unknown" }))).toEqual([
      "firewall:8000/tcp unknown",
      "firewall:5353/udp unknown",
    ]);
  });

  test("has a name for each protocol where it has a program for each", () => {
    const port = { port: 8000, protocol: "tcp", isOpen: false, by: "ip6tables" } as const;
    expect(judge({ kind: "iptables", ports: [port], chains: [] })).toMatchObject([
      { result: "fail", what: "ip6tables blocks TCP port 8000" },
    ]);
  });

  test.each([
    ["ufw", "sudo ufw allow 8000/tcp"],
    [
      "firewalld",
      "sudo firewall-cmd --add-port=8000/tcp --permanent && sudo firewall-cmd --reload",
    ],
    [
      "iptables",
      "sudo iptables -I INPUT -p tcp --dport 8000 -j ACCEPT && " +
        "sudo ip6tables -I INPUT -p tcp --dport 8000 -j ACCEPT",
    ],
    [
      "windows",
      'netsh advfirewall firewall add rule name="tankd 8000" dir=in action=allow ' +
        "protocol=TCP localport=8000   (as Administrator)",
    ],
    ["none", null],
  ] as const)("%s", (kind, command) => {
    const port = { port: 8000, protocol: "tcp" } as const;
    expect(openCommand({ kind, ports: [], chains: [] }, port)).toBe(command);
  });
});

describe("each peer", () => {
  const judge = (...peers: readonly PeerCheckup[]) =>
    peerChecks(facts({ node: withPeers(...peers) }));

  test("that is reached and reaches this node", () => {
    expect(judge(peer())).toEqual([
      {
        id: "peer:reef",
        result: "ok",
        what: "reef (hub) is reached in 2 ms, and reaches this node",
        mend: null,
      },
    ]);
    expect(judge(peer({ version: "0.9.0" }))[0]?.what).toStartWith("reef (hub, version 0.9.0)");
    expect(results(judge())).toEqual(["peers ok"]);
  });

  test("that is reached and does not reach this node, or cannot say so", () => {
    expect(results(judge(deaf("no answer in time")))).toEqual(["peer:reef warn"]);
    const mute = peer({ dial_back: null, dial_back_failure: "its version cannot be asked" });
    expect(judge(mute)[0]).toMatchObject({
      result: "unknown",
      what: expect.stringContaining("its version cannot be asked"),
    });
  });

  test("that is not reached is a finding where it is a neighbour and online", () => {
    const failure = "no answer in time";
    expect(judge(peer({ failure }))[0]).toMatchObject({
      result: "fail",
      what: "reef (hub) is not reached at 10.0.0.2:8000: no answer in time",
      mend: "check that it runs and that its port is open: there, sudo tankd doctor",
    });
    expect(judge(peer({ failure, ...FAR }))[0]?.result).toBe("warn");
    expect(judge(peer({ failure, status: "offline" }))[0]?.result).toBe("warn");
  });

  test("that is reached through another node, or by its tunnel, is reached", () => {
    const failure = "no answer in time";
    expect(judge(peer({ failure, through: "reef-2" }))).toMatchObject([
      {
        result: "ok",
        what: `reef (hub) is reached through reef-2, and not by dialling: ${failure}`,
      },
    ]);
    const [here] = judge(peer({ failure, through: "node-a-label" }));
    expect(here?.what).toContain("is reached through the tunnel that it holds here");
  });

  test("behind a router says that this node holds a tunnel", () => {
    const hub = { server_id: "reef", node_id: "node-b", api_url: "http://203.0.113.9:8000" };
    const node = running(trialOf(deaf(null, FAR)), { hub, relay: "node-b" });
    expect(peerChecks(facts({ node }))).toMatchObject([
      { result: "ok", what: expect.stringContaining("reaches this node through reef") },
    ]);
    const [port] = portChecks(facts({ node }));
    expect([port?.result, port?.what]).toEqual(["ok", expect.stringContaining("tunnel")]);
    // Between neighbours it is a firewall all the same.
    const near = running(trialOf(deaf(null)), { hub, relay: "node-b" });
    expect(portChecks(facts({ node: near }))[0]?.result).toBe("fail");
  });

  test("that answers and is listed as offline", () => {
    expect(judge(peer({ status: "offline" }))[0]).toMatchObject({
      result: "warn",
      mend: expect.stringContaining("heartbeat"),
    });
  });

  test("of many those that were not tried are counted", () => {
    const trial = { addresses: [HERE], peers: [], left_out: 7 };
    const checks = peerChecks(facts({ node: running({ trial }) }));
    expect(results(checks)).toEqual(["peers ok", "peers unknown"]);
  });
});
