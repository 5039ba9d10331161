import type { Cause } from "../../../../discovery/backend.ts";
import { linkWords } from "../../../../discovery/link-words.ts";
import type { MulticastReport } from "../../../../node/doctor/examiner.ts";
import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, MachineFacts } from "../facts.ts";
import { openCommand } from "../firewall-commands.ts";
import { isNear } from "../same-network.ts";
import { isOfPort } from "./discovery.ts";

const MDNS = { port: 5353, protocol: "udp" } as const;

/** Checks multicast in both directions, on each interface and by each protocol. */
export function multicastChecks(facts: Facts): readonly Check[] {
  const { machine } = facts;
  if (machine === undefined) return [];
  const { multicast } = machine;
  if (multicast === undefined) return [ok("multicast", "discovery does not use it")];
  if (multicast.length === 0) return [unknown("multicast", "there is no network to test it on")];
  const names = [...new Set(multicast.map(({ name }) => name))];
  return names.flatMap((name) => {
    const reports = multicast.filter((report) => report.name === name);
    return checksOn(name, reports, machine, hasNeighbour(facts, machine, name));
  });
}

function checksOn(
  name: string,
  reports: readonly MulticastReport[],
  { firewall }: MachineFacts,
  isSomebodyThere: boolean,
): readonly Check[] {
  const command = openCommand(firewall, MDNS);
  // One protocol is enough for the nodes of a network to find each other.
  const isUsable = reports.some((report) => faultOf(report) === undefined);
  const checks = reports.map((report) => {
    const id = `multicast:${name}:${report.family}`;
    const fault = faultOf(report);
    if (fault === undefined) return ok(id, `${name} by ${report.family}: ${linkWords(report)}`);
    const judge = isUsable ? warn : fail;
    const mend = isOfPort(fault.code) ? (command ?? fault.mend) : fault.mend;
    return judge(id, `by ${report.family}: ${fault.what}`, mend);
  });
  const isDeaf = isUsable && isSomebodyThere && reports.every(({ heard }) => heard === 0);
  return isDeaf ? [...checks, deafCheck(name, command)] : checks;
}

function faultOf({ causes }: MulticastReport): Cause | undefined {
  return causes.find(({ fault }) => fault);
}

function deafCheck(name: string, command: string | null): Check {
  const what =
    `another node in the network of ${name} is not heard by multicast: it does not use it, ` +
    "or the network drops it";
  const mend = "let the access point or switch pass multicast (no client isolation)";
  return warn(`multicast:${name}`, what, command === null ? mend : `${command}, and ${mend}`);
}

/** Whether a member is known in the network of an interface, and so should be heard there. */
function hasNeighbour({ node }: Facts, { interfaces }: MachineFacts, name: string): boolean {
  if (node.kind !== "running" || !("peers" in node.trial)) return false;
  const here = interfaces.filter(({ interfaceName }) => interfaceName === name);
  return node.trial.peers.some(
    ({ failure, addresses }) =>
      failure === null && addresses.some(({ host }) => isNear(here, host)),
  );
}
