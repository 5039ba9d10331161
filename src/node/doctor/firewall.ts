import type { ProgramOutput } from "../../platform/real/programs.ts";
import { judgeIptables } from "./iptables-rules.ts";
import { judgeNftables, type NftChain } from "./nft-rules.ts";

/** A port that other machines must be able to reach. */
export interface WantedPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

/** Whether the rules admit all senders to a port; undefined where that is unclear. */
export interface PortRule extends WantedPort {
  readonly isOpen: boolean | undefined;
  /** The programs whose rules do not let all in, where the firewall has one for each protocol. */
  readonly by?: string;
}

export type FirewallKind =
  | "none"
  | "ufw"
  | "firewalld"
  | "iptables"
  | "nftables"
  | "macos"
  | "windows"
  /** This user may not read the rules. */
  | "unknown";

/** The active packet filter of this machine, if any. */
export interface FirewallFacts {
  readonly kind: FirewallKind;
  readonly ports: readonly PortRule[];
  /** Of nftables: the input chains. */
  readonly chains: readonly NftChain[];
}

/** The commands and files to examine. */
export interface FirewallSources {
  readonly platform: string;
  /** Whether others reach this machine by IPv6: rules for it matter nowhere else. */
  readonly hasIpv6: boolean;
  run(command: readonly [string, ...string[]]): Promise<ProgramOutput | undefined>;
  /** Undefined where the file does not exist or may not be read. */
  readText(path: string): string | undefined;
}

type Reader = (
  sources: FirewallSources,
  ports: readonly WantedPort[],
) => Promise<FirewallFacts | undefined>;

/**
 * In this order: ufw and firewalld generate rules for iptables or nftables, iptables for nftables.
 */
const LINUX: readonly Reader[] = [readUfw, readFirewalld, readIptables, readNftables];
const NONE: FirewallFacts = { kind: "none", ports: [], chains: [] };

/** The active firewall of this machine, and its rules about these ports. */
export async function readFirewall(
  sources: FirewallSources,
  ports: readonly WantedPort[],
): Promise<FirewallFacts> {
  if (sources.platform === "darwin") return readMacos(sources, ports);
  if (sources.platform === "win32") return readWindows(sources, ports);
  let isHidden = false;
  for (const read of LINUX) {
    const found = await read(sources, ports);
    if (found?.kind === "unknown") isHidden = true;
    else if (found !== undefined) return found;
  }
  return isHidden ? unjudged("unknown", ports) : NONE;
}

function unjudged(kind: FirewallKind, ports: readonly WantedPort[]): FirewallFacts {
  return { kind, ports: ports.map((one) => ({ ...one, isOpen: undefined })), chains: [] };
}

/** Its default rules admit multicast DNS. */
async function readUfw(sources: FirewallSources, ports: readonly WantedPort[]) {
  const asked = await sources.run(["ufw", "status", "verbose"]);
  if (asked === undefined) return undefined;
  if (asked.exitCode !== 0) {
    const isOn = /^ENABLED=yes/m.test(sources.readText("/etc/ufw/ufw.conf") ?? "");
    return isOn ? unjudged("ufw", ports) : undefined;
  }
  if (!/^Status: active/m.test(asked.stdout)) return undefined;
  const rules = ports.map((one) => ({ ...one, isOpen: judgeUfw(asked.stdout, one) }));
  return { kind: "ufw" as const, ports: rules, chains: [] };
}

/** Rules are lines `8000:8010/tcp  ALLOW IN  Anywhere`; the first match counts. */
function judgeUfw(status: string, { port, protocol }: WantedPort): boolean | undefined {
  for (const line of status.split("\n")) {
    const [, first, last = first, of = protocol, action] =
      /^(\d+)(?::(\d+))?(?:\/(tcp|udp))?\s+(ALLOW|LIMIT|DENY|REJECT)\b.*\bAnywhere\s*$/.exec(
        line,
      ) ?? [];
    if (first === undefined || of !== protocol) continue;
    if (Number(first) <= port && port <= Number(last)) return !/DENY|REJECT/.test(action ?? "");
  }
  const [, byDefault] = /^Default: (\w+) \(incoming\)/m.exec(status) ?? [];
  if (byDefault === "allow") return true;
  const hasOwnRule = protocol === "udp" && port === MDNS_PORT;
  return hasOwnRule || byDefault === undefined ? undefined : false;
}

const MDNS_PORT = 5353;

async function readFirewalld(sources: FirewallSources, ports: readonly WantedPort[]) {
  const asked = await sources.run(["firewall-cmd", "--state"]);
  if (asked?.stdout.trim() !== "running") return undefined;
  const ask = async (what: string) => {
    const answer = (await sources.run(["firewall-cmd", what]))?.stdout.trim();
    return answer === "yes" ? true : answer === "no" ? false : undefined;
  };
  const judge = async (one: WantedPort): Promise<PortRule> => {
    const isOpen = await ask(`--query-port=${one.port}/${one.protocol}`);
    if (isOpen !== false || one.port !== MDNS_PORT) return { ...one, isOpen };
    return { ...one, isOpen: await ask("--query-service=mdns") };
  };
  const rules = await Promise.all(ports.map(judge));
  return { kind: "firewalld" as const, ports: rules, chains: [] };
}

async function readIptables(sources: FirewallSources, ports: readonly WantedPort[]) {
  const programs = sources.hasIpv6 ? ["iptables", "ip6tables"] : ["iptables"];
  const asked = await Promise.all(
    programs.map(async (name) => ({ name, said: await sources.run([name, "-S"]) })),
  );
  const there = asked.flatMap(({ name, said }) => (said ? { name, ...said } : []));
  if (there.length === 0) return undefined;
  const listings = there.filter(({ exitCode }) => exitCode === 0);
  if (listings.length === 0) return unjudged("unknown", ports);
  const rules = ports.map((one) => judgeByAll(listings, one));
  // Rules of nftables may stand beside those that let all in.
  if (rules.every(({ isOpen }) => isOpen === true)) return undefined;
  return { kind: "iptables" as const, ports: rules, chains: [] };
}

/** Others come by IPv4 or by IPv6, so that a port is open where both let them in. */
function judgeByAll(
  listings: readonly { readonly name: string; readonly stdout: string }[],
  port: WantedPort,
): PortRule {
  const strict = listings
    .map(({ name, stdout }) => ({ name, isOpen: judgeIptables(stdout, port) }))
    .filter(({ isOpen }) => isOpen !== true);
  if (strict.length === 0) return { ...port, isOpen: true };
  const isClosed = strict.some(({ isOpen }) => isOpen === false);
  const by = strict.map(({ name }) => name).join(" and ");
  return { ...port, isOpen: isClosed ? false : undefined, by };
}

async function readNftables(sources: FirewallSources, ports: readonly WantedPort[]) {
  const asked = await sources.run(["nft", "-j", "list", "ruleset"]);
  if (asked === undefined) return undefined;
  try {
    const found = judgeNftables(JSON.parse(asked.stdout), ports);
    return found.chains.length === 0 ? undefined : { kind: "nftables" as const, ...found };
  } catch {
    // Only root may read the rules, and old versions do not support JSON.
    return unjudged("unknown", ports);
  }
}

async function readMacos(sources: FirewallSources, ports: readonly WantedPort[]) {
  const program = "/usr/libexec/ApplicationFirewall/socketfilterfw";
  const asked = await sources.run([program, "--getglobalstate"]);
  if (asked?.exitCode !== 0) return unjudged("unknown", ports);
  return /enabled/i.test(asked.stdout) ? unjudged("macos", ports) : NONE;
}

async function readWindows(sources: FirewallSources, ports: readonly WantedPort[]) {
  const asked = await sources.run(["netsh", "advfirewall", "show", "currentprofile", "state"]);
  if (asked?.exitCode !== 0) return unjudged("unknown", ports);
  return /\bON\b/.test(asked.stdout) ? unjudged("windows", ports) : NONE;
}
