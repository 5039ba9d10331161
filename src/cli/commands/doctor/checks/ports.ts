import { formatHostPort } from "../../../../discovery/addresses.ts";
import type { Address } from "../../../../discovery/backend.ts";
import { relayOf } from "../../status.ts";
import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, MachineFacts, PortFacts, RunningFacts } from "../facts.ts";
import { openCommand } from "../firewall-commands.ts";
import { isNear } from "../same-network.ts";

type Peer = Extract<RunningFacts["trial"], { peers: unknown }>["peers"][number];

/** Checks the port of the API: locally, and from other nodes. */
export function portChecks({ node, machine }: Facts): readonly Check[] {
  const here = machine?.portUse ? [hereCheck(machine, machine.portUse)] : [];
  if (node.kind !== "running") return here;
  const { trial } = node;
  if ("failure" in trial) {
    const mend = "run it as the node's user, or give its token by TANKD_TOKEN";
    return [...here, unknown("outside", `others were not asked: ${trial.failure}`, mend)];
  }
  const asked = trial.peers.filter(({ dial_back }) => dial_back !== null);
  if (asked.length === 0) {
    return [...here, unknown("outside", "no other node can test whether this node is reachable")];
  }
  return [...here, ...outsideChecks(trial.addresses, asked, machine, relayOf(node.local))];
}

function hereCheck({ port, isPortAsked }: MachineFacts, { use, server }: PortFacts): Check {
  const id = "port";
  switch (use.kind) {
    case "free":
      return ok(id, `TCP port ${port} is free`);
    case "impossible":
      return fail(id, `TCP port ${port} cannot be used: ${use.reason}`, "choose another: --port");
    case "taken": {
      const program = use.by && `${use.by.name} (pid ${use.by.pid})`;
      const tankd = server && `the tankd ${server}`;
      const who = [tankd, program].filter(Boolean).join(", ") || "another program";
      const what = `TCP port ${port} is taken by ${who}`;
      const mend = "stop that, or choose another port by --port";
      if (isPortAsked) return fail(id, what, mend);
      return warn(id, `${what}; a node that is started uses the next free one`, mend);
    }
  }
}

/** Checks whether others reach this node, at each address that it announces. */
function outsideChecks(
  addresses: readonly Address[],
  asked: readonly Peer[],
  machine: MachineFacts | undefined,
  relay: string | undefined,
): readonly Check[] {
  const isReached = (one: Address) => asked.some((peer) => outcomeAt(peer, one)?.reached === true);
  const isReachedAtAll = addresses.some(isReached);
  return addresses.map((address) => {
    const at = formatHostPort(address);
    const id = `outside:${at}`;
    const reaching = asked.filter((peer) => outcomeAt(peer, address)?.reached === true).length;
    // Who reaches it at another address has no way to this one, and needs none.
    const failing = asked.filter(({ dial_back }) => !dial_back?.some(({ reached }) => reached));
    if (failing.length === 0) {
      const elsewhere = reaching === asked.length ? "" : ", the others at another address";
      return ok(id, `${reaching} of ${asked.length} reach it at ${at}${elsewhere}`);
    }
    const names = failing.map(({ server_id }) => server_id).slice(0, 3);
    const why = failing.flatMap((peer) => outcomeAt(peer, address)?.reason ?? [])[0];
    const whom = `${failing.length} of ${asked.length} do not reach it at ${at}`;
    const what = `${whom} (${names.join(", ")})${why === undefined ? "" : `: ${why}`}`;
    // Behind a router or a balancer it takes part all the same.
    if (relay !== undefined && !failing.some((peer) => isNeighbour(machine, peer))) {
      return ok(id, `${what}; they reach it through the tunnel that it holds to ${relay}`);
    }
    const isBlocked = !isReachedAtAll && failing.some((peer) => isNeighbour(machine, peer));
    return (isBlocked ? fail : warn)(id, what, mendOf(address, machine, isBlocked));
  });
}

function outcomeAt({ dial_back }: Peer, { host, port }: Address) {
  return dial_back?.find((one) => one.host === host && one.port === port);
}

/** Between neighbours the obstacle is a firewall, not a router. */
function isNeighbour(machine: MachineFacts | undefined, { addresses }: Peer): boolean {
  return machine !== undefined && addresses.some(({ host }) => isNear(machine.interfaces, host));
}

function mendOf(
  { port }: Address,
  machine: MachineFacts | undefined,
  isBlocked: boolean,
): string | null {
  const command = machine && openCommand(machine.firewall, { port, protocol: "tcp" });
  if (command) return command;
  if (isBlocked) return `open TCP port ${port}, here or on a firewall in between`;
  return (
    `forward TCP port ${port} of the router to this machine; without it the node only ` +
    "dials out"
  );
}
