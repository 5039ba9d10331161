import { isLoopback, sourceKey } from "../../discovery/addresses.ts";
import type { ClusterDeps } from "../deps.ts";
import type { GivenHubs } from "../handshake/given-hubs.ts";
import type { IdentityProbe } from "../handshake/identity-probe.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import { isDialable } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { FOLLOW_FRESH_MS, type FollowStatement, followerIn } from "./follow-statement.ts";
import type { CaseStatement } from "./hub-messages.ts";
import type { HubSeat } from "./hub-seat.ts";
import { outranks } from "./rank.ts";
import type { RoleKeeper } from "./role.ts";
import { type Claimant, compareHubs, type SeatVerdict } from "./seat.ts";
import type { Witnesses } from "./witnesses.ts";

export interface CaseJudgeDeps {
  readonly deps: ClusterDeps;
  readonly table: PeerTable;
  readonly role: RoleKeeper;
  readonly seat: HubSeat;
  readonly given: GivenHubs;
  readonly probe: IdentityProbe;
  readonly witnesses: Witnesses;
  readonly policy: () => DialPolicy;
}

/** A node known as a member for this long is back after a partition; others may be strangers. */
const KNOWN_FOR_LONG_MS = 10 * 60_000;
/**
 * Number of signers that are dialled to check that they exist; more would hardly change the result.
 */
const SAMPLE_MAX = 3;

/** Compares the cases of this hub and another one. Only verified claims count. */
export class CaseJudge {
  readonly #with: CaseJudgeDeps;

  constructor(withDeps: CaseJudgeDeps) {
    this.#with = withDeps;
  }

  /**
   * Which of the two stays, by the rules of {@link compareHubs} and what can be verified here.
   * @param isDisputed whether the other keeps coming to another verdict: it may not have known this
   *   hub for as long as it is known here, so that the two are compared as strangers
   */
  async judge(
    rival: string,
    theirs: CaseStatement,
    { isIndirect, isDisputed }: { readonly isIndirect: boolean; readonly isDisputed: boolean },
  ): Promise<SeatVerdict> {
    const { deps, table, role, seat, given, witnesses } = this.#with;
    const { self } = role.state;
    if (isIndirect) return this.#judgeIndirect(rival, theirs);
    const peer = table.get(rival);
    const hosts = (peer?.addresses ?? []).map(({ host }) => host);
    const ownHosts = this.#with.policy().own;
    const clockOffsetMs = peer?.key?.clockOffsetMs ?? 0;
    const theirSupport = await this.#support(rival, theirs.follows, hosts, clockOffsetMs);
    const ourSupport = await this.#support(self.nodeId, seat.follows(), ownHosts, 0);
    const against = await witnesses.prove(self.nodeId, theirs.witnesses, hosts);
    const us: Claimant = {
      ...self,
      // This node's followers have dialled it: if they outnumber the witnesses, they are more
      // credible.
      undialable: against > ourSupport,
      mustYield: given.defersTo(rival) || !self.mayClaim,
      isUnreached: theirs.dials_you === false,
      support: ourSupport,
    };
    const them: Claimant = {
      nodeId: rival,
      priority: theirs.priority,
      mayClaim: theirs.may_claim,
      undialable: witnesses.against(rival).length > 0,
      mustYield: theirs.defers || !theirs.may_claim,
      isUnreached: isDialable(peer) === false,
      support: theirSupport,
    };
    const listed = peer?.registration;
    const sinceMs = listed ? Date.parse(listed.record.registered_at) : Number.POSITIVE_INFINITY;
    const knownForLong = !isDisputed && deps.clock.wallMs() - sinceMs > KNOWN_FOR_LONG_MS;
    // With the priority that it had as a member, not one that it claims now.
    const priority = Math.min(them.priority, listed?.priority ?? them.priority);
    return compareHubs(us, knownForLong ? { ...them, priority } : them, knownForLong);
  }

  /**
   * Two hubs that only a worker connects cannot dial each other's followers. Members trust each
   * other, so the rank decides. Among strangers, a hub with followers does not yield.
   */
  async #judgeIndirect(rival: string, theirs: CaseStatement): Promise<SeatVerdict> {
    const { deps, role, seat, policy } = this.#with;
    const { self } = role.state;
    const them = { nodeId: rival, priority: theirs.priority, mayClaim: theirs.may_claim };
    const isOpen = deps.settings.secret === undefined;
    const support = isOpen ? await this.#support(self.nodeId, seat.follows(), policy().own, 0) : 0;
    if (support > 0) return { winner: self.nodeId, rule: "seated" };
    return { winner: outranks(self, them) ? self.nodeId : rival, rule: "rank" };
  }

  /**
   * The number of distinct sources, besides the hub's own host, whose statements verify. A sample
   * of them is dialled.
   */
  async #support(
    hub: string,
    follows: readonly FollowStatement[],
    hubHosts: readonly string[],
    clockOffsetMs: number,
  ): Promise<number> {
    const { deps } = this.#with;
    const sinceMs = deps.clock.wallMs() + clockOffsetMs - FOLLOW_FRESH_MS;
    const own = new Set(hubHosts.map(sourceKey));
    const bySource = new Map<string, FollowStatement>();
    for (const statement of follows) {
      const source = sourceKey(statement.from.host);
      if (own.has(source) || isLoopback(statement.from.host)) continue;
      if (statement.at_ms < sinceMs || bySource.has(source)) continue;
      if (followerIn(statement, hub) !== undefined) bySource.set(source, statement);
    }
    // This node's own followers need not be dialled: they communicate all the time.
    if (hub === deps.identity.nodeId) return bySource.size;
    // A random sample, since the rival has chosen their order.
    const sample = [...bySource.values()]
      .map((statement) => ({ statement, place: deps.random.unit() }))
      .toSorted((a, b) => a.place - b.place)
      .slice(0, SAMPLE_MAX);
    const there = await Promise.all(sample.map(({ statement }) => this.#isThere(statement, hub)));
    const answered = there.filter(Boolean).length;
    return answered === sample.length ? bySource.size : answered;
  }

  async #isThere(statement: FollowStatement, hub: string): Promise<boolean> {
    const { probe, policy } = this.#with;
    const [target] = dialable([statement.from], policy());
    if (!target) return false;
    return probe.isAt(target, followerIn(statement, hub));
  }
}
