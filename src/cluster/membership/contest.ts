import { messageOf, Problem } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { sleep } from "../../platform/timers.ts";
import { isMember } from "../admission/membership-tag.ts";
import type { ClusterEvents } from "../events.ts";
import type { Dialer } from "../handshake/dialer.ts";
import { isDialable } from "../peers/peer.ts";
import type { StandingWire } from "../wire.ts";
import { CaseExchange, type CaseExchangeDeps } from "./case-exchange.ts";
import { CaseJudge, type CaseJudgeDeps } from "./case-judge.ts";
import type { CaseStatement, HubCase, HubCaseReply } from "./hub-messages.ts";
import { outranks } from "./rank.ts";
import type { SeatVerdict } from "./seat.ts";

export interface ContestsDeps extends CaseJudgeDeps, CaseExchangeDeps {
  readonly events: ClusterEvents;
  readonly dialer: Dialer;
}

/** Another hub, and the state of the contest with it. */
interface Contest {
  /** Its last case, and this node's verdict on it. */
  theirs: CaseStatement | undefined;
  verdict: SeatVerdict | undefined;
  /** Support decides only after two looks with the same verdict. */
  looks: number;
  /** One look at a time: each dials some of the nodes in the other's case. */
  isLooking: boolean;
  disagreements: number;
  /** Whether there were ever too many in a row. */
  isDisputed: boolean;
  failures: number;
  /** When the other last sent its case by itself. */
  heardMs: number;
  /** A worker of the other that reaches both, while neither hub reaches the other. */
  via: string | undefined;
  /** The other asks through that worker; the worker would send this node's question back to it. */
  isBrought: boolean;
}

const ROUND_MS = 1_500;
/** The other has not judged yet: there is no reason to wait a whole round. */
const ROUND_SOON_MS = 200;
/** A lower hub that can yield has done so by then. */
const YIELD_PATIENCE_MS = 4_000;
const DISAGREEMENTS_MAX = 3;
/** Attempts to reach a rival before it is left to discovery. */
const FAILURES_MAX = 5;
/**
 * A rival that this node cannot reach, but that reaches this node, is judged by the case that it
 * sends.
 */
const HEARD_FRESH_MS = 15_000;
/** Concurrent contests: an honest network has one or two. */
const CONTESTS_MAX = 16;
/** Of these, the contests that one worker reports; it may invent hubs. */
const CONTESTS_PER_WAY_MAX = 2;

/**
 * Contests with other hubs. Two hubs that meet exchange their cases (who follows them), and each
 * judges by what it can verify. The lower one yields, but only when the other agrees.
 */
export class Contests {
  readonly #with: ContestsDeps;
  readonly #judge: CaseJudge;
  readonly #exchange: CaseExchange;
  readonly #contests = new Map<string, Contest>();

  constructor(withDeps: ContestsDeps) {
    this.#with = withDeps;
    this.#judge = new CaseJudge(withDeps);
    this.#exchange = new CaseExchange(withDeps);
    const { events, role, table } = withDeps;
    events.on("met", ({ meeting }) => {
      const { node_id: nodeId, standing } = meeting.document;
      if (!role.isHub || standing.role !== "hub" || !table.get(nodeId)?.isMember) return;
      if (role.isFresh && standing.fresh) void this.#settleByRank(nodeId, standing);
      else this.#open(nodeId);
    });
    events.on("role_changed", () => {
      if (role.isHub) return;
      this.#contests.clear();
      withDeps.witnesses.clear();
    });
  }

  /**
   * Takes another hub's case and answers with this node's. @throws Problem `not_trusted` for one
   * that does not know the cluster's secret, `unknown_server` before a handshake, unless a worker
   * of this hub has passed it on.
   */
  answer(hubCase: HubCase, signer: string, via?: string): Omit<HubCaseReply, "proof"> {
    const { table, role, deps } = this.#with;
    const { identity, settings } = deps;
    if (!isMember(settings.secret, signer, hubCase.member)) {
      throw new Problem("not_trusted", "Only members of the cluster may lead.");
    }
    if (via === undefined && !table.get(signer)?.described) {
      throw new Problem("unknown_server", "Complete a handshake first.");
    }
    const leads = role.isHub && signer !== identity.nodeId;
    if (leads && table.ensure(signer)) {
      const contest = this.#open(signer, { theirs: hubCase, ...(via && { via, isBrought: true }) });
      if (contest) {
        contest.heardMs = this.#with.deps.clock.monotonicMs();
        // Not left to this node's own round, which may be waiting for an address that does not
        // answer.
        if (!contest.isLooking) void this.#look(signer, contest, hubCase);
      }
    }
    return {
      ...this.#exchange.ownCase(signer, this.#winnerOf(signer)),
      leads,
      public_key: identity.publicKey,
    };
  }

  /** Both have just claimed: the lower one yields at once, if it can dial the other. */
  async #settleByRank(rival: string, { priority, may_claim, term }: StandingWire): Promise<void> {
    const { role, table, dialer, deps } = this.#with;
    const them = { nodeId: rival, priority, mayClaim: may_claim };
    const { weDefer = false, defersToUs = false } = table.get(rival)?.described ?? {};
    const staysByRank = outranks(role.state.self, them);
    if (weDefer === defersToUs ? staysByRank : defersToUs) {
      await sleep(deps.timers, YIELD_PATIENCE_MS);
      const now = table.get(rival)?.described?.document.standing.role;
      // It cannot dial this node, or does not yield: the cases decide.
      if (role.isHub && now === "hub") this.#open(rival);
      return;
    }
    const isThere = isDialable(table.get(rival)) ?? (await dialer.confirm(rival));
    if (!role.isHub) return;
    if (!isThere) {
      this.#open(rival);
      return;
    }
    deps.log.info("yields to another hub", { hub: rival, rule: "rank" });
    role.follow(rival, term);
  }

  /**
   * Two networks that only a worker connects: its hub cannot be dialled, and is asked through the
   * worker.
   */
  meetThrough(via: string, hub: string): void {
    const { role, table } = this.#with;
    if (!role.isHub || !table.ensure(hub)) return;
    this.#open(hub, isDialable(table.get(hub)) ? {} : { via });
  }

  #open(
    nodeId: string,
    options: {
      readonly theirs?: CaseStatement;
      readonly via?: string;
      readonly isBrought?: boolean;
    } = {},
  ): Contest | undefined {
    const known = this.#contests.get(nodeId);
    const { theirs, via, isBrought = false } = options;
    if (known && via === undefined) {
      // The two have met directly.
      known.via = undefined;
      known.isBrought = false;
    }
    // The previous way does not work (any more).
    if (known && via !== undefined && known.failures > 0) known.via = via;
    if (known || this.#contests.size >= CONTESTS_MAX) return known;
    const fellows = [...this.#contests.values()].filter(
      (one) => via !== undefined && one.via === via,
    );
    if (fellows.length >= CONTESTS_PER_WAY_MAX) return undefined;
    const contest: Contest = {
      theirs,
      verdict: undefined,
      looks: 0,
      isLooking: false,
      disagreements: 0,
      isDisputed: false,
      failures: 0,
      heardMs: Number.NEGATIVE_INFINITY,
      via,
      isBrought,
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
      const unheardMs = deps.clock.monotonicMs() - contest.heardMs;
      if (contest.failures >= FAILURES_MAX && unheardMs > HEARD_FRESH_MS) break;
      const isUnseen = contest.theirs?.winner === null && contest.looks < 2;
      await sleep(deps.timers, isUnseen ? ROUND_SOON_MS : ROUND_MS);
    }
    if (this.#contests.get(rival) !== contest) return;
    this.#contests.delete(rival);
    this.#with.witnesses.forget(rival);
  }

  async #round(rival: string, contest: Contest): Promise<void> {
    const theirs = (await this.#askRival(rival, contest)) ?? contest.theirs;
    if (!theirs || this.#contests.get(rival) !== contest) return;
    if (theirs === "resigned" || this.#isPast(rival, theirs)) {
      this.#contests.delete(rival);
      return;
    }
    await this.#look(rival, contest, theirs);
  }

  /**
   * Whether the case is from an earlier start: another start of the rival communicates with this
   * node now.
   */
  #isPast(rival: string, theirs: CaseStatement): boolean {
    const speaks = this.#with.table.get(rival)?.boot?.contact.bootId;
    return speaks !== undefined && speaks !== theirs.boot_id;
  }

  /** Judges the other's case, and yields if that is the verdict. */
  async #look(rival: string, contest: Contest, theirs: CaseStatement): Promise<void> {
    contest.theirs = theirs;
    contest.isLooking = true;
    const verdict = await this.#judge
      .judge(rival, theirs, {
        isIndirect: contest.via !== undefined,
        // Members of a secret settle a dispute by rank.
        isDisputed: contest.isDisputed && this.#with.deps.settings.secret === undefined,
      })
      .finally(() => {
        contest.isLooking = false;
      });
    if (this.#contests.get(rival) !== contest || !this.#with.role.isHub) return;
    // One or two round trips have passed: the rival may have restarted, and follow this node.
    if (this.#isPast(rival, theirs)) {
      this.#contests.delete(rival);
      return;
    }
    contest.looks = contest.verdict?.winner === verdict.winner ? contest.looks + 1 : 1;
    contest.verdict = verdict;
    this.#conclude(rival, contest, verdict, theirs);
  }

  /** The lower one yields when the other says that it stays. */
  #conclude(rival: string, contest: Contest, verdict: SeatVerdict, theirs: CaseStatement): void {
    const { role, deps, table } = this.#with;
    const { self } = role.state;
    if (theirs.winner === verdict.winner) contest.disagreements = 0;
    else if (theirs.winner !== null) contest.disagreements++;
    contest.isDisputed ||= contest.disagreements >= DISAGREEMENTS_MAX;
    // A hub must not win over one with followers just by insisting, unless all are members.
    const isVouchedFor =
      ["seated", "support"].includes(verdict.rule) && verdict.winner === self.nodeId;
    const isFirm = isVouchedFor && deps.settings.secret === undefined;
    const stuck = !isFirm && contest.disagreements >= DISAGREEMENTS_MAX;
    const them = { nodeId: rival, priority: theirs.priority, mayClaim: theirs.may_claim };
    const winner = stuck ? (outranks(self, them) ? self.nodeId : rival) : verdict.winner;
    if (winner !== rival) return;
    if (verdict.rule === "support" && contest.looks < 2 && !stuck) return;
    const agreed = theirs.winner === rival || (stuck && theirs.winner !== self.nodeId);
    // A hub that this node cannot reach cannot be its hub.
    const isReached = contest.via !== undefined || isDialable(table.get(rival)) === true;
    if (!(agreed || stuck) || !isReached) return;
    deps.log.info("yields to another hub", { hub: rival, rule: stuck ? "rank" : verdict.rule });
    const { term } = table.get(rival)?.described?.document.standing ?? role.state;
    role.follow(rival, term, contest.via);
  }

  /**
   * Undefined if it cannot be asked: it may be able to ask this node, and send its case that way.
   */
  async #askRival(
    rival: string,
    contest: Contest,
  ): Promise<CaseStatement | "resigned" | undefined> {
    const { table, witnesses, deps } = this.#with;
    if (contest.isBrought) return undefined;
    try {
      const reply = await this.#exchange.ask(rival, { ...contest, winner: this.#winnerOf(rival) });
      contest.failures = 0;
      return reply;
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      contest.failures++;
      const startedMs = deps.clock.monotonicMs();
      if (!contest.via) table.update(rival, { dialled: { outcome: "failed", startedMs } });
      if (contest.theirs) await witnesses.gather(rival, contest.theirs.boot_id);
      return undefined;
    }
  }

  #winnerOf(rival: string): string | null {
    return this.#contests.get(rival)?.verdict?.winner ?? null;
  }
}
