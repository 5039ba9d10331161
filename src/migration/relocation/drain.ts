import { z } from "zod";
import type { Candidate, Candidates } from "../../cluster/placement/placement.ts";
import { type Clock, rfc3339 } from "../../platform/clock.ts";
import { messageOf, Problem, type ProblemCode } from "../../platform/errors.ts";
import { readShaped } from "../../platform/issue-words.ts";
import { LIMITS } from "../../platform/limits.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import type { Journal } from "../../store/journal.ts";
import type { HostedTank, Tanks } from "../../tanks/tanks.ts";
import type { Log } from "../../telemetry/log.ts";
import type { MovedTank } from "../migration.ts";

/** A tank that a drain has moved. */
export interface DrainedTank {
  readonly tank_id: string;
  readonly name: string;
  readonly server_id: string;
}

/** How far a drain has come. */
export interface DrainView {
  readonly state: "draining" | "drained";
  /** The server that takes all tanks; null where each goes to the least loaded one. */
  readonly to_server_id: string | null;
  readonly started_at: string;
  readonly tanks_left: number;
  /** The name of the tank that is moving now. */
  readonly moving: string | null;
  /** Since this start of the node, the newest last. */
  readonly moved: readonly DrainedTank[];
  /** Why it does not go on now; it tries again. */
  readonly waiting: string | null;
}

export interface DrainPorts {
  readonly tanks: Pick<Tanks, "list">;
  readonly journal: Pick<Journal, "meta" | "commit">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly labelOf: (nodeId: string) => string;
  /** Where a tank with so many fish may go, of these nodes or of all others. */
  readonly candidates: (fish: number, to: string | undefined) => Candidates;
  readonly move: (tank: HostedTank, to: Candidate) => Promise<MovedTank>;
}

/** The order to drain this node, kept across restarts; empty where there is none. */
const DRAIN_KEY = "node.drain";
const orderSchema = z.object({ to: z.string().nullable(), started_at: z.number() });
type DrainOrder = z.infer<typeof orderSchema>;

/** The pause after a look at all tanks in which none could move. */
const PAUSE_MS = 5_000;
/** Refusals that concern the tank, not the server: another server refuses as well. */
const OF_THE_TANK: ReadonlySet<ProblemCode> = new Set(["not_ready", "tank_moving", "unknown_tank"]);

/**
 * Empties this node: its tanks move to others, one after the other, and none comes. It goes on
 * after a restart, until the node hosts none, or the drain is cancelled.
 */
export class Drain {
  readonly #ports: DrainPorts;
  #order: DrainOrder | undefined;
  #moving: string | undefined;
  #waiting: string | undefined;
  #gaveUp: string | undefined;
  /** Why tanks of the present look at them did not move. */
  readonly #refusals = new Set<ProblemCode | "other">();
  #moved: DrainedTank[] = [];
  #ended = new AbortController();

  constructor(ports: DrainPorts) {
    this.#ports = ports;
  }

  get isOn(): boolean {
    return this.#order !== undefined;
  }

  /** Before the node meets others, who must not send it tanks. */
  async recall(): Promise<void> {
    const text = await this.#ports.journal.meta(DRAIN_KEY);
    if (text === undefined || text === "") return;
    this.#order = readShaped(orderSchema, JSON.parse(text));
    // A node that was drained has been upgraded by now, and may take tanks again.
    if (this.#ports.tanks.list().length === 0) await this.cancel();
  }

  resume(): void {
    if (this.#order === undefined) return;
    this.#ports.log.info("drain goes on", { tanks: this.#ports.tanks.list().length });
    this.#run("resumed");
  }

  stop(): void {
    this.#ended.abort();
  }

  /**
   * Begins, or goes on to another server. @throws Problem `no_placement` where a tank has nowhere
   * to go; then nothing is changed
   */
  async start(to: string | undefined): Promise<DrainView> {
    this.#requirePlaces(to);
    const order = { to: to ?? null, started_at: this.#ports.clock.wallMs() };
    await this.#store(JSON.stringify(order));
    this.#order = order;
    this.#waiting = undefined;
    this.#gaveUp = undefined;
    this.#ports.log.info("drain begins", { to: to ?? "the least loaded" });
    const begun = this.#viewOf(order);
    this.#run("new");
    return begun;
  }

  /** Tanks may come again. The one that is moving still goes. False where there is no drain. */
  async cancel(): Promise<boolean> {
    if (this.#order === undefined) return false;
    await this.#store("");
    this.#order = undefined;
    this.#ended.abort();
    this.#moved = [];
    return true;
  }

  view(): DrainView | undefined {
    return this.#order && this.#viewOf(this.#order);
  }

  /** Why the last drain has ended without a tank that moved; undefined where it has not. */
  get gaveUp(): string | undefined {
    return this.#gaveUp;
  }

  /** Why this node takes no tank now; undefined where it does. */
  refusal(): Problem | undefined {
    if (this.#order === undefined) return undefined;
    return new Problem(
      "draining",
      "This node takes no tanks: it is being drained, which tankd drain --cancel would end there.",
    );
  }

  #viewOf({ to, started_at }: DrainOrder): DrainView {
    const tanksLeft = this.#ports.tanks.list().length;
    return {
      state: tanksLeft === 0 && this.#moving === undefined ? "drained" : "draining",
      to_server_id: to === null ? null : this.#ports.labelOf(to),
      started_at: rfc3339(started_at),
      tanks_left: tanksLeft,
      moving: this.#moving ?? null,
      moved: [...this.#moved],
      waiting: this.#waiting ?? null,
    };
  }

  async #store(value: string): Promise<void> {
    await this.#ports.journal.commit([{ put: "meta", key: DRAIN_KEY, value }]);
  }

  /** Each for itself: together they may still be too many, which the moves will tell. */
  #requirePlaces(to: string | undefined): void {
    for (const { stats, row } of this.#ports.tanks.list()) {
      const { fitting, unfit } = this.#ports.candidates(stats.alive, to);
      if (fitting.length > 0) continue;
      throw new Problem("no_placement", `Nothing is moved: ${nowhere(row.name, unfit)}`);
    }
  }

  #run(kind: "new" | "resumed"): void {
    this.#ended.abort();
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    void this.#drive(kind, signal).catch((error: unknown) => {
      this.#ports.log.error("drain failed", { error: messageOf(error) });
    });
  }

  async #drive(kind: "new" | "resumed", signal: AbortSignal): Promise<void> {
    const { tanks, timers, log } = this.#ports;
    for (let isFirst = kind === "new"; !signal.aborted; isFirst = false) {
      const all = tanks.list();
      let hasMoved = false;
      this.#refusals.clear();
      for (const tank of all) {
        if (signal.aborted) return;
        hasMoved = (await this.#moveAway(tank)) || hasMoved;
      }
      if (tanks.list().length === 0) return log.info("drained: this node hosts no tanks");
      if (!hasMoved && isFirst && this.#isHopeless) return this.#giveUp(signal);
      if (!hasMoved) await sleep(timers, PAUSE_MS, signal);
    }
  }

  /** All others are being drained themselves, which the list of servers did not show yet. */
  get #isHopeless(): boolean {
    return [...this.#refusals].every((code) => code === "draining" || code === "no_placement");
  }

  async #giveUp(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const reason = this.#waiting ?? "no tank could be moved";
    await this.cancel();
    this.#gaveUp = reason;
    this.#ports.log.warn("drain given up", { reason });
  }

  /** Tries the servers that fit, the least loaded first. */
  async #moveAway(tank: HostedTank): Promise<boolean> {
    const { candidates, move, log } = this.#ports;
    const { name } = tank.row;
    const { fitting, unfit } = candidates(tank.stats.alive, this.#order?.to ?? undefined);
    if (fitting.length === 0) {
      this.#waiting = nowhere(name, unfit);
      this.#refusals.add("no_placement");
    }
    for (const candidate of fitting) {
      this.#moving = name;
      try {
        this.#note(await move(tank, candidate));
        this.#waiting = undefined;
        return true;
      } catch (error) {
        const reason = messageOf(error);
        this.#waiting = `the tank ${name} did not move to ${candidate.server_id}: ${reason}`;
        log.warn("tank not drained", { tank: name, to: candidate.server_id, reason });
        this.#refusals.add(error instanceof Problem ? error.code : "other");
        if (error instanceof Problem && OF_THE_TANK.has(error.code)) return false;
      } finally {
        this.#moving = undefined;
      }
    }
    return false;
  }

  #note({ tank_id, name, destination_server_id: server_id }: MovedTank): void {
    this.#moved.push({ tank_id, name, server_id });
    if (this.#moved.length > LIMITS.tanksMax) this.#moved.shift();
  }
}

/** Servers that a line for people names. */
const NAMED_MAX = 5;

function nowhere(tank: string, unfit: Candidates["unfit"]): string {
  if (unfit.length === 0) return `the tank ${tank} has nowhere to go: there is no other server`;
  const why = unfit.slice(0, NAMED_MAX).map(({ server_id, why }) => `${server_id} ${why}`);
  return `no server can take the tank ${tank}: ${why.join("; ")}`;
}
