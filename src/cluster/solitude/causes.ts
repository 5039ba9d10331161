import type { BackendStatus, Cause } from "../../discovery/backend.ts";
import type { ForeignCluster } from "../handshake/foreign-clusters.ts";

/** A node that does not answer where it was dialled. */
export interface Unreached {
  /** Whether a backend names it at present; otherwise it was known before. */
  readonly isSeen: boolean;
  /** `host:port`, best first. */
  readonly at: string;
  readonly port: number;
  readonly reason: string;
  /** Whether there was no answer at all, as behind a firewall. */
  readonly isSilent: boolean;
}

/** What a node that is alone knows about possible causes. */
export interface SolitudeFacts {
  readonly cluster: string;
  readonly backends: readonly BackendStatus[];
  readonly foreign: readonly ForeignCluster[];
  readonly unreached: readonly Unreached[];
  /** Nodes that have not proven to know the cluster's secret, where there is one. */
  readonly strangers: number;
}

const UNREACHED_NAMED_MAX = 3;

/** Why a node may be alone, the most certain causes first. Never empty. */
export function causesOf(facts: SolitudeFacts): readonly Cause[] {
  const all = [
    ...facts.unreached.slice(0, UNREACHED_NAMED_MAX).map(unreachedCause),
    ...(facts.strangers > 0 ? [strangersCause(facts.strangers)] : []),
    ...facts.foreign.map((one) => foreignCause(one, facts.cluster)),
    ...facts.backends.flatMap(backendCauses),
  ];
  if (facts.backends.length === 0) all.push(SEARCHES_NOT);
  if (all.length === 0) all.push(NOBODY);
  return all.toSorted((a, b) => Number(b.fault) - Number(a.fault));
}

const SEARCHES_NOT: Cause = {
  code: "no_discovery",
  what: "it does not search: no discovery backend is in use",
  mend: "start it with --discovery auto, or: tankd join http://ADDRESS:8000 of another node",
  fault: false,
};

const MEND_NOBODY = "start another node, or: tankd join http://ADDRESS:8000 of a running one";

const NOBODY: Cause = {
  code: "nobody",
  what: "no discovery backend has found a node that stays reachable",
  mend: MEND_NOBODY,
  fault: false,
};

function unreachedCause({ isSeen, at, port, reason, isSilent }: Unreached): Cause {
  return {
    code: `unreached:${at}`,
    what: `a node ${isSeen ? "should be" : "was"} at ${at} and cannot be dialled: ${reason}`,
    mend: isSilent
      ? `check that it runs, and open TCP port ${port} on its machine: there, sudo tankd doctor`
      : null,
    fault: isSeen,
  };
}

function strangersCause(count: number): Cause {
  const nodes = count === 1 ? "1 node is here that does" : `${count} nodes are here that do`;
  return {
    code: "strangers",
    what: `${nodes} not know this cluster's secret`,
    mend: "give all nodes the same --secret-file",
    fault: true,
  };
}

/** The remedy contains no text of strangers, which might be a command. */
function foreignCause({ name, nodes, backends }: ForeignCluster, own: string): Cause {
  const here = nodes === 1 ? "1 node" : `${nodes} nodes`;
  return {
    code: `foreign:${name}`,
    what:
      `${here} of the cluster "${name}" seen by ${backends.join(", ")}; ` +
      `this one is of "${own}"`,
    mend: "start the nodes with the same --cluster",
    fault: false,
  };
}

function backendCauses(backend: BackendStatus): readonly Cause[] {
  const { name, state, detail, nominations, links = [] } = backend;
  const causes = links.flatMap((link) => link.causes);
  if (causes.length > 0) return causes;
  if (state === "failed") {
    const what = `discovery by ${name} does not work: ${detail}`;
    return [{ code: `failed:${name}`, what, mend: backend.mend ?? null, fault: true }];
  }
  if (state !== "running" || nominations > 0) return [];
  const what = `discovery by ${name} works but has found no node`;
  return [{ code: `nobody:${name}`, what, mend: MEND_NOBODY, fault: false }];
}
