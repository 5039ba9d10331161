import { isLoopback } from "../../discovery/addresses.ts";
import { BoundedMap } from "../../platform/bounded-map.ts";
import { Problem } from "../../platform/errors.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { UNSHOWN } from "../../platform/shown-text.ts";
import type { DialPolicy } from "../peers/dial-policy.ts";
import type { Admission } from "./admission.ts";
import type { Claimant } from "./claimant.ts";
import type { Listing, Outcome } from "./listing.ts";
import { SEPARATOR } from "./name-conflicts.ts";
import type { Heartbeat, Registration } from "./registration-messages.ts";
import { figuresOf, intervalOf, recordOf, saidIn } from "./registration-record.ts";
import type { Registry } from "./registry.ts";
import { type Entry, offlineAfter, unsignedKey } from "./registry-entry.ts";

export interface UnsignedServersDeps {
  readonly registry: Registry;
  readonly admission: Admission;
  readonly listing: Listing;
  readonly policy: () => DialPolicy;
  readonly nowMs: () => number;
}

/** A dozen times the size of Tank World's record, with every character escaped. */
const RECORD_CHARACTERS_MAX = 8_192;

/**
 * Servers without a key. Each is owned by the address that it sends from. If a node forwards its
 * requests, that address is only the forwarder's claim. So only that node may change the server,
 * while it keeps forwarding its heartbeats.
 */
export class UnsignedServers {
  readonly #with: UnsignedServersDeps;
  /** When a server was last heard by its path, by its key. */
  readonly #heardMs = new BoundedMap<string, number>(LIMITS.serversMax);

  constructor(withDeps: UnsignedServersDeps) {
    this.#with = withDeps;
  }

  /** @throws Problem `conflict`, `invalid` or `too_many`. */
  register(body: Registration, claimant: Claimant, defaultIntervalMs: number): Outcome {
    const { registry, admission, listing } = this.#with;
    const { controlled, via } = claimant;
    refuseUnusableName(body.server_id);
    const key = unsignedKey(body.server_id);
    const known = registry.get(key);
    if (!controlled) admission.refuseTakenName(body.server_id, key, claimant.source, known);
    const intervalMs = intervalOf(body, known, defaultIntervalMs);
    if (known && !this.#mayChange(known, claimant)) {
      registry.beat(key, {});
      const { record, intervalMs: ownMs } = known;
      return { status: "registered", serverId: record.server_id, intervalMs: ownMs };
    }
    if (!known && !controlled) admission.admit(key, claimant);
    const { named } = claimant;
    // A server that the operator names belongs to the first that registers it.
    const source = named === undefined ? claimant.source : ipOf(named);
    const host = named ?? this.#hostOf(body, claimant);
    const address = { host, port: body.port ?? 80 };
    const record = recordOf(body, address, null, false);
    if (JSON.stringify(record).length > RECORD_CHARACTERS_MAX) {
      const message = `A record has at most ${RECORD_CHARACTERS_MAX} characters.`;
      throw new Problem("invalid", message);
    }
    const outcome = listing.list(
      {
        ...saidIn(body),
        // Only a node has tanks to visit.
        tanks: [],
        key,
        record,
        addresses: [address],
        mayClaim: false,
        intervalMs,
        source,
        via,
        relay: undefined,
      },
      claimant,
    );
    this.#heardMs.set(key, this.#with.nowMs());
    return outcome;
  }

  /** A heartbeat; its figures count if the server could be registered anew. */
  beat(entry: Entry, body: Heartbeat, claimant: Claimant): void {
    const mayChange = this.#mayChange(entry, claimant);
    this.#with.registry.beat(entry.key, mayChange ? figuresOf(body) : {});
    if (mayChange) this.#heardMs.set(entry.key, this.#with.nowMs());
  }

  /**
   * The owner, by the path on which the server registered. Another path counts only when nothing
   * has come by that one for the time after which a server is offline.
   */
  #mayChange(known: Entry, { via, controlled }: Claimant): boolean {
    if (controlled || via === undefined || via === known.via) return true;
    const nowMs = this.#with.nowMs();
    const heardMs = this.#heardMs.get(known.key);
    if (heardMs === undefined) this.#heardMs.set(known.key, nowMs);
    return heardMs !== undefined && nowMs - heardMs >= offlineAfter(known.intervalMs);
  }

  /** The address that it states, but only if it agrees with the one it sends from. */
  #hostOf({ host }: Registration, { via, source }: Claimant): string {
    const { own } = this.#with.policy();
    const isHere = via === undefined && own.includes(source);
    // Loopback would lead every other node to itself.
    const isBelieved = host !== undefined && own.includes(host) && !isLoopback(host);
    return isHere && isBelieved ? host : source;
  }
}

/** Other programs may choose any server id, except one that means something else here. */
function refuseUnusableName(serverId: string): void {
  if (serverId.includes(SEPARATOR)) {
    throw new Problem(
      "invalid",
      `A server_id may not contain "${SEPARATOR}": that separates it from a tank.`,
    );
  }
  if (UNSHOWN.test(serverId)) {
    throw new Problem("invalid", "A server_id may not contain control characters or line breaks.");
  }
}

function ipOf(host: string): string | undefined {
  return isIpLiteral(host) ? host : undefined;
}
