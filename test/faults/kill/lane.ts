import { mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { Prng } from "../../../src/platform/simulated/prng.ts";
import type { Node } from "../node.ts";
import { ALL_RATES } from "../stream.ts";
import { Trial } from "../trial.ts";

/** How the instant of a kill is chosen. */
export const AIMS = ["instant", "answer", "stopping", "snapshot", "start", "recovery"] as const;
export type Aim = (typeof AIMS)[number];

export const summarySchema = z.object({
  /** Kills by aim; those of "start" and "recovery" hit a node that takes no commands yet. */
  kills: z.record(z.enum(AIMS), z.number()),
  /** Requests that were sent and not answered, over all kills. */
  inFlight: z.number(),
  /** Kills that met such a request. */
  underCommands: z.number(),
  cleanStops: z.number(),
  acknowledged: z.number(),
  digests: z.number(),
  ticks: z.number(),
  gaps: z.number(),
  /** Recoveries of a tank from the memory of the life before. */
  fromMemory: z.number(),
});
export type Summary = z.infer<typeof summarySchema>;

export interface LaneOrder {
  readonly seed: number;
  readonly lane: number;
  /** Kills that must meet a command in flight. */
  readonly kills: number;
  /**
   * Of them, those while a snapshot is written because it is due, which takes five seconds to
   * become.
   */
  readonly dueSnapshots: number;
  readonly options: readonly string[];
}

const INSTANT_MS_MAX = 120;
const ANSWERS_MAX = 30;
/** More than a snapshot takes to become due, and to be written. */
const SNAPSHOT_WITHIN_MS = 10_000;
/** A start takes less than this; what is drawn beyond it hits a node that is just healthy. */
const START_MS_MAX = 150;
const RECOVERY_MS_MAX = 25;
const STOP_MS_MAX = 40;

/**
 * One data directory whose node is started and killed again and again, with everything compared.
 */
export class Lane {
  readonly #order: LaneOrder;
  readonly #random: Prng;
  readonly #trial: Trial;
  readonly #summary: Summary = {
    kills: { instant: 0, answer: 0, stopping: 0, snapshot: 0, start: 0, recovery: 0 },
    inFlight: 0,
    underCommands: 0,
    cleanStops: 0,
    acknowledged: 0,
    digests: 0,
    ticks: 0,
    gaps: 0,
    fromMemory: 0,
  };
  #aim: Aim = "instant";
  #lives = 0;
  #sawSnapshot = false;

  constructor(order: LaneOrder) {
    this.#order = order;
    this.#random = new Prng(order.seed, `lane ${order.lane}`);
    this.#trial = new Trial({ options: order.options });
  }

  async run(): Promise<Summary> {
    try {
      while (this.#summary.underCommands < this.#order.kills) await this.#live(this.#draw());
      await this.#trial.endWell();
      if (this.#order.options.includes("all")) await this.#trial.verify();
    } catch (error) {
      const { seed, lane } = this.#order;
      const where = `seed ${seed}, lane ${lane}, life ${this.#lives}, aim "${this.#aim}"`;
      throw new Error(`${where}: ${messageOf(error)}\n${this.#trial.lastWords}`);
    } finally {
      await this.#trial[Symbol.asyncDispose]();
    }
    const { promises, witness } = this.#trial;
    const { digests, ticks, gaps, fromMemory } = witness;
    const { acknowledged } = promises;
    return { ...this.#summary, acknowledged, digests, ticks, gaps, fromMemory };
  }

  #draw(): Aim {
    const { kills, dueSnapshots } = this.#order;
    const done = this.#summary.kills.snapshot;
    const due = Math.round((this.#summary.underCommands * dueSnapshots) / kills);
    const draw = this.#random.integer(1, 100);
    if (done < due) return "snapshot";
    if (draw <= 7) return "start";
    if (draw <= 14) return "recovery";
    if (draw <= 28) return "stopping";
    return draw <= 70 ? "instant" : "answer";
  }

  async #live(aim: Aim): Promise<void> {
    this.#aim = aim;
    this.#lives++;
    const node = this.#trial.start();
    if (aim === "start" || aim === "recovery") await this.#killRising(node, aim);
    else await this.#killServing(node, aim);
    this.#trial.compare();
    if (node.complaints.length > 0) throw new Error(`it said: ${node.complaints.join("\n")}`);
  }

  async #killRising(node: Node, aim: "start" | "recovery"): Promise<void> {
    if (aim === "recovery") await node.hear("node starting");
    await wait(this.#random.unit() * (aim === "start" ? START_MS_MAX : RECOVERY_MS_MAX));
    await node.crash();
    this.#summary.kills[aim]++;
  }

  async #killServing(
    node: Node,
    aim: "instant" | "answer" | "stopping" | "snapshot",
  ): Promise<void> {
    // A snapshot is due of tanks that are there for five seconds.
    const options = { turnover: aim !== "snapshot", rates: ALL_RATES };
    const stream = this.#trial.stream(await this.#trial.serve(node), this.#random, options);
    let killed = false;
    const kill = () => {
      if (killed || !node.isRunning) return;
      killed = true;
      this.#summary.kills[aim]++;
      this.#summary.inFlight += stream.inFlight;
      if (stream.inFlight > 0) this.#summary.underCommands++;
      node.signal("SIGKILL");
    };
    if (aim === "instant") await wait(this.#random.unit() * INSTANT_MS_MAX).then(kill);
    if (aim === "answer") stream.atAnswer(this.#random.integer(1, ANSWERS_MAX), kill);
    if (aim === "snapshot") {
      await this.#atSnapshotFile(node, SNAPSHOT_WITHIN_MS, kill);
      if (!this.#sawSnapshot) throw new Error("no snapshot has become due");
    }
    if (aim === "stopping") {
      await wait(this.#random.unit() * INSTANT_MS_MAX);
      const written = this.#atSnapshotFile(node, this.#random.unit() * STOP_MS_MAX, kill);
      node.signal("SIGTERM");
      await written;
    }
    const { exitCode } = await node.ended;
    await stream.stop();
    if (killed) return;
    if (exitCode !== 0) throw new Error(`the node ended by itself with exit code ${exitCode}`);
    this.#summary.cleanStops++;
  }

  /**
   * Calls back in the moment in which something happens to the file of a snapshot, or at last then.
   */
  async #atSnapshotFile(node: Node, withinMs: number, action: () => void): Promise<void> {
    const folder = join(this.#trial.data, "snapshots");
    mkdirSync(folder, { recursive: true });
    let events = this.#random.integer(1, 6);
    const seen = Promise.withResolvers<void>();
    this.#sawSnapshot = false;
    const watcher = watch(folder, { recursive: true }, (_, name) => {
      if (name?.includes(".snapshot") && --events === 0) {
        this.#sawSnapshot = true;
        action();
        seen.resolve();
      }
    });
    await Promise.race([seen.promise, wait(withinMs).then(action), node.ended]);
    watcher.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
