import type { AcceptedSocket, DescriptorUse } from "../platform/machine.ts";

/** A connection, as far as its right to stay goes. */
export interface Held {
  readonly socket: AcceptedSocket;
  /** What counts as one address; undefined for those that have no share. */
  readonly share: string | undefined;
  /** Whether it has sent a whole request. */
  readonly hasSpoken: boolean;
  /** Whether it was there at the check before this one. */
  readonly wasThere: boolean;
}

/** Why connections are ended; a label of their metric. */
export type Reason = "address" | "silent" | "idle" | "reserve" | "unheard";

export interface Surplus {
  readonly ended: readonly { readonly socket: AcceptedSocket; readonly reason: Reason }[];
  /** How many more have to go, beyond those that may say something until the next check. */
  readonly missing: number;
}

/** Of all descriptors, those that connections to the API do not get: for files, threads, dials. */
const RESERVE_SHARE = 1 / 4;
const RESERVE_MAX = 256;
/** Of the reserve, what single requests may take beside connections that are all in use. */
const MISSING_SHARE = 1 / 2;
/** Of what connections may take, what one address may. */
const ADDRESS_SHARE = 1 / 2;

/** The descriptors that are kept free. */
export function reserveOf({ limit }: Pick<DescriptorUse, "limit">): number {
  return Math.min(Math.floor(limit * RESERVE_SHARE), RESERVE_MAX);
}

/**
 * Which connections have to go, of all, oldest first: of an address that has too many the newest;
 * and where less than twice the reserve is free, those that have said nothing since the last check,
 * oldest first, so that whoever comes next has a place.
 */
export function surplusOf(
  held: readonly Held[],
  { limit, open, perAddressMax }: DescriptorUse & { readonly perAddressMax: number },
): Surplus {
  const reserve = reserveOf({ limit });
  const others = open - held.length;
  const places = Math.max(0, limit - reserve - others);
  const most = Math.min(perAddressMax, Math.max(1, Math.floor(places * ADDRESS_SHARE)));
  const tooMany = new Set(beyondShare(held, most));
  const rest = held.filter((one) => !tooMany.has(one));
  const free = limit - others - rest.length;
  const unspoken = rest.filter((one) => !one.hasSpoken);
  const silent = unspoken.filter((one) => one.wasThere).slice(0, Math.max(0, 2 * reserve - free));
  const missing = reserve - free - unspoken.length;
  return {
    ended: [
      ...[...tooMany].map(({ socket }) => ({ socket, reason: "address" as const })),
      ...silent.map(({ socket }) => ({ socket, reason: "silent" as const })),
    ],
    missing: missing > reserve * MISSING_SHARE ? missing : 0,
  };
}

/** Of each address, the newest beyond its share; those that have not spoken before the others. */
function beyondShare(held: readonly Held[], most: number): readonly Held[] {
  const byShare = Map.groupBy(held, ({ share }) => share);
  byShare.delete(undefined);
  return [...byShare.values()].flatMap((ofOne) =>
    ofOne
      .toReversed()
      .toSorted((a, b) => Number(a.hasSpoken) - Number(b.hasSpoken))
      .slice(0, Math.max(0, ofOne.length - most)),
  );
}
