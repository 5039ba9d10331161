import { formatHostPort } from "../../../../discovery/addresses.ts";
import { relayOf } from "../../status.ts";
import { type Check, fail, ok, unknown, warn } from "../check.ts";
import type { Facts, MachineFacts, RunningFacts } from "../facts.ts";
import { isNear } from "../same-network.ts";

type Local = RunningFacts["local"];
type Peer = Extract<RunningFacts["trial"], { peers: unknown }>["peers"][number];

/** Checks for each other member whether the two nodes reach each other. */
export function peerChecks({ node, machine }: Facts): readonly Check[] {
  if (node.kind !== "running") return [];
  const { trial, local } = node;
  if ("failure" in trial)
    return [unknown("peers", `connections were not tested: ${trial.failure}`)];
  const { peers, left_out } = trial;
  const checks = peers.map((peer) => peerCheck(peer, machine, local));
  if (peers.length === 0) checks.push(ok("peers", "no other member is known"));
  if (left_out > 0) checks.push(unknown("peers", `${left_out} more members were not tested`));
  return checks;
}

function peerCheck(peer: Peer, machine: MachineFacts | undefined, local: Local): Check {
  const { server_id, role, failure, through, status, rtt_ms, version } = peer;
  const id = `peer:${server_id}`;
  const who = `${server_id} (${role}${version === local.version ? "" : `, version ${version}`})`;
  if (failure !== null && through) {
    const way = through === local.server_id ? "the tunnel that it holds here" : through;
    return ok(id, `${who} is reached through ${way}, and not by dialling: ${failure}`);
  }
  if (failure !== null) return unreachedCheck(id, who, peer, machine);
  const near = rtt_ms === null ? "" : ` in ${rtt_ms} ms`;
  const there = `${who} is reached${near}`;
  if (status === "offline") {
    const mend = "wait for its next heartbeat; if this persists, see tankd logs on that machine";
    return warn(id, `${there}, but is listed as offline`, mend);
  }
  const { dial_back, dial_back_failure } = peer;
  if (dial_back === null) {
    return unknown(id, `${there}; whether it reaches this node is unknown: ${dial_back_failure}`);
  }
  if (dial_back.some(({ reached }) => reached)) return ok(id, `${there}, and reaches this node`);
  const relay = relayOf(local);
  if (relay !== undefined) return ok(id, `${there}, and reaches this node through ${relay}`);
  // The check of the port tells the remedy.
  return warn(id, `${there}, but does not reach this node`, null);
}

/**
 * A node behind a router cannot be reached from outside and works nevertheless; between neighbours
 * a port is blocked.
 */
function unreachedCheck(
  id: string,
  who: string,
  { failure, status, addresses }: Peer,
  machine: MachineFacts | undefined,
): Check {
  const [first] = addresses;
  const at = first === undefined ? "no address" : formatHostPort(first);
  const what = `${who} is not reached at ${at}: ${failure}`;
  if (status === "offline") return warn(id, `${what}; it is also listed as offline`, null);
  const isNeighbour = addresses.some(({ host }) => isNear(machine?.interfaces ?? [], host));
  if (!isNeighbour) {
    const mend =
      "none, if it is behind a router and only dials out; otherwise run tankd doctor there";
    return warn(id, what, mend);
  }
  return fail(id, what, "check that it runs and that its port is open: there, sudo tankd doctor");
}
