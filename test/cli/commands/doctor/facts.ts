import type {
  Facts,
  MachineFacts,
  RunningFacts,
} from "../../../../src/cli/commands/doctor/facts.ts";
import type { PeerCheckup } from "../../../../src/cluster/checkup/checkup.ts";
import type { MulticastReport } from "../../../../src/node/doctor/examiner.ts";
import type { FirewallFacts } from "../../../../src/node/doctor/firewall.ts";
import type { InterfaceAddress } from "../../../../src/platform/machine.ts";
import { fakeServer } from "../../../api/fake-records.ts";

/** Facts of a machine and a node on which everything is fine, to be changed in one place. */

export const CARD: InterfaceAddress = {
  interfaceName: "eth0",
  address: "10.0.0.1",
  family: "IPv4",
  internal: false,
  prefixLength: 24,
};

export const HERE = { host: "10.0.0.1", port: 8000 };

export const heard: MulticastReport = {
  name: "eth0",
  family: "IPv4",
  sent: 2,
  heard: 1,
  others: 3,
  refused: [],
  causes: [],
};

export const NO_FIREWALL: FirewallFacts = { kind: "none", ports: [], chains: [] };

export function nftables(isOpen: boolean | undefined): FirewallFacts {
  const ports = [
    { port: 8000, protocol: "tcp", isOpen },
    { port: 5353, protocol: "udp", isOpen: true },
  ] as const;
  return { kind: "nftables", ports, chains: [{ family: "inet", table: "f", name: "i" }] };
}

export function machine(change: Partial<MachineFacts> = {}): MachineFacts {
  return {
    platform: "linux",
    isContainer: false,
    settingsProblem: undefined,
    port: 8000,
    isPortAsked: false,
    portUse: undefined,
    interfaces: [CARD],
    defaultRouteInterface: "eth0",
    unmatchedInterfaces: [],
    addresses: [HERE],
    multicast: [heard],
    firewall: NO_FIREWALL,
    descriptors: { limit: 65_536, open: 30 },
    directory: {
      path: "/data",
      kind: "ours",
      reason: undefined,
      foreignOwner: undefined,
      isOpen: false,
      write: { tookMs: 1.2 },
      space: { freeBytes: 50 * 2 ** 30, freeFiles: 1_000_000 },
      mount: { type: "ext4", mountPoint: "/" },
      strayPid: undefined,
      databaseFault: undefined,
    },
    sqliteVersion: "3.54.1",
    wallMs: Date.parse("2030-01-01T00:00:00Z"),
    hubs: [],
    ...change,
  };
}

export function peer(change: Partial<PeerCheckup> = {}): PeerCheckup {
  return {
    node_id: "node-b",
    server_id: "reef",
    role: "hub",
    status: "online",
    version: "1.2.3",
    addresses: [{ host: "10.0.0.2", port: 8000 }],
    failure: null,
    rtt_ms: 2,
    clock_offset_ms: 12,
    dial_back: [{ ...HERE, reached: true, reason: null }],
    dial_back_failure: null,
    ...change,
  };
}

/** How the other one fares that cannot reach this node. */
export function deaf(reason: string | null, change: Partial<PeerCheckup> = {}): PeerCheckup {
  return peer({ dial_back: [{ ...HERE, reached: false, reason }], ...change });
}

export function running(
  change: Partial<RunningFacts> = {},
  local: Partial<RunningFacts["local"]> = {},
): RunningFacts {
  return {
    kind: "running",
    url: "http://127.0.0.1:8000",
    local: {
      ...fakeServer("node-a"),
      role: "worker",
      version: "1.2.3",
      uptime_seconds: 100,
      hub: null,
      term: null,
      backends: [{ name: "mdns", state: "running", detail: "on eth0" }],
      alone: null,
      ...local,
    },
    notReady: undefined,
    trial: { addresses: [HERE], peers: [peer()], left_out: 0 },
    ...change,
  };
}

export function trialOf(...peers: readonly PeerCheckup[]): Partial<RunningFacts> {
  return { trial: { addresses: [HERE], peers: [...peers], left_out: 0 } };
}

export function facts(change: Partial<Facts> = {}): Facts {
  return { machine: machine(), node: running(), ...change };
}
