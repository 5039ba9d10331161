import { z } from "zod";
import { sourceKey } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { Problem } from "../../platform/errors.ts";
import { withoutZone } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import { KeyedSemaphore } from "../../platform/mutex.ts";
import { sleep } from "../../platform/timers.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { ClusterDeps } from "../deps.ts";
import type { IdentityProbe } from "../handshake/identity-probe.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { addressSchema } from "../wire-names.ts";

export interface DialBackDeps {
  readonly deps: Pick<ClusterDeps, "clock" | "timers">;
  readonly table: PeerTable;
  readonly probe: Pick<IdentityProbe, "whyNotAt">;
  readonly policy: () => DialPolicy;
  readonly isMember: (nodeId: string) => boolean;
}

export const DIAL_BACK_PATH = "/api/cluster/dial-back";

/** Whether the requester's key has answered at one of its addresses. */
const outcomeSchema = z.object({
  ...addressSchema.shape,
  reached: z.boolean(),
  /** Why not, for an address of the requester's machine. */
  reason: z.string().max(200).nullable(),
});
export type DialBackOutcome = z.infer<typeof outcomeSchema>;

/** The addresses are those in the requester's hello. */
export const dialBackSchema = z.object({});
export const dialBackReplySchema = z.object({
  addresses: z.array(outcomeSchema).max(LIMITS.addressesPerServerMax),
});

/** Enough for repeated runs of the doctor, and for a class behind one address. */
const REQUESTS_PER_SECOND = 0.5;
const REQUESTS_BURST = 16;
/** Constant answer time of failures at addresses of other machines than the requester's. */
const ANSWER_MS = 5_000;

/**
 * Dials a node that asks whether it can be reached from outside: only an identity probe, and only
 * at the addresses of its hello. A stranger may put any address there. So for other addresses than
 * the one it sends from, it learns only whether its own key answers, and neither the reason of a
 * failure nor its timing.
 */
export class DialBack {
  readonly #with: DialBackDeps;
  readonly #rates: TokenBuckets;
  readonly #inAll = new KeyedSemaphore(LIMITS.dialsMax);

  constructor(withDeps: DialBackDeps) {
    this.#with = withDeps;
    this.#rates = new TokenBuckets(withDeps.deps.clock, {
      perSecond: REQUESTS_PER_SECOND,
      burst: REQUESTS_BURST,
      keysMax: LIMITS.addressesTrackedMax,
    });
  }

  /**
   * @param remoteAddress from which `signer` asks.
   * @throws Problem `not_trusted` before it has shaken hands, `too_many`
   */
  async answer(signer: string, remoteAddress: string): Promise<readonly DialBackOutcome[]> {
    const { table, isMember } = this.#with;
    const named = table.get(signer)?.described?.document.addresses;
    if (!named || !isMember(signer)) {
      throw new Problem("not_trusted", "A node dials back only members after a handshake.");
    }
    if (this.#rates.take(sourceKey(remoteAddress)) > 0) {
      throw new Problem("too_many", "It was asked to dial back too often; ask again in a minute.");
    }
    return this.#inAll.run("dials", () => this.#dialAll(named, signer, remoteAddress));
  }

  async #dialAll(
    named: readonly Address[],
    signer: string,
    remoteAddress: string,
  ): Promise<readonly DialBackOutcome[]> {
    const { deps, policy, probe } = this.#with;
    const answering = new AbortController();
    const deadline = sleep(deps.timers, ANSWER_MS, answering.signal);
    const allowed = dialable(named, policy(), remoteAddress);
    const outcomes = allowed.map(async ({ host, port }) => {
      const why = await probe.whyNotAt({ host, port }, signer);
      const isSource = withoutZone(host) === withoutZone(remoteAddress);
      if (why !== undefined && !isSource) await deadline;
      const reason = isSource ? (why ?? null) : null;
      return { host, port, reached: why === undefined, reason };
    });
    try {
      return await Promise.all(outcomes);
    } finally {
      answering.abort();
    }
  }
}
