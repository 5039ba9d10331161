import { z } from "zod";
import type { Cluster } from "../cluster/cluster.ts";
import type { LeaseView } from "../cluster/membership/lease-keeper.ts";
import type { HostedTank } from "../tanks/tanks.ts";
import type { ApiContext } from "./context.ts";

export const checkSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  needed: z.boolean().describe("Whether readiness depends on it"),
  detail: z.string(),
});
export type Check = z.infer<typeof checkSchema>;

/** The conditions of readiness, and informational checks. */
export function checksOf({ phase, tanks, cluster }: ApiContext): Check[] {
  const { role } = cluster;
  const { fenced } = cluster.positions;
  const fault = tanks.storageFault;
  const needed = [
    { name: "phase", ok: phase() === "healthy", detail: phase() },
    { name: "storage", ok: fault === undefined, detail: fault ?? "takes writes" },
    { name: "directory", ok: fenced === undefined, detail: fenced?.message ?? "is in one place" },
    { name: "role", ok: role !== "discovering", detail: waitsFor(cluster) },
  ];
  const told = [
    tanksCheck(tanks.list()),
    discoveryCheck(cluster),
    hubCheck(cluster),
    ...leaseCheck(cluster),
    peersCheck(cluster),
  ];
  return [
    ...needed.map((check) => ({ ...check, needed: true })),
    ...told.map((check) => ({ ...check, needed: false })),
  ];
}

type Told = Omit<Check, "needed">;

/** Names the stopped tanks; counts the rest of a long list. */
const STOPPED_NAMED_MAX = 20;

/** Stopped tanks do not affect others, so the node stays ready and reports them. */
function tanksCheck(tanks: readonly HostedTank[]): Told {
  const stopped = tanks.filter((tank) => tank.status === "stopped");
  const named = stopped
    .slice(0, STOPPED_NAMED_MAX)
    .map(({ row, reason }) => `${row.name} (${row.tank_id}): ${reason ?? "no reason known"}`);
  const more = stopped.length - named.length;
  const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join("; ");
  const detail = `${stopped.length} of ${tanks.length} stopped${list === "" ? "" : `: ${list}`}`;
  return { name: "tanks", ok: true, detail };
}

/**
 * The following checks report states and counts, but no names or addresses: probes are answered
 * under any Host, so a foreign page can read them by DNS rebinding.
 */
function discoveryCheck(cluster: Cluster): Told {
  const { backends } = cluster.view();
  const detail = backends.map(({ name, state }) => `${name} ${state}`).join(", ");
  const ok = backends.every(({ state }) => state !== "failed");
  return { name: "discovery", ok, detail: detail === "" ? "no backend in use" : detail };
}

function hubCheck(cluster: Cluster): Told {
  const { role, hub } = cluster.view();
  if (role === "hub") return { name: "hub", ok: true, detail: "is this node" };
  const status = hub?.status ?? "not found yet";
  return { name: "hub", ok: status === "online", detail: status };
}

/** For a node without a hub: what it waits for where a lease decides. */
function waitsFor(cluster: Cluster): string {
  const { role } = cluster;
  const { lease } = role === "discovering" ? cluster.view() : { lease: undefined };
  return lease ? `${role}: ${LEASE_WORDS[lease.state]}` : role;
}

/**
 * A hub that does not hold the lease for certain takes no changes. One failure of the store makes
 * every node so, and all of them run their tanks and answer: none is unready by it.
 */
function leaseCheck(cluster: Cluster): readonly Told[] {
  const { lease } = cluster.view();
  if (!lease) return [];
  const { state, isValid } = lease;
  const isReadOnly = cluster.role === "hub" && !isValid;
  const words = state === "held" && !isValid ? "the lease may have run out" : LEASE_WORDS[state];
  const detail = isReadOnly ? `reads only: ${words}` : words;
  return [{ name: "lease", ok: !isReadOnly && HELD.includes(state), detail }];
}

const HELD: readonly LeaseView["state"][] = ["held", "taken"];
const LEASE_WORDS: Readonly<Record<LeaseView["state"], string>> = {
  held: "this node holds the lease",
  taken: "another node holds the lease",
  free: "nobody holds the lease",
  unknown: "who holds the lease is not known, tankd status says why",
};

function peersCheck(cluster: Cluster): Told {
  const { alone } = cluster.view();
  const others = cluster.servers().filter(({ is_local }) => !is_local);
  const count = (status: string) => others.filter((one) => one.status === status).length;
  const online = count("online");
  const words = `${online} online, ${count("degraded")} degraded, ${count("offline")} offline`;
  const why = alone ? `; none for ${alone.seconds} s, tankd status tells the cause` : "";
  return { name: "peers", ok: online === others.length, detail: words + why };
}
