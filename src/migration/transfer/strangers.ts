import type { Cluster } from "../../cluster/cluster.ts";
import type { PeerReply } from "../../cluster/peer-route.ts";
import type { Clock } from "../../platform/clock.ts";
import { Problem } from "../../platform/errors.ts";
import { KeyedMutex } from "../../platform/mutex.ts";
import { TokenBuckets } from "../../platform/token-bucket.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { busy } from "./decisions.ts";
import { horizonPair, keyOfPair } from "./horizon.ts";
import { type AbortRequest, decisionSchema, type TransferRequest } from "./protocol.ts";

/** What all nodes together may use that are not of the cluster (`Cluster.knows`). */
export interface StrangerBudget {
  /** Requests about transfers that are looked at. */
  readonly perMinute: number;
  /** Percent of a tank's capacity that fish which they have sent may fill. */
  readonly tankPercent: number;
  /** Decisions that are kept, and pairs of tanks of which one is or was. */
  readonly rowsMax: number;
}

export const STRANGER_BUDGET: StrangerBudget = { perMinute: 60, tankPercent: 25, rowsMax: 4_096 };

export interface StrangerPorts {
  readonly cluster: Pick<Cluster, "knows">;
  readonly tanks: Pick<Tanks, "get" | "census">;
  readonly journal: Pick<Journal, "horizons" | "arrivals">;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** A census takes a tank a tenth of a millisecond, and its fish are looked up among all rows. */
const COUNT_AGAIN_MS = 10_000;
/** What a request that waits for fish to die, or for good, is told to wait. */
const LATER_MS = 30_000;

/**
 * The budget of nodes that are not of the cluster, of which anybody can make any number. Whatever
 * exceeds it is answered with 429 before anything is committed, so it decides nothing. Whether rows
 * may be removed is never guessed: a pair that is remembered stays, and where there are too many
 * pairs no new one is dealt with.
 */
export class Strangers {
  readonly #ports: StrangerPorts;
  readonly #budget: StrangerBudget;
  readonly #rate: TokenBuckets;
  readonly #perTank = new KeyedMutex();
  /** Their pairs of tanks with the source's node, by {@link keyOfPair}. */
  readonly #pairs = new Map<string, string>();
  /** Their fish in tanks, as they were counted last, with those that came since. */
  readonly #fish = new Map<string, { count: number; readonly atMs: number }>();
  #loading: Promise<void> | undefined;
  /** Requests that may become a pair. */
  #deciding = 0;
  #decided = 0;

  constructor(ports: StrangerPorts, budget: StrangerBudget) {
    this.#ports = ports;
    this.#budget = budget;
    const { perMinute: burst } = budget;
    this.#rate = new TokenBuckets(ports.clock, { perSecond: burst / 60, burst, keysMax: 1 });
  }

  isStranger(nodeId: string): boolean {
    return !this.#ports.cluster.knows(nodeId);
  }

  /** Before the request is examined; undefined where it may go on. */
  slowDown(nodeId: string): PeerReply | undefined {
    const waitMs = this.isStranger(nodeId) ? this.#rate.take("") : 0;
    if (waitMs === 0) return undefined;
    return this.#turnAway("transfers", "There are too many transfers at once", waitMs);
  }

  /** Decides it if there is room for the decision, and in the tank for a fish. */
  async within(
    nodeId: string,
    request: AbortRequest | TransferRequest,
    decide: () => Promise<PeerReply>,
  ): Promise<PeerReply> {
    if (!this.isStranger(nodeId)) return decide();
    await this.#loaded();
    const key = keyOfPair(horizonPair(request));
    if (!this.#hasRoomFor(key)) {
      return this.#turnAway("rows", "This node has to remember too many transfers");
    }
    this.#deciding += 1;
    try {
      const reply = await this.#inTank(request, decide);
      if (reply.status === 200) this.#pairs.set(key, request.source.node_id);
      return reply;
    } finally {
      this.#deciding -= 1;
    }
  }

  /** Writes for the transaction that decides: now and then the oldest decisions go. */
  writes(nodeId: string): readonly JournalWrite[] {
    if (!this.isStranger(nodeId)) return [];
    const { rowsMax } = this.#budget;
    const share = Math.max(1, Math.floor(rowsMax / 100));
    this.#decided += 1;
    // At the first one nobody knows how many there are.
    if (this.#decided % share !== 1 % share) return [];
    this.#forgetKnown();
    const source_node_ids = [...new Set(this.#pairs.values())];
    return [{ remove: "decisions", source_node_ids, rowsMax: rowsMax - share }];
  }

  #turnAway(budget: "transfers" | "rows" | "fish", what: string, waitMs = LATER_MS): PeerReply {
    this.#ports.metrics.count("tankd_strangers_turned_away_total", { budget });
    return busy(`${what} from nodes that are not of this cluster.`, waitMs);
  }

  async #inTank(
    request: AbortRequest | TransferRequest,
    decide: () => Promise<PeerReply>,
  ): Promise<PeerReply> {
    if (!("record" in request) || request.entity_type === "plant") return decide();
    if (request.entity_type === "copy") {
      // It gets a new id, so nobody could tell later how many are in the tank.
      throw new Problem("not_trusted", "Copies are taken from nodes of this cluster only.");
    }
    return this.#perTank.run(request.destination.tank_id, () => this.#enter(request, decide));
  }

  async #enter(
    { destination: { tank_id } }: TransferRequest,
    decide: () => Promise<PeerReply>,
  ): Promise<PeerReply> {
    const tank = this.#ports.tanks.get(tank_id);
    if (!tank) return decide();
    const most = Math.floor((tank.stats.capacity * this.#budget.tankPercent) / 100);
    const fish = await this.#fishIn(tank_id, most);
    if (fish.count >= most) {
      return this.#turnAway("fish", "That tank has too many fish");
    }
    const reply = await decide();
    if (decisionSchema.safeParse(reply.body).data?.decision === "accepted") fish.count += 1;
    return reply;
  }

  /** Counted anew where the last count says that there is no room. */
  async #fishIn(tankId: string, most: number): Promise<{ count: number }> {
    const { clock, tanks, journal } = this.#ports;
    const atMs = clock.monotonicMs();
    const known = this.#fish.get(tankId);
    if (known && (known.count < most || atMs - known.atMs < COUNT_AGAIN_MS)) return known;
    const { fish_ids } = await tanks.census(tankId);
    const came = (await journal.arrivals(fish_ids)).filter(
      (row) => row.destination_tank_id === tankId && !this.#ports.cluster.knows(row.source_node_id),
    );
    const counted = { count: new Set(came.map((row) => row.entity_id)).size, atMs };
    this.#fish.set(tankId, counted);
    for (const id of [...this.#fish.keys()]) if (!tanks.get(id)) this.#fish.delete(id);
    return counted;
  }

  /** Whether the pair is remembered anyway, or there is room for another one. */
  #hasRoomFor(key: string): boolean {
    if (this.#pairs.has(key)) return true;
    const isFull = () => this.#pairs.size + this.#deciding >= this.#budget.rowsMax;
    if (isFull()) this.#forgetKnown();
    return !isFull();
  }

  async #loaded(): Promise<void> {
    this.#loading ??= this.#loadPairs();
    try {
      await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  async #loadPairs(): Promise<void> {
    for (const row of await this.#ports.journal.horizons()) {
      this.#pairs.set(keyOfPair(row), row.source_node_id);
    }
    this.#forgetKnown();
  }

  /** Nodes that have become known have budgets of their own. */
  #forgetKnown(): void {
    for (const [key, nodeId] of this.#pairs) {
      if (this.#ports.cluster.knows(nodeId)) this.#pairs.delete(key);
    }
  }
}
