/** What a cluster costs its machine, read from the kernel after the fact. */
import { readFileSync } from "node:fs";
import type { Lab } from "../../test/support/lab.ts";
import { processorSeconds } from "../proc.ts";

export interface Costs {
  /** Of all nodes together, their whole processes. */
  readonly cpuSeconds: number;
  /** Multicast IP packets that arrived, at all nodes together, however many sockets read them. */
  readonly multicastPackets: number;
}

export function costsOf({ nodes }: Lab): Costs {
  const pids = nodes.map((node) => node.process.pid);
  return {
    cpuSeconds: sum(pids.map(processorSeconds)),
    multicastPackets: sum(pids.map(multicastReceived)),
  };
}

export function costsBetween(before: Costs, after: Costs): Costs {
  return {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    multicastPackets: after.multicastPackets - before.multicastPackets,
  };
}

/** Counters of the namespace in which the process runs. */
function multicastReceived(pid: number): number {
  const v4 = columnOf(readFileSync(`/proc/${pid}/net/netstat`, "utf8"), "IpExt", "InMcastPkts");
  const v6 = /^Ip6InMcastPkts\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/net/snmp6`, "utf8"))?.[1];
  return v4 + Number(v6 ?? 0);
}

/** netstat(5): a line of names and a line of values for each group. */
function columnOf(text: string, group: string, name: string): number {
  const [names = [], values = []] = text
    .split("\n")
    .filter((line) => line.startsWith(`${group}:`))
    .map((line) => line.split(" "));
  return Number(values[names.indexOf(name)] ?? Number.NaN);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
