import { formatHostPort, isLinkLocal, isLoopback } from "../../../../discovery/addresses.ts";
import type { Address } from "../../../../discovery/backend.ts";
import { type Check, ok, warn } from "../check.ts";
import type { Facts, MachineFacts } from "../facts.ts";

/** Checks the networks of the machine, and the addresses that this node announces. */
export function networkChecks(facts: Facts): readonly Check[] {
  const { machine, node } = facts;
  if (machine === undefined) return [];
  const trial = node.kind === "running" ? node.trial : undefined;
  const announced = trial && "addresses" in trial ? trial.addresses : machine.addresses;
  const checks = [interfacesCheck(machine), announcedCheck(announced, node.kind === "running")];
  const missing = machine.unmatchedInterfaces;
  if (missing.length > 0) {
    const what = `no interface matches ${missing.join(", ")}`;
    checks.push(warn("interfaces:chosen", what, "name others by --interfaces, or connect it"));
  }
  if (machine.isContainer && !hasMetOthers(facts)) checks.push(CONTAINER);
  return checks;
}

function interfacesCheck({ interfaces, defaultRouteInterface }: MachineFacts): Check {
  const outside = interfaces.filter(({ internal, chosen }) => !internal && chosen !== false);
  if (outside.length === 0) {
    const what = "this machine has no network except loopback";
    return warn("interfaces", what, "connect it to a network");
  }
  const names = [...new Set(outside.map(({ interfaceName }) => interfaceName))];
  const words = names.map((name) => {
    const of = outside.filter(({ interfaceName }) => interfaceName === name);
    const route = name === defaultRouteInterface ? " (default route)" : "";
    return `${name}${route} ${of.map(({ address }) => address).join(" ")}`;
  });
  return ok("interfaces", words.join("; "));
}

/** "Servers show localhost instead of the real address." */
function announcedCheck(addresses: readonly Address[], isRunning: boolean): Check {
  if (addresses.length === 0) {
    return warn("announced", "there is no address to announce", "connect it to a network");
  }
  const hosts = addresses.map(({ host }) => host);
  const list = addresses.map(formatHostPort).join(", ");
  const what = `the node ${isRunning ? "announces" : "would announce"} ${list}`;
  if (hosts.every(isLoopback)) {
    const mend =
      "connect it to a network, or give an address that others can reach: --advertise ADDRESS";
    return warn("announced", `${what}, which other machines cannot reach`, mend);
  }
  if (hosts.every(isLinkLocal)) {
    const mend = "get an address by DHCP, or set one";
    return warn("announced", `${what}, which routers do not forward`, mend);
  }
  return ok("announced", what);
}

/** Then its network is that of the host, or open enough. */
function hasMetOthers({ node, machine }: Facts): boolean {
  const links =
    node.kind === "running" ? node.local.backends.flatMap((one) => one.links ?? []) : [];
  const reports = [...(machine?.multicast ?? []), ...links];
  const peers = node.kind === "running" && "peers" in node.trial ? node.trial.peers : [];
  return (
    reports.some(({ heard, others }) => heard + others > 0) ||
    peers.some(({ dial_back }) => dial_back?.some(({ reached }) => reached))
  );
}

const CONTAINER = warn(
  "container",
  "this is a container: it may receive no multicast, " +
    "and others may reach only its published ports",
  "docker run --network host, or -p 8000:8000 with --advertise and --hub",
);
