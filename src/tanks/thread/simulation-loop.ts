import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { SharedMemory } from "../../platform/shared-memory.ts";
import { type Cancel, repeat, type Timers } from "../../platform/timers.ts";
import { BadSnapshot } from "../snapshots/captured-world.ts";
import { SharedHeartbeat } from "./heartbeat.ts";
import { REPORT_INTERVAL_MS, type ReportPart, ReportSchedule } from "./report-schedule.ts";
import type { FromSimulation, LoadTank, TankLoad, TankReport, ToSimulation } from "./simulation.ts";
import { SNAPSHOT_LIMITS, type SnapshotLimits } from "./snapshot-rule.ts";
import { ThreadedTank } from "./threaded-tank.ts";
import { Tidying } from "./tidying.ts";
import { WorkMeter } from "./work-meter.ts";

/**
 * A slice of work between two checks for messages; bounds the latency of a command, plus a tick.
 */
const SLICE_MS = 2;
/**
 * Turns of each tank in one slice. Bounds a slice where the clock does not advance while code runs,
 * as in a simulator; after such a slice the loop waits, so that time can advance.
 */
const SLICE_TURNS_MAX = 16;
/** Shorter waits are not worth their wake-ups, at 33 ms a tick. */
const WAIT_MS_MIN = 1;

/** How often a watched tank is drawn. */
const FRAME_INTERVAL_MS = 1000 / 15;

/**
 * Unwatched tanks that need no more of a core than this, all together, defer their ticks to the
 * next report: eight ticks in warm caches take half the time of eight wake-ups. Deferred ticks run
 * before any request is answered, and take at most 10 ms.
 */
const DEFER_CORES_MAX = 0.04;
const DEFERRED_MS_MAX = DEFER_CORES_MAX * REPORT_INTERVAL_MS;

/**
 * Tanks that run as fast as possible ("eager") share the time that paced tanks leave. Where those
 * leave none, eager tanks get this share of the time, so that they do not starve. Tanks that are
 * being recovered get the larger one, since they serve no requests until then.
 */
const EAGER_SHARE = 0.05;
const RETURNING_SHARE = 0.5;

export interface LoopOptions {
  readonly snapshots?: SnapshotLimits;
  readonly heartbeat?: SharedHeartbeat;
  /** Runs a full garbage collection; takes some milliseconds. */
  readonly collectGarbage?: () => void;
  /** Where the states of the tanks lie; without it, in the heap. */
  readonly sharedMemory?: SharedMemory | undefined;
}

/**
 * Runs many tanks in one thread. Ticks run in slices; messages are handled between two slices, and
 * so between two ticks of any tank. An error in one tank stops that tank only.
 */
export class SimulationLoop {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #post: (message: FromSimulation) => void;
  /** The same, but for what is gathered while messages are taken. */
  #say: (message: FromSimulation) => void;
  readonly #limits: SnapshotLimits;
  readonly #memory: SharedMemory | undefined;
  readonly #work = new WorkMeter();
  readonly #heartbeat: SharedHeartbeat;
  readonly #tidying: Tidying | undefined;
  readonly #reports: ReportSchedule;
  readonly #tanks = new Map<string, ThreadedTank>();
  /**
   * The same tanks in the order of their turns, and the last ones that had a turn, of the paced and
   * of the eager tanks.
   */
  #order: readonly ThreadedTank[] = [];
  #lastPaced = 0;
  #lastEager = 0;
  /** Time that is due to eager tanks; negative after a long tick has used it in advance. */
  #eagerCreditMs = 0;
  #cancelFrames: Cancel | undefined;
  #cancelSlice: Cancel | undefined;
  /** When the next slice begins, while one is scheduled. */
  #sliceAtMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(
    ports: { readonly clock: Clock; readonly timers: Timers },
    post: (message: FromSimulation) => void,
    options: LoopOptions = {},
  ) {
    this.#clock = ports.clock;
    this.#timers = ports.timers;
    this.#post = post;
    this.#say = post;
    this.#limits = options.snapshots ?? SNAPSHOT_LIMITS;
    this.#memory = options.sharedMemory;
    this.#heartbeat = options.heartbeat ?? new SharedHeartbeat();
    const { collectGarbage } = options;
    this.#tidying = collectGarbage && new Tidying(ports.timers, collectGarbage);
    this.#reports = new ReportSchedule(ports, (part, plannedMs) =>
      this.#onReportDue(part, plannedMs),
    );
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#reports.stop();
    this.#cancelFrames?.();
    this.#cancelSlice?.();
    this.#tidying?.stop();
    this.#tanks.clear();
    this.#order = [];
  }

  /** Takes the messages of one moment. */
  receive(...messages: readonly ToSimulation[]): void {
    const answers: FromSimulation[] = [];
    this.#say = (answer) => answers.push(answer);
    for (const message of messages) this.#take(message);
    this.#say = this.#post;
    const reported = new Set<string>();
    for (const answer of answers) this.#post(this.#withReport(answer, reported));
  }

  /** What a tank counts takes as long as an answer, so it is told once. */
  #withReport(answer: FromSimulation, reported: Set<string>): FromSimulation {
    if (answer.kind !== "applied" || reported.has(answer.tank)) return answer;
    reported.add(answer.tank);
    return { ...answer, report: this.#tanks.get(answer.tank)?.report() };
  }

  #take(message: ToSimulation): void {
    if (this.#stopped) return;
    this.#heartbeat.beat();
    const tank = this.#tanks.get(message.tank);
    if (message.kind === "load") this.#load(message);
    // A message to an earlier incarnation is obsolete.
    else if (!tank || tank.id.load !== message.load) return;
    else if (message.kind === "unload") this.#drop(tank.id);
    else {
      // Deferred ticks come first, so that the tank is where its schedule says.
      if (this.#defers()) this.#runDeferred(this.#reports.atMs);
      this.#guard(tank, () => tank.obey(message));
    }
    // It is shown as stopped from now on: report the tick at which it stopped.
    if (message.kind === "freeze" && tank) this.#report([tank]);
    this.#drawWhileWatched();
    this.#schedule();
  }

  #load(message: LoadTank): void {
    const { tank: id, load } = message;
    this.#heartbeat.workOn(load);
    this.#tidying?.changed(this.#tanks.size);
    try {
      const post = (said: FromSimulation) => this.#say(said);
      const ports = { clock: this.#clock, post, memory: this.#memory };
      const tank = new ThreadedTank(message, ports, this.#limits, this.#work);
      this.#tanks.set(id, tank);
      this.#order = [...this.#tanks.values()];
      // A new tank gets its first turn at once, ahead of the due ticks of all others: with 500
      // tanks their ticks took most of the time of a creation.
      if (message.tail.length === 0) {
        this.#guard(tank, () => tank.turn(this.#clock.monotonicMs() + SLICE_MS));
      }
    } catch (error) {
      const stage = error instanceof BadSnapshot ? "snapshot" : "replay";
      this.#say({ kind: "load_failed", tank: id, load, stage, message: messageOf(error) });
    }
    this.#heartbeat.rest();
  }

  #drop(id: TankLoad): void {
    this.#tanks.delete(id.tank);
    this.#tidying?.changed(this.#tanks.size);
    this.#order = [...this.#tanks.values()];
  }

  /** An error in a tank stops that tank only. */
  #guard(tank: ThreadedTank, work: () => void): void {
    this.#heartbeat.workOn(tank.id.load);
    try {
      work();
    } catch (error) {
      this.#drop(tank.id);
      const said = { ...tank.id, message: messageOf(error) };
      if (tank.loaded) this.#say({ kind: "tank_failed", ...said });
      else this.#say({ kind: "load_failed", stage: "replay", ...said });
    }
    this.#heartbeat.rest();
  }

  /** Runs the due ticks of paced tanks, then eager tanks as long as there is time. */
  #slice(): void {
    this.#cancelSlice = undefined;
    this.#sliceAtMs = Number.POSITIVE_INFINITY;
    this.#heartbeat.beat();
    const startedMs = this.#clock.monotonicMs();
    const endMs = startedMs + SLICE_MS;
    this.#runPaced(endMs);
    this.#runEager(startedMs, endMs);
    this.#schedule(this.#clock.monotonicMs() === startedMs ? WAIT_MS_MIN : 0);
  }

  /** Whether ticks are deferred to the next report: no tank is watched, and the demand is low. */
  #defers(): boolean {
    let cores = 0;
    for (const tank of this.#order) {
      cores += tank.demand;
      if (tank.watched || cores > DEFER_CORES_MAX) return false;
    }
    return true;
  }

  /** Runs the ticks that were deferred until `plannedMs`, as far as they are due. */
  #runDeferred(plannedMs: number): void {
    this.#runPaced(this.#clock.monotonicMs() + DEFERRED_MS_MAX, plannedMs);
  }

  /** Gives paced tanks turns until a whole round finds nothing due or the time is over. */
  #runPaced(endMs: number, plannedMs?: number): void {
    let idle = 0;
    let turnsLeft = this.#order.length * SLICE_TURNS_MAX;
    let nowMs = this.#clock.monotonicMs();
    while (idle < this.#order.length && turnsLeft > 0 && nowMs < endMs) {
      this.#lastPaced = (this.#lastPaced + 1) % this.#order.length;
      const tank = this.#order[this.#lastPaced];
      if (!tank) break;
      turnsLeft--;
      idle++;
      if (tank.eager || tank.nextDueMs(nowMs) > nowMs) continue;
      if (this.#turn(tank, endMs, plannedMs)) idle = 0;
      nowMs = this.#clock.monotonicMs();
    }
  }

  /** Gives eager tanks the rest of the slice, or, if nothing is left, their share of it. */
  #runEager(startedMs: number, endMs: number): void {
    const eager = this.#order.filter((tank) => tank.eager);
    const nowMs = this.#clock.monotonicMs();
    if (eager.length === 0 || nowMs < endMs) {
      this.#eagerCreditMs = 0;
      this.#runTurns(eager, endMs);
      return;
    }
    const returning = eager.some((tank) => !tank.loaded);
    this.#eagerCreditMs += (nowMs - startedMs) * (returning ? RETURNING_SHARE : EAGER_SHARE);
    if (this.#eagerCreditMs <= 0) return;
    this.#lastEager = (this.#lastEager + 1) % eager.length;
    const tank = eager[this.#lastEager];
    if (tank) this.#turn(tank, nowMs + this.#eagerCreditMs);
    this.#eagerCreditMs -= this.#clock.monotonicMs() - nowMs;
  }

  /** Gives eager tanks turns until none is eager or the time is over. */
  #runTurns(eager: readonly ThreadedTank[], endMs: number): void {
    let turnsLeft = eager.length * SLICE_TURNS_MAX;
    while (turnsLeft > 0 && this.#clock.monotonicMs() < endMs) {
      this.#lastEager = (this.#lastEager + 1) % eager.length;
      const tank = eager[this.#lastEager];
      turnsLeft--;
      // A tank that failed in this slice is gone.
      if (tank?.eager && this.#tanks.get(tank.id.tank) === tank) this.#turn(tank, endMs);
    }
  }

  #turn(tank: ThreadedTank, endMs: number, plannedMs?: number): boolean {
    let busy = false;
    this.#guard(tank, () => {
      busy = tank.turn(endMs, plannedMs);
    });
    return busy;
  }

  /**
   * Schedules the next slice for when the first tank is due, at least `waitMsMin` from now. A
   * scheduled slice can only become earlier: a stream of messages must not postpone it.
   */
  #schedule(waitMsMin = 0): void {
    const restless = this.#order.some((tank) => tank.restless);
    this.#reports.plan(this.#order.length, restless);
    const nowMs = this.#clock.monotonicMs();
    if (this.#sliceAtMs <= nowMs + waitMsMin) return;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const tank of this.#order) {
      dueMs = Math.min(dueMs, tank.nextDueMs(nowMs));
      if (dueMs <= nowMs) break;
    }
    if (dueMs === Number.POSITIVE_INFINITY || (dueMs > nowMs && this.#defers())) return;
    const waitMs = dueMs <= nowMs ? waitMsMin : Math.max(WAIT_MS_MIN, Math.ceil(dueMs - nowMs));
    if (this.#sliceAtMs <= nowMs + waitMs) return;
    this.#cancelSlice?.();
    this.#sliceAtMs = nowMs + waitMs;
    this.#cancelSlice = this.#timers.after(waitMs, () => this.#slice());
  }

  #onReportDue({ remainder, parts }: ReportPart, plannedMs: number): void {
    if (this.#defers()) this.#runDeferred(plannedMs);
    this.#report(this.#order.filter((_, place) => place % parts === remainder));
    this.#schedule();
  }

  #report(tanks: readonly ThreadedTank[]): void {
    this.#heartbeat.beat();
    const reports: (TankLoad & { readonly report: TankReport })[] = [];
    for (const tank of tanks) {
      this.#guard(tank, () => {
        const report = tank.news();
        if (report) reports.push({ ...tank.id, report });
      });
    }
    if (reports.length > 0) this.#say({ kind: "reports", reports, work: this.#work.take() });
  }

  #drawWhileWatched(): void {
    const watched = this.#order.some((tank) => tank.watched);
    if (watched === (this.#cancelFrames !== undefined)) return;
    this.#cancelFrames?.();
    this.#cancelFrames = watched
      ? repeat(this.#timers, FRAME_INTERVAL_MS, () => this.#draw())
      : undefined;
  }

  #draw(): void {
    for (const tank of this.#order) this.#guard(tank, () => tank.draw());
  }
}
