import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address, Nomination } from "../../discovery/backend.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { Dialer } from "./dialer.ts";
import type { NamedPlace } from "./explain-places.ts";
import type { ForeignClusters } from "./foreign-clusters.ts";
import type { GivenHubs } from "./given-hubs.ts";
import type { DialFailure, DialResult } from "./meeting.ts";

export interface PlacesDeps {
  readonly deps: Pick<ClusterDeps, "settings" | "clock" | "timers" | "log">;
  readonly table: PeerTable;
  readonly dialer: Pick<Dialer, "dialAt">;
  readonly given: GivenHubs;
  readonly foreign: ForeignClusters;
  readonly policy: () => DialPolicy;
  readonly isOwn: (address: Address) => boolean;
}

/** A place where a node may be: an operator, DNS or a file has named it without a node id. */
export interface Place extends NamedPlace {
  /** A hub's URL: this node defers to the one that answers there. */
  isHub: boolean;
  /**
   * The operator has named it: dialled whatever kind of address it is, without a limit of attempts.
   */
  isTrusted: boolean;
  /** Nobody has said that a node is there. */
  isGuess: boolean;
  readonly backends: Set<string>;
  nodeId: string | undefined;
  attempts: number;
  /** The times of the last dial and of the last nomination. */
  dialledMs: number;
  namedMs: number;
  cancelRetry: Cancel;
  failure: DialFailure | undefined;
}

/** A place where nothing has answered. */
export interface EmptyPlace {
  readonly addresses: readonly Address[];
  readonly failure: DialFailure;
}

const RETRY_MIN_MS = 500;
/** After these attempts the backend must name it again; an operator's address has no limit. */
const RETRIES_MAX = 4;
/**
 * Pause after failed attempts. A backend names a place repeatedly, and a name in DNS may stand for
 * a hundred that are off.
 */
const VAIN_REST_MS = 60_000;
/** Backends repeat the nominations of present nodes at least this often. */
const NAMED_FRESH_MS = 120_000;

/**
 * Places that were named without a node id: dialled, with retries, to learn which node is there.
 */
export class Places {
  readonly #with: PlacesDeps;
  readonly #places = new BoundedMap<string, Place>(LIMITS.nominationsMax, {
    canEvict: ({ isTrusted }) => !isTrusted,
    onEvict: ({ cancelRetry }) => cancelRetry(),
  });
  #stopped = false;

  constructor(withDeps: PlacesDeps) {
    this.#with = withDeps;
  }

  stop(): void {
    this.#stopped = true;
    for (const place of this.#places.values()) place.cancelRetry();
  }

  /** Names of the backends that have named a place at which this node has answered. */
  backendsOf(nodeId: string): readonly string[] {
    return [...this.#places.values()].flatMap((place) =>
      place.nodeId === nodeId ? [...place.backends] : [],
    );
  }

  /** Where nothing answers, except hubs given by URL. */
  empty(): readonly EmptyPlace[] {
    return [...this.#places.values()].flatMap(({ addresses, failure, isHub }) =>
      failure === undefined || isHub ? [] : [{ addresses, failure }],
    );
  }

  /** Those that are named at present, whether or not anything answers there. */
  named(): readonly NamedPlace[] {
    const sinceMs = this.#with.deps.clock.monotonicMs() - NAMED_FRESH_MS;
    return [...this.#places.values()].filter((one) => one.isTrusted || one.namedMs > sinceMs);
  }

  /**
   * False after failed attempts, and for this node's own addresses, unless the operator has named
   * it.
   */
  isWorthDialling(place: Place): boolean {
    if (!place.isTrusted) {
      return !this.#isResting(place) && !this.#targetsOf(place).every(this.#with.isOwn);
    }
    place.attempts = 0;
    return true;
  }

  /** Those of its addresses that may be dialled. */
  #targetsOf({ isTrusted, addresses }: Place): readonly Address[] {
    return isTrusted ? addresses : dialable(addresses, this.#with.policy());
  }

  #isResting({ attempts, dialledMs }: Place): boolean {
    const nowMs = this.#with.deps.clock.monotonicMs();
    return attempts >= RETRIES_MAX && nowMs - dialledMs < VAIN_REST_MS;
  }

  /** Records a nomination of the place, repeated or new. */
  name({ backend, addresses, isTrusted = false, isGuess = false }: Nomination): Place {
    const key = addresses.map(formatHostPort).join(",");
    const known = this.#places.get(key);
    const place = known ?? {
      addresses,
      isHub: false,
      isTrusted: false,
      isGuess,
      backends: new Set<string>(),
      nodeId: undefined,
      attempts: 0,
      dialledMs: 0,
      namedMs: 0,
      cancelRetry: () => {},
      failure: undefined,
    };
    place.isHub ||= backend === "hub";
    place.isTrusted ||= isTrusted;
    place.isGuess &&= isGuess;
    place.backends.add(backend);
    place.namedMs = this.#with.deps.clock.monotonicMs();
    this.#places.set(key, place);
    return place;
  }

  async dial(place: Place): Promise<DialResult> {
    const { dialer, given, foreign, table, deps } = this.#with;
    place.cancelRetry();
    place.dialledMs = deps.clock.monotonicMs();
    const { isHub, isTrusted } = place;
    const targets = this.#targetsOf(place);
    const result = await dialer.dialAt(targets, { trusted: isTrusted, unsure: !isTrusted });
    if (isHub) for (const address of place.addresses) given.note(address, result);
    place.failure = result.kind === "failed" ? result : undefined;
    if (result.kind === "met") {
      place.nodeId = result.meeting.document.node_id;
      place.attempts = 0;
      const nominatedBy = new Set(table.get(place.nodeId)?.nominatedBy);
      for (const name of place.backends) nominatedBy.add(name);
      table.update(place.nodeId, { nominatedBy });
    } else if (result.kind === "failed") {
      this.#retry(place, result.reason);
    } else if (result.kind === "self" && isHub && !place.addresses.every(this.#with.isOwn)) {
      // A balancer has connected this node to itself; the next connection may lead to another node.
      this.#retry(place, "this node itself answers");
    } else if (result.kind === "foreign") {
      const { addresses: at, backends } = place;
      for (const backend of backends) foreign.note(result.cluster, { backend, addresses: at });
    }
    return result;
  }

  #retry(place: Place, reason: string): void {
    const { log, timers, settings } = this.#with.deps;
    const key = place.addresses.map(formatHostPort).join(",");
    if (!place.isHub) log.debug("a nominated node does not answer", { at: key, reason });
    const isForgotten = this.#places.get(key) !== place;
    const isSpent = place.attempts >= (place.isGuess ? 0 : RETRIES_MAX) && !place.isTrusted;
    if (this.#stopped || isForgotten || isSpent) return;
    const delayMs = Math.min(
      RETRY_MIN_MS * 2 ** Math.min(place.attempts++, 16),
      settings.timing.discoveryRefreshMs,
    );
    place.cancelRetry = timers.after(delayMs, () => {
      const isTakenBack = place.isHub && !place.addresses.some((one) => this.#with.given.has(one));
      if (!isTakenBack) void this.dial(place);
    });
  }
}
