import { EtcdLease } from "../../../src/adapters/etcd/lease.ts";
import type { LeaseState } from "../../../src/cluster/membership/lease.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { realClock } from "../../../src/platform/real/clock.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import type { Timers } from "../../../src/platform/timers.ts";
import { until } from "../../support/commands.ts";

export const KEY = "/tankd/test/hub";
const PATIENCE_MS = 60_000;

interface Told {
  readonly atMs: number;
  readonly state: LeaseState;
}

interface HolderOptions {
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly onState?: (state: LeaseState) => void;
}

/** A node that follows the lease, with all that it was told. */
export class Holder {
  readonly nodeId: string;
  readonly lease: EtcdLease;
  readonly told: Told[] = [];
  #stoppedMs = Number.POSITIVE_INFINITY;

  constructor(nodeId: string, endpoints: readonly string[], options: HolderOptions = {}) {
    const { clock = realClock, timers = realTimers, onState } = options;
    this.nodeId = nodeId;
    const access = { endpoints, namedBy: "--lease", keys: KEY };
    const url = "etcd://test";
    this.lease = new EtcdLease({ clock, timers, access, url, key: KEY });
    this.lease.start(nodeId, (state) => {
      this.told.push({ atMs: realClock.monotonicMs(), state });
      onState?.(state);
    });
  }

  /** Until when it was certain, of each time that it was told so. */
  get held(): readonly number[] {
    return this.told.flatMap(({ state }) =>
      state.kind === "held" ? [state.until.monotonicMs] : [],
    );
  }

  /** Waits until this is how it stands. */
  is(kind: LeaseState["kind"], holder?: string): Promise<LeaseState> {
    return this.#wait(kind, holder, () => this.told.slice(-1));
  }

  /** Waits until it was told so, whatever came then. */
  was(kind: LeaseState["kind"]): Promise<LeaseState> {
    return this.#wait(kind, undefined, () => this.told);
  }

  /** Waits until what it holds is renewed. */
  async renews(): Promise<void> {
    const before = this.held.length;
    await until(`${this.nodeId} renews`, PATIENCE_MS, async () => this.held.length > before);
  }

  stop(): Promise<void> {
    this.#stoppedMs = realClock.monotonicMs();
    return this.lease.stop();
  }

  /** The spans of time in which it was certain to hold the lease. */
  beliefs(): readonly (readonly [number, number])[] {
    return this.told.flatMap(({ atMs, state }, at) => {
      if (state.kind !== "held") return [];
      const next = this.told[at + 1]?.atMs ?? this.#stoppedMs;
      return [[atMs, Math.min(state.until.monotonicMs, next)] as const];
    });
  }

  #wait(kind: LeaseState["kind"], holder: string | undefined, among: () => readonly Told[]) {
    const isIt = (state: LeaseState) =>
      state.kind === kind && (state.kind !== "taken" || state.holder === holder);
    return until(`${this.nodeId} is told ${kind} ${holder ?? ""}`, PATIENCE_MS, async () => {
      return among().find(({ state }) => isIt(state))?.state;
    });
  }
}

/** Who holds it now. */
export function heldBy(holders: readonly Holder[]): Promise<Holder> {
  return until("somebody holds the lease", PATIENCE_MS, async () =>
    holders.find(({ told }) => told.at(-1)?.state.kind === "held"),
  );
}

/** Pairs of holders that were certain at the same time, with for how long, in milliseconds. */
export function overlaps(holders: readonly Holder[]): readonly string[] {
  return holders.flatMap((one, at) =>
    holders.slice(at + 1).flatMap((other) =>
      one.beliefs().flatMap(([from, to]) =>
        other.beliefs().flatMap(([otherFrom, otherTo]) => {
          const ms = Math.min(to, otherTo) - Math.max(from, otherFrom);
          return ms > 0 ? [`${one.nodeId} and ${other.nodeId} for ${ms.toFixed(1)} ms`] : [];
        }),
      ),
    ),
  );
}

type HoldersOf<Ids extends readonly string[]> = { -readonly [At in keyof Ids]: Holder };

/** Holders for a while, one for each id. */
export async function withHolders<const Ids extends readonly string[]>(
  ids: Ids,
  endpoints: readonly string[],
  body: (holders: HoldersOf<Ids>) => Promise<void>,
): Promise<void> {
  const holders = ids.map((id) => new Holder(id, endpoints)) as HoldersOf<Ids>;
  try {
    await body(holders);
  } finally {
    await Promise.all(holders.map((holder) => holder.stop()));
  }
}
