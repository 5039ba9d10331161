import { differenceOf } from "../../status.ts";
import { type Check, fail, ok, warn } from "../check.ts";
import { isStarting, type RunningFacts } from "../facts.ts";

type Local = RunningFacts["local"];
type Lease = NonNullable<Local["lease"]>;

const ABSTENTION_MEND =
  "nothing, if it is behind a router and shall only dial out; else let others dial it";

/** The lease by which the hub is decided, where there is one: without it nothing is changed. */
export function leaseChecks({ local }: RunningFacts): readonly Check[] {
  const { lease } = local;
  if (!lease) return [];
  const { abstention, stranger } = lease;
  const checks = [leaseCheck(lease, local)];
  if (abstention) {
    const what = `the lease is left to others: ${abstention}`;
    checks.push(warn("lease:left", what, ABSTENTION_MEND));
  }
  if (stranger) {
    const what = `${differenceOf(stranger)}, and follows another hub`;
    checks.push(fail("lease:differs", what, "start all nodes with the same --lease"));
  }
  return checks;
}

function leaseCheck(lease: Lease, local: Local): Check {
  const id = "lease";
  const { url } = lease;
  const fault = faultOf(lease, local);
  if (fault === undefined) {
    const holder = lease.state === "held" ? "this node" : local.hub?.server_id;
    return ok(id, `${holder} holds the lease ${url}`);
  }
  // A start asks the store and finds the holder in these seconds.
  if (isStarting(local)) return warn(id, fault.what, "run this again in a moment");
  return fail(id, fault.what, fault.mend);
}

function faultOf(lease: Lease, { role, hub }: Local) {
  const { url, state, holder, reason, valid } = lease;
  const reads = role === "hub" ? "this hub serves reads only" : "no hub is known to take changes";
  switch (state) {
    case "held":
      if (valid !== false) return undefined;
      return { what: `${reads}: the lease ${url} may have run out`, mend: STORE };
    case "taken": {
      if (hub?.node_id === holder) return undefined;
      const what = `${reads}: ${holder} holds the lease ${url}, and does not answer as hub`;
      return { what, mend: "run tankd doctor there; the lease runs out where that one is gone" };
    }
    case "free":
      return { what: `${reads}: nobody holds the lease ${url}`, mend: STORE };
    default:
      return { what: `${reads}: the lease ${url} is not known: ${reason}`, mend: STORE };
  }
}

const STORE = "check that the store of --lease runs, answers this machine and accepts writes";
