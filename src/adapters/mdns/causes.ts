import type { Cause } from "../../discovery/backend.ts";
import { MDNS_PORT } from "./station.ts";
import type { RecentTraffic } from "./traffic.ts";

/** One interface, with the facts that tell why nobody is found on it. */
export interface LinkFacts {
  readonly name: string;
  readonly isLoopback: boolean;
  /** Whether a socket is open and sends packets. */
  readonly isWorking: boolean;
  /** Why sockets fail. */
  readonly failures: readonly string[];
  readonly traffic: RecentTraffic;
}

const PORT = `UDP port ${MDNS_PORT}`;
const LET_IN = `open ${PORT} (sudo tankd doctor names the command, where a firewall is active)`;
const JOIN = "tankd join http://ADDRESS:8000 of another node";
/** A starting node sends more than this; before that its figures mean nothing. */
const MULTICASTS_MIN = 2;
/** The error of a send that a firewall blocks. */
const FORBIDDEN = /\b(EPERM|EACCES)\b/;
const TAKEN = /\bEADDRINUSE\b/;

/** Why multicast DNS finds nobody on an interface; nothing if somebody was found. */
export function causesOn(link: LinkFacts): readonly Cause[] {
  const found = causeOn(link);
  return found === undefined ? [] : [{ ...found, code: `mdns_${found.code}:${link.name}` }];
}

function causeOn({ name, isWorking, isLoopback, failures, traffic }: LinkFacts): Cause | undefined {
  if (!isWorking) return failures.length === 0 ? undefined : unusable(name, failures.join("; "));
  if (traffic.found || traffic.multicasts < MULTICASTS_MIN) return undefined;
  if (traffic.heard) return unanswered(name);
  if (isLoopback) {
    return {
      code: "no_network",
      what: "this machine has no network but its own loopback",
      mend: "connect it to a network; tankd uses it at once",
      fault: false,
    };
  }
  if (traffic.outsider !== undefined) {
    return {
      code: "other_network",
      what: `tankd is heard on ${name} from ${traffic.outsider}, which is in no network of ${name}`,
      mend: `give both machines addresses of one network, or ${JOIN}`,
      fault: true,
    };
  }
  if (traffic.unechoed >= MULTICASTS_MIN) {
    return {
      code: "dropped_here",
      what: `not even its own packets come back on ${name}: this machine drops ${PORT}`,
      mend: LET_IN,
      fault: true,
    };
  }
  return traffic.others ? onlyOthers(name) : nobody(name);
}

function unusable(name: string, reasons: string): Cause {
  return {
    code: "unusable",
    what: `${PORT} cannot be used on ${name}: ${reasons}`,
    mend: mendOf(reasons),
    fault: true,
  };
}

function mendOf(reasons: string): string | null {
  if (FORBIDDEN.test(reasons)) return `allow ${PORT} outbound in the firewall of this machine`;
  if (TAKEN.test(reasons))
    return `find the program that uses it: sudo ss -ulpn 'sport = :${MDNS_PORT}'`;
  return null;
}

function unanswered(name: string): Cause {
  return {
    code: "unanswered",
    what:
      `other nodes are heard on ${name}, but none answers: ` +
      "the queries of this one do not reach them",
    mend: `on their machines ${LET_IN}`,
    fault: true,
  };
}

function onlyOthers(name: string): Cause {
  return {
    code: "only_others",
    what:
      `other programs are heard on ${name}, but no other tankd: none runs on this network, ` +
      `or its machine drops ${PORT}`,
    mend: `run tankd doctor on the other machine, or ${JOIN}`,
    fault: false,
  };
}

function nobody(name: string): Cause {
  return {
    code: "silence",
    what:
      `nothing is heard on ${name} but its own packets: no node is there, or something in ` +
      "between " +
      "drops multicast (client isolation of Wi-Fi, a switch, a firewall)",
    mend: `${LET_IN}, or ${JOIN}`,
    fault: false,
  };
}
