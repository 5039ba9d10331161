import { isLoopback, sourceKey } from "../../discovery/addresses.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { sleep } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import type { GivenHubs } from "../handshake/given-hubs.ts";
import type { IdentityProbe } from "../handshake/identity-probe.ts";
import { encodeBase64Url } from "../identity/identity.ts";
import { isProven } from "../identity/proof.ts";
import { type DialPolicy, dialable } from "../peers/dial-policy.ts";
import { isDialable } from "../peers/peer.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { FOLLOW_FRESH_MS, type FollowStatement, followerIn } from "./follow-statement.ts";
import { type CaseStatement, caseReplySchema, type HubCase } from "./hub-messages.ts";
import type { HubSeat } from "./hub-seat.ts";
import { outranks } from "./rank.ts";
import type { RoleKeeper } from "./role.ts";
import { type Claimant, compareHubs, type SeatVerdict } from "./seat.ts";
import type { Witnesses } from "./witnesses.ts";

export interface ContestsDeps {
  readonly deps: ClusterDeps;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly client: PeerClient;
  readonly role: RoleKeeper;
  readonly seat: HubSeat;
  readonly given: GivenHubs;
  readonly probe: IdentityProbe;
  readonly witnesses: Witnesses;
  readonly policy: () => DialPolicy;
}

/** One other hub, as the two settle which of them goes on. */
interface Contest {
  /** What it last said, and what we made of it. */
  theirs: CaseStatement | undefined;
  verdict: SeatVerdict | undefined;
  /** Support decides only after two looks that agree. */
  looks: number;
  disagreements: number;
  failures: number;
}

export const CASE_PATH = "/api/cluster/case";
const ROUND_MS = 1_500;
/** The other has not looked yet: nothing is gained by waiting a whole round. */
const ROUND_SOON_MS = 200;
const TIMEOUT_MS = 3_000;
const CHALLENGE_BYTES = 18;
/** A partition of this age has healed; what has been known for less may be a stranger's. */
const KNOWN_FOR_LONG_MS = 10 * 60_000;
/** Signers that are asked whether they are there; more of them cannot change much. */
const SAMPLE_MAX = 3;
const DISAGREEMENTS_MAX = 3;
/** Attempts to reach a rival before it is left to discovery. */
const FAILURES_MAX = 5;
/** Rivals at one time: an honest network has one or two. */
const CONTESTS_MAX = 16;

/**
 * Where two hubs have met: they show each other their case (who follows them), each judges by what it
 * can verify, and the lower one yields, but only when the other sees it so, too.
 */
export class Contests {
  readonly #with: ContestsDeps;
  readonly #contests = new Map<string, Contest>();

  constructor(withDeps: ContestsDeps) {
    this.#with = withDeps;
    const { events, role, table } = withDeps;
    events.on("met", ({ meeting }) => {
      const { node_id: nodeId, standing } = meeting.document;
      if (!role.isHub || standing.role !== "hub") return;
      if (table.get(nodeId)?.isMember) this.#open(nodeId);
    });
    events.on("role_changed", () => {
      if (!role.isHub) this.#contests.clear();
    });
  }

  /**
   * Another hub shows its case and is shown ours. @throws Problem `not_trusted` for one that does not know
   * the cluster's secret, `unknown_server` before hands were shaken.
   */
  answer(hubCase: HubCase, signer: string): CaseStatement & { readonly leads: boolean } {
    const { table, role } = this.#with;
    const peer = table.get(signer);
    if (!peer?.described) throw new Problem("unknown_server", "Shake hands first.");
    if (!peer.isMember) throw new Problem("not_trusted", "Only members of the cluster lead.");
    const leads = role.isHub;
    if (leads) {
      const contest = this.#open(signer);
      if (contest) {
        contest.theirs = hubCase;
        contest.failures = 0;
      }
    }
    return { ...this.#ourCase(signer), leads };
  }

  #open(nodeId: string): Contest | undefined {
    const known = this.#contests.get(nodeId);
    if (known || this.#contests.size >= CONTESTS_MAX) return known;
    const contest: Contest = {
      theirs: undefined,
      verdict: undefined,
      looks: 0,
      disagreements: 0,
      failures: 0,
    };
    this.#contests.set(nodeId, contest);
    void this.#run(nodeId, contest);
    return contest;
  }

  async #run(rival: string, contest: Contest): Promise<void> {
    const { deps, role } = this.#with;
    while (role.isHub && this.#contests.get(rival) === contest) {
      try {
        await this.#round(rival, contest);
      } catch (error) {
        if (!(error instanceof NetworkError) && !(error instanceof Problem)) {
          deps.log.warn("a contest failed", { rival, reason: messageOf(error) });
        }
        contest.failures++;
      }
      if (contest.failures >= FAILURES_MAX) break;
      const isUnseen = contest.theirs?.winner === null && contest.looks < 2;
      await sleep(deps.timers, isUnseen ? ROUND_SOON_MS : ROUND_MS);
    }
    if (this.#contests.get(rival) === contest) this.#contests.delete(rival);
  }

  async #round(rival: string, contest: Contest): Promise<void> {
    const theirs = (await this.#askRival(rival, contest)) ?? contest.theirs;
    if (!theirs || this.#contests.get(rival) !== contest) return;
    if (theirs === "resigned") {
      this.#contests.delete(rival);
      return;
    }
    contest.theirs = theirs;
    const verdict = await this.#judge(rival, theirs);
    if (this.#contests.get(rival) !== contest || !this.#with.role.isHub) return;
    contest.looks = contest.verdict?.winner === verdict.winner ? contest.looks + 1 : 1;
    contest.verdict = verdict;
    this.#conclude(rival, contest, verdict, theirs);
  }

  /** The lower one yields, when the other says that it stays. */
  #conclude(rival: string, contest: Contest, verdict: SeatVerdict, theirs: CaseStatement): void {
    const { role, deps, table } = this.#with;
    const { self } = role.state;
    if (theirs.winner !== null && theirs.winner !== verdict.winner) contest.disagreements++;
    // Who insists must not win by that alone over a hub that others follow, unless all are members.
    const isFirm = verdict.rule === "seated" && deps.settings.secret === undefined;
    const stuck = !isFirm && contest.disagreements >= DISAGREEMENTS_MAX;
    const them = { nodeId: rival, priority: theirs.priority, mayClaim: theirs.may_claim };
    const winner = stuck ? (outranks(self, them) ? self.nodeId : rival) : verdict.winner;
    if (winner !== rival) return;
    if (verdict.rule === "support" && contest.looks < 2 && !stuck) return;
    const agreed = theirs.winner === rival || (stuck && theirs.winner !== self.nodeId);
    // A hub that we cannot dial is no hub for us.
    if (!(agreed || stuck) || isDialable(table.get(rival)) !== true) return;
    deps.log.info("yields to another hub", { hub: rival, rule: stuck ? "rank" : verdict.rule });
    role.follow(rival, table.get(rival)?.described?.document.standing.term ?? role.state.term);
  }

  /** Undefined where it cannot be asked: it may be able to ask us, and show its case so. */
  async #askRival(
    rival: string,
    contest: Contest,
  ): Promise<CaseStatement | "resigned" | undefined> {
    const { table, witnesses, deps } = this.#with;
    try {
      const reply = await this.#exchange(rival);
      contest.failures = 0;
      return reply;
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      contest.failures++;
      const startedMs = deps.clock.monotonicMs();
      table.update(rival, { dialled: { outcome: "failed", startedMs } });
      if (contest.theirs) await witnesses.gather(rival, contest.theirs.boot_id);
      return undefined;
    }
  }

  async #exchange(rival: string): Promise<CaseStatement | "resigned" | undefined> {
    const { client, deps, table } = this.#with;
    const challenge = encodeBase64Url(deps.random.bytes(CHALLENGE_BYTES));
    const body = { challenge, ...this.#ourCase(rival) };
    const answered = await client.send(rival, "POST", CASE_PATH, body, { timeoutMs: TIMEOUT_MS });
    const reply = caseReplySchema.safeParse(answered.body).data;
    const publicKey = table.get(rival)?.key?.publicKey;
    if (!reply || publicKey === undefined) return undefined;
    if (!isProven(publicKey, rival, challenge, answered.body)) return undefined;
    const startedMs = deps.clock.monotonicMs();
    table.update(rival, { dialled: { outcome: "ok", startedMs } });
    if (reply.leads) return reply;
    // What it said in its hello holds no longer.
    const standing = table.get(rival)?.described?.document.standing;
    if (standing) table.noteStanding(rival, { ...standing, role: "discovering" }, startedMs);
    return "resigned";
  }

  #ourCase(rival: string): CaseStatement {
    const { deps, role, seat, given, witnesses } = this.#with;
    const { self } = role.state;
    return {
      boot_id: deps.bootId,
      priority: self.priority,
      may_claim: self.mayClaim,
      defers: given.defersTo(rival),
      follows: [...seat.follows()],
      dials_you: isDialable(this.#with.table.get(rival)) ?? null,
      witnesses: [...witnesses.against(rival)],
      winner: this.#contests.get(rival)?.verdict?.winner ?? null,
    };
  }

  async #judge(rival: string, theirs: CaseStatement): Promise<SeatVerdict> {
    const { deps, table, role, seat, given, witnesses } = this.#with;
    const { self } = role.state;
    const peer = table.get(rival);
    const hosts = (peer?.addresses ?? []).map(({ host }) => host);
    const ownHosts = this.#with.policy().own;
    const clockOffsetMs = peer?.key?.clockOffsetMs ?? 0;
    const theirSupport = await this.#support(rival, theirs.follows, hosts, clockOffsetMs);
    const ourSupport = await this.#support(self.nodeId, seat.follows(), ownHosts, 0);
    const us: Claimant = {
      ...self,
      undialable: await witnesses.prove(self.nodeId, theirs.witnesses, hosts),
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
    const confirmedMs = peer?.confirmedMs ?? Number.POSITIVE_INFINITY;
    const knownForLong = deps.clock.monotonicMs() - confirmedMs > KNOWN_FOR_LONG_MS;
    return compareHubs(us, them, knownForLong);
  }

  /** Distinct sources, beside the hub's own host, whose words verify; a sample is asked if it is there. */
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
    // Our own followers need no asking: they are heard every two seconds.
    if (hub === deps.identity.nodeId) return bySource.size;
    // Drawn, since the one who shows them has chosen their order.
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
