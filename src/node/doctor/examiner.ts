import { probeMulticast } from "../../adapters/mdns/probe.ts";
import { isLinkLocal, isLoopback } from "../../discovery/addresses.ts";
import type { LinkReport } from "../../discovery/backend.ts";
import { chooseInterfaces, type InterfacePatterns } from "../../platform/interface-choice.ts";
import type { Machine } from "../../platform/machine.ts";
import { type Descriptors, readDescriptors } from "../../platform/real/descriptors.ts";
import { type DirectoryFacts, examineDirectory } from "../../platform/real/directory-facts.ts";
import { createRealPlatform } from "../../platform/real/platform.ts";
import { type PortUse, readPortUse } from "../../platform/real/port-use.ts";
import { runProgram } from "../../platform/real/programs.ts";
import { probeDatabase } from "../../store/sqlite/probe.ts";
import { sqliteVersion } from "../../store/sqlite/version.ts";
import { type FirewallFacts, readFirewall, type WantedPort } from "./firewall.ts";

/** The result of a multicast DNS query by one protocol on one interface. */
export interface MulticastReport extends LinkReport {
  readonly family: "IPv4" | "IPv6";
}

/** Examines the machine, for `tankd doctor`. Nothing here rejects or throws. */
export interface Examiner {
  /** `linux`, `darwin`, `win32`, … */
  readonly platform: string;
  networks(
    interfaces: InterfacePatterns,
  ): Pick<Machine, "addresses" | "defaultRouteInterface" | "unmatchedInterfaces">;
  /** Takes three seconds, and six where something fails. */
  multicast(interfaces: InterfacePatterns): Promise<readonly MulticastReport[]>;
  portUse(port: number, host: string | undefined): Promise<PortUse>;
  firewall(ports: readonly WantedPort[]): Promise<FirewallFacts>;
  /** Of a process, or of new processes of this user. */
  descriptors(pid: number | undefined): Promise<Descriptors | undefined>;
  directory(path: string): DirectoryFacts;
  /** Why no database works in a data directory; undefined when one does. */
  database(path: string): string | undefined;
  sqliteVersion(): string;
}

export function createExaminer(readText: (path: string) => string | undefined): Examiner {
  const platform = createRealPlatform();
  const { machine } = platform;
  return {
    platform: machine.platform,
    networks: (interfaces) => chooseInterfaces(machine, interfaces),
    multicast: (interfaces) =>
      probeMulticast({ ...platform, machine: chooseInterfaces(machine, interfaces) }),
    portUse: readPortUse,
    firewall: (ports) => {
      const { platform } = machine;
      return readFirewall(
        { platform, hasIpv6: hasIpv6(machine), run: runProgram, readText },
        ports,
      );
    },
    descriptors: readDescriptors,
    directory: examineDirectory,
    database: probeDatabase,
    sqliteVersion,
  };
}

/** By an address that others can dial without a zone. */
function hasIpv6(machine: Machine): boolean {
  return machine
    .addresses()
    .some(({ address }) => address.includes(":") && !isLoopback(address) && !isLinkLocal(address));
}
