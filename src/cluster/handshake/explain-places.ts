import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address, BackendStatus } from "../../discovery/backend.ts";
import type { DialFailure } from "./meeting.ts";

/** A place without a node id that a backend has named and where a node should be. */
export interface NamedPlace {
  readonly addresses: readonly Address[];
  readonly backends: ReadonlySet<string>;
  /** Why nobody was met there; undefined if somebody was, or nobody has tried. */
  readonly failure: DialFailure | undefined;
}

/** Backends whose places are said to have nodes. */
const NAMING: readonly string[] = ["static", "dns"];
/** Number of places in the text. A name in DNS may stand for a hundred that are off. */
const SAID_MAX = 4;

/** The statuses of all backends, with the named places at which nobody answers. */
export function explainPlaces(
  statuses: readonly BackendStatus[],
  places: readonly NamedPlace[],
): readonly BackendStatus[] {
  return statuses.map((status) => {
    if (status.state !== "running" || !NAMING.includes(status.name)) return status;
    return explainOne(
      status,
      places.filter(({ backends }) => backends.has(status.name)),
    );
  });
}

function explainOne(status: BackendStatus, places: readonly NamedPlace[]): BackendStatus {
  const silent = places.flatMap(({ addresses, failure }) =>
    failure ? [{ addresses, failure }] : [],
  );
  const [first] = silent.flatMap(({ addresses }) => addresses);
  if (first === undefined) return status;
  const words = silent
    .slice(0, SAID_MAX)
    .map(({ addresses, failure }) => `${addresses.map(formatHostPort)} ${failureWords(failure)}`);
  const more = silent.length > SAID_MAX ? [`${silent.length - SAID_MAX} more do not answer`] : [];
  const detail = [...(status.detail === "" ? [] : [status.detail]), ...words, ...more].join("; ");
  const state = silent.length === places.length ? "failed" : "running";
  return { ...status, state, detail, mend: mendOf(first, status.name) };
}

/** What happened at an address; follows the address in a sentence. */
export function failureWords({
  reason,
  isSilent,
}: Pick<DialFailure, "reason" | "isSilent">): string {
  return isSilent ? `does not answer: ${reason}` : `is not used: ${reason}`;
}

function mendOf({ port }: Address, backend: string): string {
  const there = `check that tankd runs there, and open TCP port ${port}`;
  return `${there}; or take the address out of ${backend === "dns" ? "DNS" : "--static"}`;
}
